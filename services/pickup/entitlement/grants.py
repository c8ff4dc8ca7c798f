"""Granting supplies to a household once per policy and period: the first of its requests that asks gets them."""

from collections.abc import Callable, Iterable

from services import conflicts
from services.errors import WriteConflict
from services.pickup.booking.state import Booking
from services.pickup.entitlement import quotas
from services.pickup.entitlement.quotas import Grant, Quota
from services.pickup.entitlement.supplies import Policy
from services.pickup.ports import QuotaStore
from services.times import Clock


class Grants:
    """Take, keep and give up the grants of bookings; each call may run twice.

    Grants are taken under the key of the household; those under a key that it had formerly count too.
    """

    def __init__(self, store: QuotaStore, secret: bytes, clock: Clock) -> None:
        self._store = store
        self._secret = secret
        self._clock = clock

    async def grant(self, booking: Booking, reference: str, policies: Iterable[Policy]) -> set[str]:
        """Take a grant under every policy, or none; return the references that used up the limit."""
        taken: list[Policy] = []
        for policy in sorted(policies, key=lambda policy: policy.id):
            refused = await self._grant(booking, reference, policy)
            if refused is not None:
                for other in taken:
                    await self._give_up(booking.household, other.id, reference)
                return refused
            taken.append(policy)
        return set()

    async def keep(self, booking: Booking, reference: str) -> None:
        """Keep the grants of a booking whose supplies were handed over."""
        for policy in booking.policies:
            await self._change(booking.household, policy, lambda q: q and quotas.keep(q, reference, self._clock()))

    async def give_up(self, booking: Booking, reference: str) -> None:
        """Give up the grants of a booking that ended without a place."""
        for policy in booking.policies:
            for key in (booking.household, *booking.formerly):
                await self._give_up(key, policy, reference)

    async def adopt(self, booking: Booking, reference: str, policies: Iterable[str]) -> None:
        """Copy what a request was granted under former keys, as it stands there, into the quotas of its household."""
        for policy in policies:
            for key in booking.formerly:
                former = await self._store.read(quotas.quota_id(key, policy, self._secret))
                granted = former.grants.get(reference) if former else None
                if granted:
                    await self._adopt(booking.household, policy, reference, granted)

    async def leave(self, booking: Booking, reference: str, policies: Iterable[str]) -> None:
        """Take what a request was granted out of the quotas under former keys, once its household has it."""
        for policy in policies:
            for key in booking.formerly:
                await self._give_up(key, policy, reference)

    async def _grant(self, booking: Booking, reference: str, policy: Policy) -> set[str] | None:
        """Take one grant; return None where it is taken, else whose grants used up the limit."""
        id_ = quotas.quota_id(booking.household, policy.id, self._secret)
        elsewhere = await self._counting(booking.formerly, policy) - {reference}
        refused: set[str] | None = None

        def decide(known: Quota | None) -> Quota | None:
            nonlocal refused
            now = self._clock()
            granted = quotas.grant(known, id_, reference, policy, now, booking.override, elsewhere)
            others = {*known.grants, *elsewhere} if known else elsewhere
            refused = others - {reference} if granted is None else None
            return granted

        await self._change(booking.household, policy.id, decide)
        return refused

    async def _counting(self, keys: Iterable[str], policy: Policy) -> set[str]:
        """Return the references whose grants count under these keys."""
        found = [await self._store.read(quotas.quota_id(key, policy.id, self._secret)) for key in keys]
        return {reference for quota in found if quota for reference in quotas.used(quota, policy, self._clock())}

    async def _adopt(self, key: str, policy: str, reference: str, granted: Grant) -> None:
        id_ = quotas.quota_id(key, policy, self._secret)
        await self._change(key, policy, lambda q: quotas.adopt(q or Quota(id=id_), reference, granted))

    async def _give_up(self, key: str, policy: str, reference: str) -> None:
        await self._change(key, policy, lambda q: q and quotas.give_up(q, reference))

    async def _change(self, key: str, policy: str, decide: Callable[[Quota | None], Quota | None]) -> None:
        """Write what `decide` makes of the quota, and decide again where another was first."""
        id_ = quotas.quota_id(key, policy, self._secret)
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
