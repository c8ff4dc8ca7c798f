import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.limits import Limiter, Rate, admit
from tests.fakes import FakeClock

THREE_A_MINUTE = Rate(per_minute=3, at_once=3)


def calls(rate: Rate, *times: float) -> list[float]:
    """Return the wait that each call is told, 0 where it is admitted."""
    paid_until, waits = 0.0, []
    for now in times:
        wait, paid_until = admit(rate, paid_until, now)
        waits.append(wait)
    return waits


def test_so_many_are_admitted_at_once_and_the_next_is_told_how_long_to_wait():
    assert calls(THREE_A_MINUTE, 100, 100, 100, 100, 105) == [0, 0, 0, 20, 15]


def test_who_waits_as_told_is_admitted():
    assert calls(THREE_A_MINUTE, 100, 100, 100, 100, 120, 120) == [0, 0, 0, 20, 0, 20]


def test_a_refused_call_does_not_count():
    assert calls(THREE_A_MINUTE, 100, 100, 100, *[101] * 50, 120)[-1] == 0


def test_who_was_away_for_long_has_no_more_than_the_whole_again():
    assert calls(THREE_A_MINUTE, 100, 9_999, 9_999, 9_999, 9_999) == [0, 0, 0, 0, 20]


def test_a_clock_that_goes_back_admits_nothing_more():
    assert calls(THREE_A_MINUTE, 100, 100, 100, 90) == [0, 0, 0, 30]


@given(st.lists(st.floats(0, 30), max_size=200), st.integers(1, 600), st.integers(1, 50))
def test_in_any_span_no_more_are_admitted_than_at_once_and_at_the_rate(pauses: list[float], rate: int, at_once: int):
    now, admitted, paid_until = 0.0, [], 0.0
    for pause in pauses:
        now += pause
        wait, paid_until = admit(Rate(rate, at_once), paid_until, now)
        if not wait:
            admitted.append(now)

    for first, start in enumerate(admitted):
        for number, end in enumerate(admitted[first:], 1):
            assert number <= at_once + (end - start) * rate / 60 + 0.001


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def test_names_are_counted_apart(clock: FakeClock):
    limiter = Limiter(Rate(1, 1), b"secret")

    assert [limiter.count(name, clock()) > 0 for name in ("a", "b", "a")] == [False, False, True]


def test_what_is_given_back_does_not_count(clock: FakeClock):
    limiter = Limiter(Rate(1, 1), b"secret")

    for _ in range(10):
        assert limiter.count("a", clock()) == 0
        limiter.give_back("a")


def test_a_name_is_not_kept_as_it_is(clock: FakeClock):
    limiter = Limiter(Rate(1, 1), b"secret")

    limiter.count("203.0.113.5", clock())

    assert "203.0.113.5" not in repr(vars(limiter))


def test_who_does_not_count_any_more_is_forgotten_as_others_call(clock: FakeClock):
    limiter = Limiter(Rate(60, 60), b"secret")
    for number in range(100):
        limiter.count(f"early {number}", clock())
    clock.pass_(2)

    for _ in range(100):
        limiter.count("late", clock())

    assert len(limiter) == 1


def test_memory_is_bounded_and_whoever_called_the_longest_ago_goes_first(clock: FakeClock):
    limiter = Limiter(Rate(1, 1), b"secret", most=10)
    for number in range(25):
        limiter.count(str(number), clock())

    assert len(limiter) == 10
    assert limiter.count("24", clock()) > 0
    assert limiter.count("0", clock()) == 0
