"""What a booking is granted before it gets a place, and gives up once its request says that it has none."""

from services.case.ports import RequestStore
from services.case.request import Request
from services.catalog.service import Catalog
from services.pickup.booking.state import IS_OVER, Booking, place_of
from services.pickup.entitlement.grants import Grants
from services.pickup.entitlement.section import pickup_of, under_every_key
from services.pickup.part import booked, booking_of, takings
from services.pickup.slots.slots import Slots


class Granting:
    """Take and give up the grants of requests; each call may run twice, or in two processes at once."""

    def __init__(self, store: RequestStore, slots: Slots, grants: Grants, catalog: Catalog, secret: bytes) -> None:
        self._store = store
        self._slots = slots
        self._grants = grants
        self._catalog = catalog
        self._secret = secret

    async def is_used_up(self, request: Request, booking: Booking) -> bool:
        """Take the grants of what the household is due; return whether other requests used them up.

        A grant of a request that was withdrawn, is over, or waits without a place is void and given up.
        """
        pickup = pickup_of((await self._catalog.edition(request.service, request.version)).definition)
        policies = [p for p in pickup.supplies.policies if p.id in booking.policies] if pickup else []
        if pickup:
            booking = under_every_key(pickup, request.answers, request.contact.phone, booking, self._secret)
        others = await self._grants.grant(booking, request.reference, policies, takings(request))
        void = {other: taken for other in others if (taken := await self._void_up_to(other)) is not None}
        if void:
            for other, taken in void.items():
                await self._grants.give_up(booking, other, taken)
            others = await self._grants.grant(booking, request.reference, policies, takings(request))
        return bool(others)

    async def give_up(self, request: Request) -> None:
        """Give up what a request was granted until now; it says itself that it has no place any more."""
        await self._grants.give_up(booked(request), request.reference, takings(request))

    async def _void_up_to(self, reference: str) -> int | None:
        """Return up to which count of its takings the grants of a request are void; None where they are not.

        A request that is void at a count never gets a place by what it took up to there: an old read harms nobody.
        Where it still has places to give back, their slots say whether something was handed over instead.
        """
        request = await self._store.read(reference)
        booking = booking_of(request) if request else None
        if request is None or booking is None or booking.state == "collected":
            return None
        if request.status != "withdrawn" and booking.state not in (*IS_OVER, "waiting", "already"):
            return None
        givebacks = [step for step in request.pending.values() if step.kind == "giveback"]
        places = [place_of(step.slot or "", step.round) for step in givebacks]
        served = [await self._slots.end(reference, place) for place in places]
        return None if any(served) else takings(request)
