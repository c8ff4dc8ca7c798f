from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import times
from services.pickup.entitlement import quotas
from services.pickup.entitlement.quotas import Grant, Quota
from services.pickup.entitlement.supplies import Period, Policy
from services.times import Instant
from stores.documents import plain

NOON = "2026-03-11T03:00:00.000000Z"
"""A Wednesday, 12:00 in Japan."""
SECRET = b"only for tests"
DAY = 24 * 3600.0


def policy(limit: int = 1, **period: Any) -> Policy:
    return Policy(id="daily", title={"ja": "1日1回"}, limit=limit, period=Period(**period) if period else None)


ROLLING_DAY = policy(rolling=timedelta(days=1))
ONCE = policy()
POLICIES = [
    ONCE,
    ROLLING_DAY,
    policy(3),
    policy(2, rolling=timedelta(hours=36)),
    *(policy(limit, calendar=calendar) for limit in (1, 2) for calendar in ("day", "week", "month")),
]


def granted(quota: Quota | None, reference: str, rule: Policy, now: Instant, reason: str | None = None) -> Quota:
    changed = quotas.grant(quota, "q1", reference, rule, now, reason)
    assert changed is not None
    return changed


def refused(quota: Quota, reference: str, rule: Policy, now: Instant) -> bool:
    return quotas.grant(quota, quota.id, reference, rule, now) is None


def test_the_first_grant_makes_the_document():
    quota = granted(None, "A.1", ONCE, NOON)

    assert quota == Quota(id="q1", grants={"A.1": Grant(at=NOON, state="held")})


def test_no_more_is_granted_than_the_limit():
    twice = policy(2)
    quota = granted(granted(None, "A.1", twice, NOON), "B.1", twice, NOON)

    assert list(quota.grants) == ["A.1", "B.1"]
    assert refused(quota, "C.1", twice, NOON)


def test_the_same_request_again_gives_the_quota_unchanged():
    quota = granted(None, "A.1", ONCE, NOON)

    assert quotas.grant(quota, quota.id, "A.1", ONCE, times.later(NOON, 60)) is quota


def test_the_etag_stays_for_the_conditional_write():
    stored = Quota(id="q1", etag="7")

    quota = granted(stored, "A.1", ONCE, NOON)

    assert (quota.etag, quotas.keep(quota, "A.1", NOON).etag, quotas.give_up(quota, "A.1", 0).etag) == ("7", "7", "7")


def test_staff_grant_beyond_the_limit_with_a_reason_and_that_counts_too():
    twice = policy(2)
    quota = granted(None, "A.1", twice, NOON, "火事で全部なくした")

    assert quota.grants["A.1"].reason == "火事で全部なくした"
    full = granted(quota, "B.1", twice, NOON)
    assert refused(full, "C.1", twice, NOON)
    assert set(granted(full, "C.1", twice, NOON, "水にぬれた").grants) == {"A.1", "B.1", "C.1"}


def test_an_override_without_a_word_of_reason_is_none():
    quota = granted(None, "A.1", ONCE, NOON)

    assert quotas.grant(quota, quota.id, "B.1", ONCE, NOON, "") is None


def test_what_is_given_up_can_be_granted_again():
    quota = granted(None, "A.1", ONCE, NOON)

    assert quotas.give_up(quota, "A.1", 0).grants == {}
    assert not refused(quotas.give_up(quota, "A.1", 0), "B.1", ONCE, NOON)


def test_what_is_kept_was_handed_over_and_is_never_given_up():
    kept = quotas.keep(granted(None, "A.1", ONCE, NOON), "A.1", NOON)

    assert quotas.give_up(kept, "A.1", 0) is kept
    assert quotas.without(kept, "A.1").grants == {}


def test_giving_up_or_keeping_what_is_not_there_changes_nothing():
    quota = granted(None, "A.1", ONCE, NOON)

    assert quotas.give_up(quota, "B.1", 0) is quota
    assert quotas.keep(quota, "B.1", NOON) is quota


