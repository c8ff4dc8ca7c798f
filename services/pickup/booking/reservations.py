"""Reserving places: each request asks one slot per round, the slot decides in one write, the request follows."""

import logging
from collections.abc import Callable

from services import times
from services.advance.model import QUEUE, wake_up
from services.case import cases
from services.case import request as requests
from services.case.ports import Queues, RequestStore
from services.case.request import Case, Changes, Request, Step
from services.case.task import CLOCKS_DIFFER_BY
from services.catalog.service import Catalog
from services.errors import UNUSABLE, DocumentFull, StoreUnavailable, UnknownService, WriteConflict
from services.pickup.booking import progress
from services.pickup.booking.choosing import choice, held_until, wish
from services.pickup.booking.granting import Granting
from services.pickup.booking.state import ASKS, HAS_PLACE, Booking, Place, place_of
from services.pickup.booking.transitions import choice_of
from services.pickup.counter import correction_rules
from services.pickup.counter.counter import Counter
from services.pickup.entitlement.grants import Grants
from services.pickup.entitlement.section import booking_for, household_of, pickup_of
from services.pickup.errors import NoSuchSlot, PlaceGone
from services.pickup.part import booked, booking_of, takings
from services.pickup.ports import Bookings
from services.pickup.slots import turns
from services.pickup.slots.slots import Slots
from services.pickup.slots.turns import HouseholdInLine, Opening
from services.times import Clock, Instant

ATTEMPTS = 8
CALLED_AT_ONCE = (50, 500, 5_000)
"""Households at the front of the line that one call looks at, more only where none of them can be used; the sweep calls
again."""

log = logging.getLogger("madoguchi.pickup")


