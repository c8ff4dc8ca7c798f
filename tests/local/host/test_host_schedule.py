"""NCRONTAB schedules come true when the Functions host says so."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.host.schedule import ScheduleError, next_occurrence, parse

AFTER = datetime(2026, 11, 23, 10, 20, 30, 500_000, tzinfo=UTC)  # a Monday

CASES = [
    ("* * * * * *", "2026-11-23T10:20:31"),
    ("0 * * * * *", "2026-11-23T10:21:00"),
    ("0 */1 * * * *", "2026-11-23T10:21:00"),
    ("*/20 * * * * *", "2026-11-23T10:20:40"),
    ("30 20 10 * * *", "2026-11-24T10:20:30"),
    ("31 20 10 * * *", "2026-11-23T10:20:31"),
    ("0 0 9-17/4 * * *", "2026-11-23T13:00:00"),
    ("0 5/15 * * * *", "2026-11-23T10:35:00"),
    ("0 10,50 * * * *", "2026-11-23T10:50:00"),
    ("0 0 0 * * Sun", "2026-11-29T00:00:00"),
    ("0 0 0 1 jan *", "2027-01-01T00:00:00"),
    ("0 0 0 29 2 *", "2028-02-29T00:00:00"),
    ("0 0 0 * * 1-5", "2026-11-24T00:00:00"),
    ("0 0 0 13 * fri", "2027-08-13T00:00:00"),
    ("*/5 * * * *", "2026-11-23T10:25:00"),
]


@pytest.mark.parametrize(("expression", "expected"), CASES)
def test_an_expression_comes_true_next_at_a_known_time(expression: str, expected: str) -> None:
    assert next_occurrence(expression, AFTER) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        *("", "* * *", "60 * * * * *", "* * 24 * * *", "* * * 0 * *", "* * * * 13 *", "* * * * * 7", "*/0 * * * * *"),
        *("5-1 * * * * *", "a * * * * *", "1-2-3 * * * * *", "-1 * * * * *", "1, * * * * *", "0 0 0 31 feb *"),
    ],
)
def test_an_expression_that_is_wrong_or_never_comes_true_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleError):
        next_occurrence(expression, AFTER)


def fields(lowest: int, highest: int) -> st.SearchStrategy[str]:
    number = st.integers(lowest, highest)
    spans = st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}")
    stepped = st.tuples(st.one_of(st.just("*"), spans), st.integers(1, 7)).map(lambda both: f"{both[0]}/{both[1]}")
    return st.lists(st.one_of(st.just("*"), number.map(str), spans, stepped), min_size=1, max_size=3).map(",".join)


expressions = st.tuples(fields(0, 59), fields(0, 59), fields(0, 23), fields(1, 28), fields(1, 12), fields(0, 6)).map(
    " ".join
)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(deadline=None, max_examples=50)
@given(expressions, moments)
def test_the_next_occurrence_is_later_and_fits_every_field(expression: str, after: datetime) -> None:
    found = next_occurrence(expression, after)
    schedule = parse(expression)
    assert found > after
    assert (found.second in schedule.seconds, found.minute in schedule.minutes, found.hour in schedule.hours) == (
        True,
    ) * 3
    assert (found.day in schedule.days, found.month in schedule.months) == (True, True)
    assert found.isoweekday() % 7 in schedule.weekdays


@settings(deadline=None, max_examples=50)
@given(st.tuples(fields(0, 59), fields(0, 59), fields(0, 23)).map(" ".join), moments)
def test_no_occurrence_is_skipped(times: str, after: datetime) -> None:
    found = next_occurrence(f"{times} * * *", after)
    schedule = parse(f"{times} * * *")
    moment = after.replace(microsecond=0)
    fitting = (moment + timedelta(seconds=n) for n in range(1, 2 * 86_400))
    first = next(
        m for m in fitting if m.second in schedule.seconds and m.minute in schedule.minutes and m.hour in schedule.hours
    )
    assert found == first


def test_a_time_of_another_zone_is_read_as_the_instant_it_is() -> None:
    tokyo = timezone(timedelta(hours=9))
    after = datetime(2026, 11, 24, 8, 30, tzinfo=tokyo)
    assert next_occurrence("0 0 0 * * *", after) == datetime(2026, 11, 24, tzinfo=UTC)
