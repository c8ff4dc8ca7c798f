"""Granting supplies to a household once per policy and period: the first of its requests that asks gets them."""

from collections.abc import Callable, Iterable
from functools import partial

from services import conflicts
from services.errors import WriteConflict
from services.pickup.booking.state import Booking
from services.pickup.entitlement import quotas
from services.pickup.entitlement.quotas import Grant, Quota
from services.pickup.entitlement.supplies import Policy
from services.pickup.ports import QuotaStore
from services.times import Clock, Instant


class Grants:
    """Take, keep and give up the grants of bookings; each call may run twice.

    Grants are taken under the key of the household; those under a key that it had formerly count too. `taken` is how
    often the request has had reason to take grants (`part.takings`): what is given up is no more than was taken up to
    there, so that an old read of the request costs it nothing that it took since.
    """

    def __init__(self, store: QuotaStore, secret: bytes, clock: Clock) -> None:
        self._store = store
        self._secret = secret
        self._clock = clock

    async def grant(self, booking: Booking, reference: str, policies: Iterable[Policy], taken: int) -> set[str]:
        """Take a grant under every policy; return the references that used up the limit of one.

        What was taken until then stays: whoever records on the request that it was refused gives it up after that.
        """
        for policy in sorted(policies, key=lambda policy: policy.id):
            if refused := await self._grant(booking, reference, policy, taken):
                return refused
        return set()

    async def keep(self, booking: Booking, reference: str) -> None:
        """Keep the grants of a booking whose supplies were handed over."""
        for policy in booking.policies:
            id_ = self._id(booking.household, policy)
            await self._change(id_, lambda q: q and quotas.keep(q, reference, self._clock()))

    async def served(self, booking: Booking, reference: str, at: Instant) -> None:
        """Count what was handed over, as a grant that is kept."""
        for policy in booking.policies:
            id_ = self._id(booking.household, policy)
            await self._change(id_, partial(_served, id_, reference, at))

    async def give_up(self, booking: Booking, reference: str, taken: int) -> None:
        """Give up the grants of a booking that ended without a place; what was handed over stays."""
        for policy in booking.policies:
            for key in (booking.household, *booking.formerly):
                await self._change(self._id(key, policy), lambda q: q and quotas.give_up(q, reference, taken))

    async def adopt(self, booking: Booking, reference: str, policies: Iterable[str]) -> None:
        """Copy what a request was granted under former keys, as it stands there, into the quotas of its household."""
        for policy in policies:
            for key in booking.formerly:
                former = await self._store.read(self._id(key, policy))
                granted = former.grants.get(reference) if former else None
                if granted:
                    await self._adopt(self._id(booking.household, policy), reference, granted)

    async def leave(self, booking: Booking, reference: str, policies: Iterable[str]) -> None:
        """Take what a request was granted out of the quotas under former keys, each once its household has it."""
        for policy in policies:
            for key in booking.formerly:
                await self._move(self._id(key, policy), self._id(booking.household, policy), reference)

    async def _grant(self, booking: Booking, reference: str, policy: Policy, taken: int) -> set[str]:
        """Take one grant; return whose grants used up the limit, nobody's where it is taken.

        A refusal writes what it was decided on as it is, so that an old read meets a conflict and is decided again.
        """
        id_ = self._id(booking.household, policy.id)
        for attempt in range(conflicts.ATTEMPTS):
            known = await self._store.read(id_)
            now, elsewhere = self._clock(), await self._counting(booking.formerly, policy) - {reference}
            granted = quotas.grant(known, id_, reference, policy, now, booking.override, elsewhere, taken)
            if granted and granted is known:
                return set()
            try:
                await self._store.save(granted or known or Quota(id=id_))
                surely = await self._counting(booking.formerly, policy, surely=True) - {reference}
            except WriteConflict:
                await conflicts.pause(attempt)
                continue
            if granted and not quotas.is_exceeded(granted, reference, policy, now, surely):
                return set()
            if granted or surely >= elsewhere:
                return {*(known.grants if known else ()), *surely} - {reference}
        raise WriteConflict(conflicts.OVERTAKEN)

    async def _counting(self, keys: Iterable[str], policy: Policy, *, surely: bool = False) -> set[str]:
        """Return the references whose grants count under these keys.

        `surely` writes each quota as it was read, and makes it where it was not there: of two requests of a household
        under two keys, each of which wrote its own grant before, at least one then sees the other's.
        """
        found: set[str] = set()
        for id_ in (self._id(key, policy.id) for key in keys):
            quota = await self._store.read(id_)
            if surely:
                await self._store.save(quota or Quota(id=id_))
            found.update(quotas.used(quota, policy, self._clock()) if quota else ())
        return found

    async def _move(self, former: str, own: str, reference: str) -> None:
        """Copy a grant, then take it out of the very quota that it was read from; without one, write that as it is."""
        for attempt in range(conflicts.ATTEMPTS):
            quota = await self._store.read(former)
            granted = quota.grants.get(reference) if quota else None
            left = quota or Quota(id=former)
            if granted:
                await self._adopt(own, reference, granted)
                left = quotas.without(left, reference)
            try:
                await self._store.save(left)
            except WriteConflict:
                await conflicts.pause(attempt)
            else:
                return
        raise WriteConflict(conflicts.OVERTAKEN)

    async def _adopt(self, id_: str, reference: str, granted: Grant) -> None:
        await self._change(id_, lambda q: quotas.adopt(q or Quota(id=id_), reference, granted))

    async def _change(self, id_: str, decide: Callable[[Quota | None], Quota | None]) -> None:
        """Write what `decide` makes of the quota, and decide again where another was first."""
        for attempt in range(conflicts.ATTEMPTS):
            known = await self._store.read(id_)
            changed = decide(known)
            if changed is None or changed is known or changed == known:
                return
            try:
                await self._store.save(changed)
            except WriteConflict:
                await conflicts.pause(attempt)
            else:
                return
        raise WriteConflict(conflicts.OVERTAKEN)

    def _id(self, key: str, policy: str) -> str:
        return quotas.quota_id(key, policy, self._secret)


def _served(id_: str, reference: str, at: Instant, quota: Quota | None) -> Quota:
    return quotas.served(quota or Quota(id=id_), reference, at)