class Reservations:
    """Take the booking steps of requests; each step may run twice, or in two processes at once."""

    def __init__(
        self,
        store: RequestStore,
        bookings: Bookings,
        slots: Slots,
        grants: Grants,
        granting: Granting,
        counter: Counter,
        catalog: Catalog,
        queues: Queues,
        secret: bytes,
        clock: Clock,
    ) -> None:
        self._store = store
        self._bookings = bookings
        self._slots = slots
        self._grants = grants
        self._granting = granting
        self._counter = counter
        self._catalog = catalog
        self._queues = queues
        self._secret = secret
        self._clock = clock

    async def confirm(self, request: Request) -> Request:
        """Confirm the place that is held for a request; raises PlaceGone where it has none any more."""
        booking = booking_of(request)
        if booking is None or booking.place is None or booking.state not in HAS_PLACE:
            raise PlaceGone()
        slot = await self._slots.turn(request.reference, booking.place, turns.confirm)
        entry = slot.entries.get(_key(request, booking.place)) if slot else None
        if entry is None:
            raise StoreUnavailable(f"{booking.place.name} has no entry of this place: one of both was read from behind")
        if entry.state not in ("confirmed", "collected"):
            raise PlaceGone()
        case = await self._change(request.reference, lambda read: progress.confirmed(read, self._clock()))
        return case.request

    async def choose(self, request: Request, slot: str) -> Request:
        """Ask for another slot; keep the present place until the new one is certain.

        Raises PlaceGone where nothing can be chosen any more, NoSuchSlot and PlaceChangedTooOften.
        """
        booking = booking_of(request)
        if booking is None or request.status != "accepted":
            raise PlaceGone()
        if booking.state == "changing" and booking.wish == slot:
            return (await self.take_now(Case(request, {}))).request
        if not choice_of(booking).may_happen(booking):
            raise PlaceGone()
        if booking.place and booking.place.name == slot:
            return request
        if not any(opening.name == slot and opening.admits() for opening in await self._slots.openings()):
            raise NoSuchSlot()
        case = await self._change(request.reference, lambda read: wish(read, slot, self._clock()))
        return (await self.take_now(case)).request

    async def follow(self, reference: str, decide: Callable[[Request], Request]) -> Request:
        """Change a request after its slot has changed, and take the steps that this adds."""
        return (await self.take_now(await self._change(reference, decide))).request

    async def release(self, reference: str, place: Place) -> None:
        """Give back an entry that no request wants."""
        await self._slots.end(reference, place)

    async def hold_again(self, reference: str, place: Place, moved_at: Instant, until: Instant) -> None:
        """Ask a household whether it comes to where its site has moved: its place is held until it says so."""
        slot = await self._slots.turn(reference, place, lambda slot, key: turns.hold_again(slot, key, until))
        entry = slot.entries.get(turns.key_of(reference, place.round)) if slot else None
        if entry and entry.state in ("held", "confirmed"):
            now = self._clock()
            await self.follow(reference, lambda read: progress.site_moved(read, place, moved_at, until, now))

    async def take_now(self, case: Case) -> Case:
        """Take the due steps that reserve a place or give one back, and wake the request up for any other."""
        for kind, take in (("reserve", self.reserve), ("giveback", self.give_back)):
            for id_, step in requests.due_steps(case.request, self._clock()):
                if step.kind == kind:
                    case = await take(case, id_, step)
        if case.request.pending:
            await self._wake(case.request)
        return case

    async def serve(self, site: str | None, method: str) -> int:
        """Call those who wait for a site (None: for any), in the order of their receipts, while there is room.

        Households that were called already are helped along in their turn, so that two runs at once keep the order.
        Returns how many were called; where nobody waits any more, newcomers may take places again.
        """
        openings = await self._openings(site, method)
        if not any(opening.free_places for opening in openings):
            return 0
        looked_at = served = 0
        for limit in CALLED_AT_ONCE:
            waiting = await self._bookings.waiting(method, limit)
            called = [await self._call(one, site, method) for one in waiting[looked_at:]]
            served += called.count(True)
            still = [one for one, was_called in zip(waiting[looked_at:], called, strict=True) if was_called is False]
            await self._slots.keep_lines(openings, still)
            looked_at = len(waiting)
            if looked_at < limit or any(one is not None for one in called):
                break
        if not looked_at:
            await self._slots.close_lines(openings)
        return served

    async def reserve(self, case: Case, id_: str, _step: Step) -> Case:
        """Ask one slot after another until one has room; where none has, let the household wait or keep its place."""
        if booking_of(case.request) is None:
            case = await self._begin(case, id_)
        for _ in range(ATTEMPTS):
            booking = booking_of(case.request)
            if id_ not in case.request.pending or booking is None:
                return case
            if booking.state not in ASKS:
                return await self._follow(case, id_, lambda read: progress.asks_no_more(read, id_, self._clock()))
            if booking.asks is None:
                case = await self._ask_next(case, id_, booking)
            else:
                case = await self._ask(case, id_, booking, booking.asks)
        raise StoreUnavailable(f"{ATTEMPTS} slots in a row were full")

    async def _begin(self, case: Case, id_: str) -> Case:
        """Work out what the household is due, once, and write it down with the slot that is asked first."""
        request = case.request
        pickup = pickup_of((await self._catalog.edition(request.service, request.version)).definition)
        booking = None
        if pickup:
            household = household_of(pickup, request.answers, request.contact.phone)
            since = request.received_at
            booking = booking_for(pickup, request.answers, household, secret=self._secret, since=since)

        if booking is None:
            return await self._follow(case, id_, lambda read: requests.without_step(read, id_, self._clock()))
        opening = choice(await self._slots.recent(booking.wish), booking)

        def begin(read: Request) -> Request:
            begun = read if booking_of(read) else progress.begin(read, booking)
            return progress.ask(begun, opening) if opening else begun

        return await self._follow(case, id_, begin)

    async def _ask_next(self, case: Case, id_: str, booking: Booking) -> Case:
        """Write down which slot is asked next; without any, keep the place there is, or give up the grants and wait."""
        recent = await self._slots.recent(None if booking.state == "called" else booking.wish)
        opening = choice(recent, booking) or choice(await self._slots.openings(), booking)
        now = self._clock()
        if opening:
            return await self._follow(case, id_, lambda read: progress.ask(read, opening))
        if booking.place is None:
            return await self._wait(case, id_, booking)
        return await self._follow(case, id_, lambda read: progress.stays(read, id_, now))

    async def _wait(self, case: Case, id_: str, booking: Booking) -> Case:
        """Wait, unless another worker found a place meanwhile; give up the grants once the request says so."""
        await self._slots.open_lines(booking)
        case = await self._follow(case, id_, lambda read: progress.in_line(read, id_, self._clock()))
        stands = booked(case.request)
        if stands.wants_any:
            return case
        if stands.state == "waiting":
            await self._granting.give_up(case.request)
        await self.serve(None, booking.method)
        return await self._read(case)

    async def _ask(self, case: Case, id_: str, booking: Booking, asks: Place) -> Case:
        """Ask a slot for a place, once the household's grants are certain."""
        if booking.place and booking.place.name == asks.name:
            return await self._swap(case, id_, booking, booking.place, asks)
        reference = case.request.reference
        opening = next((o for o in await self._slots.recent() if o.name == asks.name), None)
        if opening is None:
            return await self._follow(case, id_, lambda read: progress.not_there(read, asks))
        if await self._granting.is_used_up(case.request, booking):
            if booking.place:
                return await self._follow(case, id_, lambda read: progress.not_there(read, asks))
            refused = await self._follow(case, id_, lambda read: progress.served_before(read, id_, self._clock()))
            if booked(refused.request).state == "already":
                await self._granting.give_up(refused.request)
            return refused
        lines = turns.offered(opening, booking.lines)
        until = held_until(opening, booking, self._clock())
        turn = turns.reserve(
            opening.items,
            turns.key_of(reference, asks.round),
            lines,
            until=until,
            is_newcomer=booking.state == "looking",
        )
        if await self._slots.reserve(opening, turn):
            placed = await self._follow(
                case, id_, lambda read: progress.placed(read, id_, asks, opening, until=until, now=self._clock())
            )
            return await self._orphaned(placed, asks, takings(case.request))
        return await self._follow(case, id_, lambda read: progress.not_there(read, asks))

    async def _swap(self, case: Case, id_: str, booking: Booking, place: Place, asks: Place) -> Case:
        """Ask a slot for other units in exchange for the entry there; where they are not free, the entry stays."""
        old = turns.key_of(case.request.reference, place.round)
        slot = await self._slots.turn(
            case.request.reference, asks, lambda slot, key: turns.swap(slot, old, key, booking.lines)
        )
        entry = slot.entries.get(_key(case.request, asks)) if slot else None
        is_new = entry is not None and entry.state in ("held", "confirmed")
        return await self._follow(
            case, id_, lambda read: correction_rules.swapped(read, id_, asks if is_new else place, self._clock())
        )

    async def _orphaned(self, case: Case, asked: Place, taken: int) -> Case:
        """Give back a place that the request surely does not want any more: it was withdrawn in the meantime."""
        booking = booking_of(case.request)
        if booking and booking.is_past(asked):
            reference = case.request.reference
            await self._slots.end(reference, asked)
            ended = booking.state == "ended" and not (booking.place and await self._slots.end(reference, booking.place))
            if booking.place is None or ended:
                await self._grants.give_up(booking, reference, taken)
        return case

    async def expire(self, case: Case, id_: str, _step: Step) -> Case:
        """End a hold that was not confirmed in time; where the slot says that it was, confirm the booking."""
        place = booked(case.request).place
        if place is None or place.expiry != id_:
            return await self._follow(case, id_, lambda read: requests.without_step(read, id_, self._clock()))
        soon = times.later(self._clock(), CLOCKS_DIFFER_BY)
        slot = await self._slots.turn(case.request.reference, place, lambda slot, key: turns.expire(slot, key, soon))
        entry = slot.entries.get(_key(case.request, place)) if slot else None
        if entry and entry.state in ("confirmed", "collected"):
            return await self._change(
                case.request.reference, lambda read: progress.confirmed(read, self._clock()), case
            )
        if entry and entry.state == "held":
            until = times.later(times.NEVER, entry.until)
            return await self._follow(case, id_, lambda read: progress.held_longer(read, place, until))
        return await self._follow(case, id_, lambda read: progress.expired(read, id_, self._clock()))

    async def give_back(self, case: Case, id_: str, step: Step) -> Case:
        """Give a place back with its units, and call those who wait; what was handed over there instead is recorded."""
        place, reference = place_of(step.slot or "", step.round), case.request.reference
        if not await self._slots.end(reference, place):
            case = await self._freed(case, place)
        elif not await self._counter.follow(reference, place):
            raise WriteConflict(f"what was handed over to {reference} is not to be read yet")
        return await self._follow(case, id_, lambda read: requests.without_step(read, id_, self._clock()))

    async def _freed(self, case: Case, place: Place) -> Case:
        """Give up the grants of a booking that has no place any more, and call those who wait."""
        booking = booking_of(case.request)
        if booking is None:
            return case
        if booking.state in ("expired", "missed", "returned", "ended"):
            await self._granting.give_up(case.request)
        await self.serve(place.site, booking.method)
        return case

    async def _call(self, waiting: HouseholdInLine, site: str | None, method: str) -> bool | None:
        """Call one household that waits, if it fits anywhere; log one that cannot be used, and return None for it."""
        openings = await self._openings(site, method)
        if not any(turns.has_room(opening, waiting.lines) for opening in openings):
            return False
        try:
            case = await self._change(waiting.reference, lambda read: progress.called(read, self._clock()))
            booking = booking_of(case.request)
            if booking is None or booking.state != "called":
                return False
            await self.take_now(case)
        except (DocumentFull, UnknownService, *UNUSABLE) as error:
            log.error("%s cannot be called: %s", waiting.reference, error)
            return None
        return True

    async def _openings(self, site: str | None, method: str) -> list[Opening]:
        """List the slots in which those who wait may get a place."""
        of_line = [o for o in await self._slots.openings() if o.method == method and o.admits()]
        return [opening for opening in of_line if site in (None, opening.site_id)]

    async def _follow(self, case: Case, id_: str, decide: Callable[[Request], Request]) -> Case:
        """Change the request while this step is pending."""
        return await self._change(
            case.request.reference, lambda read: decide(read) if id_ in read.pending else read, case
        )

    async def _change(self, reference: str, decide: Callable[[Request], Request], case: Case | None = None) -> Case:
        def changes(read: Case) -> Changes:
            changed = decide(read.request)
            return () if changed == read.request else (changed,)

        return await cases.change(self._store, reference, changes, case)

    async def _read(self, case: Case) -> Case:
        return await self._store.load(case.request.reference) or case

    async def _wake(self, request: Request) -> None:
        try:
            await self._queues.send(QUEUE, wake_up(request.reference, request.traceparent))
        except StoreUnavailable:
            log.warning("no wake-up for %s; left to the sweeper", request.reference)


def _key(request: Request, place: Place) -> str:
    return turns.key_of(request.reference, place.round)