def test_what_was_taken_again_for_more_is_not_given_up_for_less():
    quota = quotas.grant(granted(None, "A.1", ONCE, NOON), "q1", "A.1", ONCE, NOON, taken=2)

    assert quota
    assert quota.grants["A.1"] == Grant(at=NOON, state="held", taken=2)
    assert quotas.give_up(quota, "A.1", 1) is quota
    assert quotas.give_up(quota, "A.1", 2).grants == {}
    assert quotas.grant(quota, "q1", "A.1", ONCE, NOON, taken=1) is quota


def test_what_was_handed_over_counts_from_then_on_although_its_grant_was_lost():
    lost = Quota(id="q1")

    quota = quotas.served(lost, "A.1", NOON)

    assert quota.grants == {"A.1": Grant(at=NOON, state="kept")}
    assert refused(quota, "B.1", ONCE, NOON)
    assert quotas.served(quota, "A.1", times.later(NOON, 60)) is quota


def test_a_grant_that_is_kept_counts_from_then_on_and_keeping_it_again_changes_nothing():
    quota = granted(None, "A.1", ROLLING_DAY, NOON, "理由")
    later = times.later(NOON, 3600)

    kept = quotas.keep(quota, "A.1", later)

    assert kept.grants == {"A.1": Grant(at=later, state="kept", reason="理由")}
    assert quotas.keep(kept, "A.1", times.later(later, 3600)) is kept


def test_a_rolling_period_ends_exactly_that_long_after_the_grant():
    quota = granted(None, "A.1", ROLLING_DAY, NOON)

    assert refused(quota, "B.1", ROLLING_DAY, "2026-03-12T02:59:59.999999Z")
    assert not refused(quota, "B.1", ROLLING_DAY, "2026-03-12T03:00:00.000000Z")


@pytest.mark.parametrize(
    ("calendar", "at", "ends"),
    [
        ("day", "2026-03-11T03:00:00.000000Z", "2026-03-11T15:00:00.000000Z"),
        ("day", "2026-03-11T14:59:59.999999Z", "2026-03-11T15:00:00.000000Z"),
        ("day", "2026-03-11T15:00:00.000000Z", "2026-03-12T15:00:00.000000Z"),
        ("week", "2026-03-11T03:00:00.000000Z", "2026-03-15T15:00:00.000000Z"),
        ("week", "2026-03-15T14:59:59.999999Z", "2026-03-15T15:00:00.000000Z"),
        ("week", "2026-03-15T15:00:00.000000Z", "2026-03-22T15:00:00.000000Z"),
        ("month", "2026-03-11T03:00:00.000000Z", "2026-03-31T15:00:00.000000Z"),
        ("month", "2026-01-31T14:59:59.999999Z", "2026-01-31T15:00:00.000000Z"),
        ("month", "2026-01-31T15:00:00.000000Z", "2026-02-28T15:00:00.000000Z"),
        ("month", "2026-12-31T14:00:00.000000Z", "2026-12-31T15:00:00.000000Z"),
    ],
)
def test_a_calendar_period_ends_at_midnight_in_japan(calendar: str, at: Instant, ends: Instant):
    rule = policy(calendar=calendar)
    quota = granted(None, "A.1", rule, at)

    assert quotas.free_again_at(quota, rule, at) == ends
    assert refused(quota, "B.1", rule, times.later(ends, -0.000001))
    assert not refused(quota, "B.1", rule, ends)


def test_for_the_whole_emergency_is_for_ever():
    quota = granted(None, "A.1", ONCE, NOON)

    assert refused(quota, "B.1", ONCE, times.later(NOON, 1000 * DAY))
    assert quotas.free_again_at(quota, ONCE, times.later(NOON, 1000 * DAY)) is None


def test_grants_that_count_no_longer_go_with_the_next_grant():
    quota = granted(granted(None, "A.1", ROLLING_DAY, NOON), "B.1", ROLLING_DAY, times.later(NOON, 3600), "理由")

    quota = granted(quota, "C.1", ROLLING_DAY, times.later(NOON, DAY), "理由")

    assert list(quota.grants) == ["B.1", "C.1"]


