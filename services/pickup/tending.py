"""Looking after slots by the clock: empty those that are over or closed, give back entries that no request has, and
remove entries that have ended."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Collection

import msgspec

from services import conflicts, times
from services.case import cases
from services.case.ports import RequestStore
from services.case.request import Request
from services.errors import UNUSABLE, DocumentFull, UnknownService, WriteConflict
from services.pickup.booking import progress
from services.pickup.booking.choosing import hold_until
from services.pickup.booking.reservations import Reservations
from services.pickup.booking.state import Place
from services.pickup.counter.counter import Counter
from services.pickup.part import booked, booking_of
from services.pickup.ports import SiteStore
from services.pickup.sharing.splits import Splits
from services.pickup.slots import turns
from services.pickup.stock.keeping import Keeping
from services.pickup.stock.sites import Move, Slot, Stock, WholeSite, after
from services.times import Clock, Instant

TENDED_AT_ONCE = 20
READ_SIDE_BY_SIDE = 16
LOOKED_AFTER_EVERY = 3600.0
"""Seconds after which a slot is looked at again while it lasts."""
OVER_AFTER = 3600.0
"""Seconds after the end of a slot at which what nobody collected goes back to stock."""

log = logging.getLogger("madoguchi.pickup")


class Tending:
    """Let slots follow the clock, and requests follow their slots."""

    def __init__(
        self,
        store: RequestStore,
        sites: SiteStore,
        keeping: Keeping,
        reservations: Reservations,
        splits: Splits,
        counter: Counter,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sites = sites
        self._keeping = keeping
        self._reservations = reservations
        self._splits = splits
        self._counter = counter
        self._clock = clock

    async def run(self) -> int:
        """Look after every slot that is due or has many ended entries, and call those who wait; return how many slots.

        What cannot be written now is left for another time; the others go on.
        """
        await self._keeping.catch_up()
        now = self._clock()
        grown = [opening for opening in await self._sites.openings(now) if opening.has_many_ended]
        due = {one.name: one for one in (*await self._sites.due_slots(now, TENDED_AT_ONCE), *grown)}
        for name, opening in due.items():
            if await _alone(name, self.tend(opening.site_id, opening.id)):
                await self._sites.put_off(opening, now)
        for method in ("pickup", "delivery"):
            await self._reservations.serve(None, method)
        return len(due)

    async def tend(self, site: str, id_: str) -> None:
        """Bring the entries of a slot and their requests together, and finish what was left of its split.

        A slot that is over or closed is emptied. An ended entry is removed once its request is past its round, since
        nobody asks under its key again. A write under it that was under way all that time gives back what it took, or
        is given back here within the hour.
        """
        await self._splits.follow(site, id_)
        slot = await self._sites.slot(site, id_)
        if slot is None:
            return
        is_over = times.later(slot.ends, OVER_AFTER) <= self._clock()
        followed: set[str] = set()
        for key, entry in slot.entries.items():
            if entry.state == "collected":
                await _alone(key, self._follow(slot, key, followed))
            elif entry.state != "ended":
                await _alone(key, self._tend(slot, key, is_over))
        await self._move_on(site, id_, is_over, await self._past(slot), followed)

    async def _follow(self, slot: Slot, key: str, followed: set[str]) -> None:
        if await self._counter.follow(*_asked_as(slot, key)):
            followed.add(key)

    async def _tend(self, slot: Slot, key: str, is_over: bool) -> None:
        """Bring an entry and its request together.

        What is past is past at any later time, however old the read. A request that cannot be read, or has no booking,
        was read from behind its entry: only what is long over is given back without it.
        """
        reference, place = _asked_as(slot, key)
        request = await self._store.read(reference)
        booking = booking_of(request) if request else None
        if (booking is None and is_over) or (booking and booking.is_past(place)):
            await self._reservations.release(reference, place)
        elif booking is None or not booking.wants(place):
            log.warning("%s was read from behind, and is left for another time", key)
        elif place == booking.asks and (is_over or not slot.is_open):
            await self._leave(reference, place)
        elif is_over:
            await self._reservations.follow(reference, lambda read: progress.missed(read, place, self._clock()))
        elif not slot.is_open:
            await self._reservations.follow(reference, lambda read: progress.rebook(read, place, self._clock()))
        elif slot.moved_at and slot.method == "pickup":
            await self._ask_again(slot, slot.moved_at, reference, place)

    async def _leave(self, reference: str, place: Place) -> None:
        """Stop a request from getting a place that it only asks for; it keeps the place it has."""
        request = await self._reservations.follow(reference, lambda read: progress.not_there(read, place))
        if booked(request).is_past(place):
            await self._reservations.release(reference, place)

    async def _ask_again(self, slot: Slot, moved_at: Instant, reference: str, place: Place) -> None:
        """Ask whoever surely got a place before the site moved, once a change of place that goes on is over."""
        request = await self._reservations.follow(reference, lambda read: read)
        if progress.must_hear_of_move(request, place, moved_at):
            request = await cases.certain(self._store, reference)
        if progress.must_hear_of_move(request, place, moved_at):
            now = self._clock()
            until = hold_until(slot.starts, now) if slot.starts > now else slot.ends
            await self._reservations.hold_again(reference, place, moved_at, until)

    async def _past(self, slot: Slot) -> set[str]:
        """Return the ended entries whose requests are past their round."""
        asked = {key: _asked_as(slot, key) for key, entry in slot.entries.items() if entry.state == "ended"}
        bookings = {}
        for some in itertools.batched({reference for reference, _ in asked.values()}, READ_SIDE_BY_SIDE, strict=False):
            for request in await asyncio.gather(*(self._readable(reference) for reference in some)):
                if request and (booking := booking_of(request)):
                    bookings[request.reference] = booking
        read = [(key, bookings.get(reference), place) for key, (reference, place) in asked.items()]
        return {key for key, booking, place in read if booking and booking.is_past(place)}

    async def _readable(self, reference: str) -> Request | None:
        """Read a request; None where it is not there, or cannot be read."""
        try:
            return await self._store.read(reference)
        except UNUSABLE:
            return None

    async def _move_on(
        self, site: str, id_: str, is_over: bool, past: Collection[str], followed: Collection[str]
    ) -> None:
        """Write what the slot is from now on, over the state that was read, so that no turn made meanwhile is lost."""
        for attempt in range(conflicts.ATTEMPTS):
            whole = await self._sites.whole_site(site)
            slot = whole.slots.get(id_) if whole else None
            if whole is None or slot is None:
                return
            try:
                await self._sites.save(site, moved_on(whole, slot, past, followed, is_over, self._clock()))
            except WriteConflict:
                await conflicts.pause(attempt)
            else:
                return
        raise WriteConflict(conflicts.OVERTAKEN)


async def _alone(name: str, work: Awaitable[object]) -> bool:
    """Run one action; where it cannot be written or read now, log that, so that the others go on.

    Return whether a document that it needs cannot be used.
    """
    try:
        await work
    except (WriteConflict, UnknownService) as error:
        log.warning("%s is left for another time: %s", name, error)
    except UNUSABLE as error:
        log.warning("%s is left for another time: %s", name, error)
        return True
    except DocumentFull as error:
        log.error("%s is left for another time: %s", name, error)
    return False


def _asked_as(slot: Slot, key: str) -> tuple[str, Place]:
    """Return the reference of an entry's request, and the place that the entry stands for."""
    reference, round_ = turns.asked_as(key)
    return reference, Place(site=slot.site_id, slot=slot.id, round=round_)


