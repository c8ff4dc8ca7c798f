"""NCRONTAB schedules come true when the Functions host says so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby, islice
from pathlib import Path

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


def told_by_the_host() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield expressions with what NCrontab 3.4.0 says of them: the next five times from a few dates, or its refusal."""
    lines = (Path(__file__).parent / "ncrontab.tsv").read_text(encoding="utf-8").splitlines()[1:]
    rows = [line.split("\t") for line in lines]
    for expression, same in groupby(rows, lambda row: row[0]):
        yield expression, {since: said for _, since, said in same}


def next_five(expression: str, since: str) -> str:
    parse(expression)
    try:
        return " ".join(f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in islice(occurrences(expression, since), 5))
    except ScheduleError:
        return "never"


def occurrences(expression: str, since: str) -> Iterator[datetime]:
    time = datetime.fromisoformat(since)
    while True:
        yield (time := next_occurrence(expression, time))


@pytest.mark.parametrize(("expression", "told"), list(told_by_the_host()))
def test_an_expression_is_read_as_the_library_of_the_functions_host_reads_it(
    expression: str, told: dict[str, str]
) -> None:
    if any(said.startswith("refused") for said in told.values()):
        with pytest.raises(ScheduleError):
            parse(expression)
    else:
        assert {since: next_five(expression, since) for since in told} == told


@pytest.mark.parametrize(
    "expression",
    [
        *("* * *", "1-2-3 * * * * *", "1, * * * * *", "5/ * * * * *", "*/-1 * * * * *", "５ * * * * *"),
        *("0 0 0 * janx *", "0 0 0 31 feb *"),
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
