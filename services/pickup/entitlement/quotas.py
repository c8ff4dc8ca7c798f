"""The quota of a household under one policy: a document that says which requests were granted, and since when."""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import Literal

import msgspec

from services import times
from services.case.documents import Stored
from services.pickup.entitlement.supplies import Period, Policy
from services.times import Instant

MOST_GRANTS = 500
"""Grants that count for one household under one policy at a time, whatever its limit and whoever gives a reason."""


class Grant(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Count once against the limit from `at` on; `reason` is the word of the staff who granted it beyond the limit."""

    at: Instant
    state: Literal["held", "kept"]
    reason: str | None = None


class Quota(Stored, frozen=True, kw_only=True, rename="camel"):
    """Hold the grants of a household under one policy, by reference and round."""

    grants: dict[str, Grant] = {}


def quota_id(household_key: str, policy: str, secret: bytes) -> str:
    """Return the id of a quota, from which nobody without the secret can find out the household."""
    text = "\0".join(("quota", policy, household_key))
    return hmac.digest(secret, text.encode(), hashlib.sha256).hex()


def grant(
    quota: Quota | None,
    id_: str,
    reference_round: str,
    policy: Policy,
    now: Instant,
    override_reason: str | None = None,
    elsewhere: Collection[str] = (),
) -> Quota | None:
    """Hold one grant for a request, or return None where the limit is used up and no reason is given to go beyond it.

    Where a quota is full no reason helps. A repeat gives the quota unchanged; grants that count no longer are dropped.
    `elsewhere` are the references whose grants count under other keys of the same household.
    """
    known = quota or Quota(id=id_)
    if reference_round in known.grants:
        return known
    counting = used(known, policy, now)
    is_used_up = len({*counting, *elsewhere}) >= policy.limit and not override_reason
    if is_used_up or len(counting) >= MOST_GRANTS:
        return None
    kept = {key: known.grants[key] for key in counting}
    new = Grant(at=now, state="held", reason=override_reason)
    return msgspec.structs.replace(known, grants={**kept, reference_round: new})


def keep(quota: Quota, reference_round: str, now: Instant) -> Quota:
    """Keep a grant that was held; it counts from now on. One that is kept already, or is not there, changes nothing."""
    held = quota.grants.get(reference_round)
    if held is None or held.state == "kept":
        return quota
    kept = msgspec.structs.replace(held, at=now, state="kept")
    return msgspec.structs.replace(quota, grants={**quota.grants, reference_round: kept})


def give_up(quota: Quota, reference_round: str) -> Quota:
    """Take back a grant, held or kept; one that is not there changes nothing."""
    if reference_round not in quota.grants:
        return quota
    rest = {key: each for key, each in quota.grants.items() if key != reference_round}
    return msgspec.structs.replace(quota, grants=rest)


def adopt(quota: Quota, reference_round: str, granted: Grant) -> Quota:
    """Copy a grant as it stands under another key; of two of one request a kept one stays, else the later one."""
    known = quota.grants.get(reference_round)
    if known and (known.state == "kept", known.at) >= (granted.state == "kept", granted.at):
        return quota
    return msgspec.structs.replace(quota, grants={**quota.grants, reference_round: granted})


def used(quota: Quota, policy: Policy, now: Instant) -> tuple[str, ...]:
    """Return the references and rounds whose grants count now, the oldest first."""
    ends = {key: _counts_until(each.at, policy.period) for key, each in quota.grants.items()}
    counting = [key for key, end in ends.items() if end is None or end > now]
    return tuple(sorted(counting, key=lambda key: (quota.grants[key].at, key)))


def free_again_at(quota: Quota, policy: Policy, now: Instant) -> Instant | None:
    """Return when the next grant is possible: now where one is left, None where never in this emergency."""
    counting = used(quota, policy, now)
    if len(counting) < policy.limit:
        return now
    last_to_end = counting[len(counting) - policy.limit]
    return _counts_until(quota.grants[last_to_end].at, policy.period)


def _counts_until(at: Instant, period: Period | None) -> Instant | None:
    if period is None:
        return None
    if period.rolling is not None:
        return times.instant(times.moment(at) + period.rolling)
    day = times.moment(at).astimezone(times.JAPAN).date()
    if period.calendar == "day":
        following = day + timedelta(days=1)
    elif period.calendar == "week":
        following = day + timedelta(days=7 - day.weekday())
    else:
        following = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return times.instant(datetime.combine(following, time(), times.JAPAN))