def moved_on(
    whole: WholeSite, slot: Slot, past: Collection[str], followed: Collection[str], is_over: bool, now: Instant
) -> list[Slot | Stock | Move]:
    """Give back to the site what the slot has left once nobody holds anything of it; else look again later.

    Look again as well while a request has not followed what was handed over to it.
    """
    holds = any(entry.state in ("held", "confirmed") for entry in slot.entries.values())
    if holds or (slot.is_open and not is_over):
        tended = turns.without_ended(slot, past)
        return [msgspec.structs.replace(tended, due_at=times.later(now, LOOKED_AFTER_EVERY))]
    collected = {key for key, entry in slot.entries.items() if entry.state == "collected"}
    return emptied(whole, slot, now, None if collected <= set(followed) else times.later(now, LOOKED_AFTER_EVERY))


def emptied(whole: WholeSite, slot: Slot, now: Instant, due_at: Instant | None) -> list[Slot | Stock | Move]:
    """Close a slot for good, and give what is left of its allotment back to the site; a closed slot takes nobody."""
    left = {item: -units for item, units in slot.free.items() if units}
    closed = msgspec.structs.replace(
        turns.without_ended(slot, slot.entries), is_open=False, due_at=due_at, free=dict.fromkeys(slot.free, 0)
    )
    if not left:
        return [closed]
    move = Move(id=f"{slot.id}.released", site_id=slot.site_id, kind="released", at=now, lines=left, slot=slot.id)
    return [closed, after(whole.stock, move), move]
