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
    """Count once against the limit from `at` on; `reason` is the word of the staff who granted it beyond the limit.

    `taken` counts for what the request took it last (`part.takings`): whoever gives a grant up says up to which count.
    """

    at: Instant
    state: Literal["held", "kept"]
    reason: str | None = None
    taken: int = 0


class Quota(Stored, frozen=True, kw_only=True, rename="camel"):
    """Hold the grants of a household under one policy, by reference."""

    grants: dict[str, Grant] = {}


def quota_id(household_key: str, policy: str, secret: bytes) -> str:
    """Return the id of a quota, from which nobody without the secret can find out the household."""
    text = "\0".join(("quota", policy, household_key))
    return hmac.digest(secret, text.encode(), hashlib.sha256).hex()


def grant(
    quota: Quota | None,
    id_: str,
    reference: str,
    policy: Policy,
    now: Instant,
    override_reason: str | None = None,
    elsewhere: Collection[str] = (),
    taken: int = 0,
) -> Quota | None:
    """Hold one grant for a request, or return None where the limit is used up and no reason is given to go beyond it.

    Where a quota is full no reason helps. A repeat gives the quota unchanged; one that is taken for more than before
    says so: that is a write, which whoever gives it up meanwhile meets. Grants that count no longer are dropped.
    `elsewhere` are the references whose grants count under other keys of the same household.
    """
    known = quota or Quota(id=id_)
    if reference in known.grants:
        has = known.grants[reference]
        return known if has.taken >= taken else _with(known, reference, msgspec.structs.replace(has, taken=taken))
    counting = used(known, policy, now)
    is_used_up = len({*counting, *elsewhere}) >= policy.limit and not override_reason
    if is_used_up or len(counting) >= MOST_GRANTS:
        return None
    kept = {key: known.grants[key] for key in counting}
    new = Grant(at=now, state="held", reason=override_reason, taken=taken)
    return msgspec.structs.replace(known, grants={**kept, reference: new})


def keep(quota: Quota, reference: str, now: Instant) -> Quota:
    """Keep a grant that was held; it counts from now on. One that is kept already, or is not there, changes nothing."""
    held = quota.grants.get(reference)
    if held is None or held.state == "kept":
        return quota
    return _with(quota, reference, msgspec.structs.replace(held, at=now, state="kept"))


def served(quota: Quota, reference: str, at: Instant) -> Quota:
    """Let a request whose supplies were handed over count from then on, whether it has a grant or lost it before."""
    has = quota.grants.get(reference) or Grant(at=at, state="held")
    return keep(_with(quota, reference, has), reference, at) if has.state == "held" else quota


def give_up(quota: Quota, reference: str, taken: int) -> Quota:
    """Take back a grant that is held; one that is kept, is not there, or was taken again for more changes nothing."""
    has = quota.grants.get(reference)
    return without(quota, reference) if has and has.state == "held" and has.taken <= taken else quota


def without(quota: Quota, reference: str) -> Quota:
    """Return a quota without the grant of a request."""
    rest = {key: each for key, each in quota.grants.items() if key != reference}
    return msgspec.structs.replace(quota, grants=rest)


def adopt(quota: Quota, reference: str, granted: Grant) -> Quota:
    """Copy a grant as it stands under another key; of two of one request a kept one stays, else the later one."""
    known = quota.grants.get(reference)
    if known and (known.state == "kept", known.at) >= (granted.state == "kept", granted.at):
        return quota
    return _with(quota, reference, granted)


def is_exceeded(quota: Quota, reference: str, policy: Policy, now: Instant, elsewhere: Collection[str]) -> bool:
    """Tell whether a grant without a reason goes beyond the limit, since others count under other keys as well."""
    beyond = len({*used(quota, policy, now), *elsewhere}) > policy.limit
    return beyond and quota.grants[reference].reason is None


def used(quota: Quota, policy: Policy, now: Instant) -> tuple[str, ...]:
    """Return the references whose grants count now, the oldest first."""
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


def _with(quota: Quota, reference: str, grant: Grant) -> Quota:
    return msgspec.structs.replace(quota, grants={**quota.grants, reference: grant})


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
