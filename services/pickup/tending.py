"""Looking after slots: what is over or closed lets go of what it holds, and no entry is without its request."""

import logging

import msgspec

from services import times
from services.pickup import progress
from services.pickup.booking import Place
from services.pickup.choosing import hold_until
from services.pickup.counter import Counter
from services.pickup.depots import Depots
from services.pickup.reservations import Reservations
from services.pickup.sites import Depot, Move, Slot, Stock, after
from services.pickup.splits import Splits
from services.ports import RequestStore, SiteStore
from services.times import Clock, Instant

TENDED_AT_ONCE = 20
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
        depots: Depots,
        reservations: Reservations,
        splits: Splits,
        counter: Counter,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sites = sites
        self._depots = depots
        self._reservations = reservations
        self._splits = splits
        self._counter = counter
        self._clock = clock

    async def run(self) -> int:
        """Look after every slot that is due, and call those who wait; return how many slots were due."""
        await self._depots.catch_up()
        due = await self._sites.due_slots(self._clock(), TENDED_AT_ONCE)
        for opening in due:
            await self.tend(opening.site_id, opening.id)
        for method in ("pickup", "delivery"):
            await self._reservations.serve(None, method)
        return len(due)

    async def tend(self, site: str, id_: str) -> None:
        """Bring the entries of a slot and their requests together, and finish what was left of its split.

        A slot that is over or closed is emptied.
        """
        await self._splits.follow(site, id_)
        slot = await self._sites.slot(site, id_)
        if slot is None:
            return
        is_over = times.later(slot.ends, OVER_AFTER) <= self._clock()
        for key, entry in slot.entries.items():
            if entry.state != "ended":
                await self._tend(slot, key, entry.state, is_over)
        await self._move_on(site, id_, is_over)

    async def _tend(self, slot: Slot, key: str, state: str, is_over: bool) -> None:
        reference, _, round_ = key.rpartition(".")
        place = Place(site=slot.site_id, slot=slot.id, round=int(round_))
        request = await self._store.read(reference)
        booking = request.booking if request else None
        if state == "collected":
            await self._counter.follow(reference, slot.site_id, key)
        elif booking is None or place not in (booking.place, booking.asks):
            await self._reservations.release(reference, place)
        elif is_over:
            await self._reservations.follow(reference, lambda read: progress.missed(read, self._clock()))
        elif not slot.is_open:
            await self._reservations.follow(reference, lambda read: progress.rebook(read, self._clock()))
        elif slot.moved_at and slot.method == "pickup":
            await self._ask_again(slot, slot.moved_at, reference, place)

    async def _ask_again(self, slot: Slot, moved_at: Instant, reference: str, place: Place) -> None:
        """Ask whoever got a place before the site moved, once a change of place that goes on is over."""
        await self._reservations.follow(reference, lambda read: read)
        request = await self._store.read(reference)
        if request and progress.must_hear_of_move(request, place, moved_at):
            now = self._clock()
            until = hold_until(slot.starts, now) if slot.starts > now else slot.ends
            await self._reservations.hold_again(reference, place, moved_at, until)

    async def _move_on(self, site: str, id_: str, is_over: bool) -> None:
        """Give back to the site what the slot has left once nobody holds anything of it; else look again later."""
        depot = await self._sites.site(site)
        slot = depot.slots.get(id_) if depot else None
        if depot is None or slot is None:
            return
        holds = any(entry.state in ("held", "confirmed") for entry in slot.entries.values())
        now = self._clock()
        if holds or (slot.is_open and not is_over):
            due_at = times.later(now, LOOKED_AFTER_EVERY)
            await self._sites.save(site, [msgspec.structs.replace(slot, due_at=due_at)])
            return
        await self._sites.save(site, emptied(depot, slot, now))


def emptied(depot: Depot, slot: Slot, now: Instant) -> list[Slot | Stock | Move]:
    """Close a slot for good, and let the site have what is left of its allotment."""
    left = {item: -units for item, units in slot.free.items() if units}
    closed = msgspec.structs.replace(slot, is_open=False, due_at=None, free=dict.fromkeys(slot.free, 0))
    if not left:
        return [closed]
    move = Move(id=f"{slot.id}.released", site_id=slot.site_id, kind="released", at=now, lines=left, slot=slot.id)
    return [closed, after(depot.stock, move), move]
