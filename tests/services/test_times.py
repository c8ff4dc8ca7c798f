from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import times


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-23T09:00:00+09:00", "2026-11-23T00:00:00.000000Z"),
        ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59.000000Z"),
        ("2027-01-01T08:59:60.5+09:00", "2026-12-31T23:59:59.500000Z"),
        ("1970-01-01T00:00:00Z", times.EARLIEST),
        ("2999-12-31T23:59:59.999999Z", times.LATEST),
    ],
)
def test_a_time_is_read_as_an_instant_of_fixed_width(text: str, instant: str):
    assert times.told(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z",
        "2999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59.999999-14:00",
    ],
)
def test_a_time_that_a_rule_could_leave_by_adding_is_none_of_ours(text: str):
    with pytest.raises(times.BeyondTime):
        times.told(text)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-11-23", "2026-11-23T00:00:00", f"2026-11-23T00:00:00.{'0' * 60_000}Z"]
)
def test_what_is_no_time_is_said_so(text: str):
    with pytest.raises(ValueError, match=r"isoformat|offset|longer") as refusal:
        times.told(text)

    assert not isinstance(refusal.value, times.BeyondTime)


@given(
    st.text(alphabet="0123456789-+:.TZ ", max_size=40) | st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
)
def test_any_text_is_read_or_refused_and_what_was_read_can_be_added_to(text: str):
    try:
        told = times.told(text)
    except ValueError:
        return
    assert times.EARLIEST <= told <= times.LATEST
    year = 366 * 86_400.0
    assert times.later(told, -year) < told < times.later(told, year)


def test_every_year_is_written_with_four_digits():
    assert times.instant(datetime(5, 1, 1, tzinfo=UTC)) == "0005-01-01T00:00:00.000000Z"