def test_what_counts_is_told_with_the_oldest_first():
    twice = policy(2, rolling=timedelta(days=1))
    quota = Quota(
        id="q1",
        grants={
            "C.1": Grant(at=times.later(NOON, 60), state="held"),
            "A.1": Grant(at=times.later(NOON, -2 * DAY), state="kept"),
            "B.1": Grant(at=NOON, state="kept"),
        },
    )

    assert quotas.used(quota, twice, times.later(NOON, 120)) == ("B.1", "C.1")
    assert quotas.free_again_at(quota, twice, times.later(NOON, 120)) == times.later(NOON, DAY)


def test_a_household_beyond_its_limit_waits_until_enough_of_its_grants_have_ended():
    quota = granted(None, "A.1", ROLLING_DAY, NOON)
    quota = granted(quota, "B.1", ROLLING_DAY, times.later(NOON, 3600), "理由")

    assert quotas.free_again_at(quota, ROLLING_DAY, times.later(NOON, 7200)) == times.later(NOON, 3600 + DAY)


def test_where_a_grant_is_left_the_next_is_possible_now():
    quota = granted(None, "A.1", policy(2), NOON)

    assert quotas.free_again_at(quota, policy(2), NOON) == NOON


def test_a_grant_by_a_clock_that_is_ahead_counts_already():
    daily = policy(calendar="day")
    quota = granted(None, "A.1", daily, "2026-03-11T15:00:01.000000Z")

    assert refused(quota, "B.1", daily, "2026-03-11T14:59:59.000000Z")


def test_the_id_of_a_quota_is_one_for_each_household_and_policy_and_tells_nothing():
    ids = {quotas.quota_id(household, rule, SECRET) for household in ("家1", "家2") for rule in ("daily", "weekly")}

    assert len(ids) == 4
    assert quotas.quota_id("家1", "daily", SECRET) in ids
    assert quotas.quota_id("家1", "daily", b"another") not in ids
    assert all(len(id_) == 64 and "daily" not in id_ for id_ in ids)


def test_a_stored_quota_reads_as_it_was_written():
    quota = granted(Quota(id="q1", etag="7"), "K7M2-QX9P-D4TB.1", ONCE, NOON, "理由")
    stored = plain(quota) | {"_etag": "7"}

    assert set(stored) == {"id", "grants", "schemaVersion", "_etag"}
    assert msgspec.convert(stored, Quota) == quota


moments = st.integers(0, 100 * 24 * 60).map(lambda minutes: times.later(NOON, minutes * 60.0))
verbs = st.sampled_from(["ask", "ask", "keep", "give up"])
steps = st.lists(st.tuples(moments, verbs, st.sampled_from("ABCDEFGH")), max_size=20).map(sorted)


@given(st.sampled_from(POLICIES), steps)
def test_whatever_a_household_does_what_counts_never_exceeds_the_limit(rule: Policy, steps: Sequence):
    quota = Quota(id="q1")

    for now, verb, reference in steps:
        if verb == "ask":
            quota = quotas.grant(quota, quota.id, reference, rule, now) or quota
        else:
            quota = quotas.keep(quota, reference, now) if verb == "keep" else quotas.give_up(quota, reference, 0)
        assert len(quotas.used(quota, rule, now)) <= rule.limit


@given(st.sampled_from(POLICIES), steps, moments)
def test_a_grant_is_possible_from_when_it_is_told_to_be_and_not_before(rule: Policy, steps: Sequence, now: Instant):
    quota = Quota(id="q1")
    for at, _, reference in steps:
        quota = granted(quota, reference, rule, at, "理由")

    free = quotas.free_again_at(quota, rule, now)

    assert refused(quota, "Z.1", rule, now) == (free != now)
    if free is not None:
        assert free >= now
        assert not refused(quota, "Z.1", rule, free)
        assert free == now or refused(quota, "Z.1", rule, times.later(free, -0.000001))
