from datetime import date

import pytest

from functions.edge.dates import date_text, instant_text, read_date, span_text
from services import times


@pytest.mark.parametrize(
    ("iso", "shown"),
    [
        ("2026-11-23", "令和8年11月23日（月）"),
        ("2019-05-01", "令和元年5月1日（水）"),
        ("2019-04-30", "平成31年4月30日（火）"),
        ("1989-01-07", "昭和64年1月7日（土）"),
        ("1926-12-24", "大正15年12月24日（金）"),
        ("1912-07-29", "明治45年7月29日（月）"),
        ("1868-10-22", "1868年10月22日（木）"),
    ],
)
def test_a_day_is_shown_by_its_era(iso: str, shown: str):
    assert date_text(date.fromisoformat(iso), "ja") == shown


def test_easy_japanese_shows_the_western_year_too():
    assert date_text(date.fromisoformat("2026-11-23"), "ja-easy") == "令和8年（2026年）11月23日（月）"


def test_english_shows_the_western_year_alone():
    assert date_text(date.fromisoformat("2026-11-03"), "en") == "3 November 2026"


def test_an_instant_is_shown_in_the_time_of_japan():
    late = "2026-11-23T15:05:00.000000Z"

    assert instant_text(late, "ja") == "令和8年11月24日（火）0時5分"
    assert instant_text(late, "en") == "24 November 2026, 00:05"


@pytest.mark.parametrize("typed", ["2026-11-03", "2026/11/3", "2026.11.03", "２０２６年１１月３日", " 2026年11月3日 "])
def test_a_day_is_read_as_people_type_it(typed: str):
    assert read_date(typed) == "2026-11-03"


@pytest.mark.parametrize("typed", ["", "きのう", "2026-13-01", "2026-02-30", "11/3"])
def test_what_is_no_day_stays_as_it_was_typed(typed: str):
    assert read_date(typed) == typed


@pytest.mark.parametrize(
    ("starts", "ends", "language", "shown"),
    [
        ("01:00", "02:30", "ja", "令和8年11月24日（火）10時から11時30分まで"),
        ("01:00", "02:30", "ja-easy", "令和8年（2026年）11月24日（火）10時から11時30分まで"),
        ("01:00", "02:30", "en", "24 November 2026, 10:00 to 11:30"),
        ("14:00", "16:00", "ja", "令和8年11月24日（火）23時から令和8年11月25日（水）1時まで"),
        ("14:00", "16:00", "en", "24 November 2026, 23:00 to 25 November 2026, 01:00"),
    ],
)
def test_a_span_names_its_day_once_unless_it_runs_past_midnight(starts: str, ends: str, language: str, shown: str):
    instants = (f"2026-11-24T{time}:00.000000Z" for time in (starts, ends))

    assert span_text(*instants, language) == shown


def test_a_time_that_is_beyond_all_that_may_come_in_is_shown_as_the_last_of_them():
    assert instant_text("9999-12-31T23:59:59+00:00", "ja") == instant_text(times.LATEST, "ja")
