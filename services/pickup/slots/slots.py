"""The slots that households ask for places: listing them, and making turns until one succeeds or none is needed."""

import logging
from collections.abc import Callable, Sequence

from services import conflicts, times
from services.case.documents import SCHEMA_VERSION, must_not_be_newer
from services.errors import UNUSABLE, DocumentFull, StoreUnavailable, WriteConflict
from services.pickup.booking.state import Booking, Place
from services.pickup.ports import SiteStore
from services.pickup.slots import turns
from services.pickup.slots.turns import HouseholdInLine, Opening, Turn
from services.pickup.stock.sites import Slot
from services.times import Clock

LISTED_FOR = 2.0
"""Seconds for which an instance chooses from the slots that it listed last."""

log = logging.getLogger("madoguchi.pickup")


class Slots:
    """Read slots and make turns on them."""

    def __init__(self, store: SiteStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._listed: dict[str, Opening] = {}
        self._listed_at = times.NEVER

    async def openings(self) -> list[Opening]:
        """List the slots that have not begun yet, the earliest first; one that a later version wrote takes nobody."""
        now = self._clock()
        listed = await self._store.openings(now)
        self._listed = {one.name: one for one in listed if one.schema_version <= SCHEMA_VERSION}
        self._listed_at = now
        return list(self._listed.values())

    async def recent(self, wish: str | None = None) -> list[Opening]:
        """Return the slots as listed in the last 2 seconds; list them anew where the one wished for is not among them.

        An old list does no harm: a slot decides when it is asked.
        """
        is_new = wish is not None and wish not in self._listed
        if is_new or times.later(self._listed_at, LISTED_FOR) <= self._clock():
            return await self.openings()
        return list(self._listed.values())

    async def reserve(self, opening: Opening, turn: Turn) -> bool:
        """Make the turn; where it is refused, read back: an own write whose reply was lost is a success.

        A slot whose document is full or cannot be used has no room.
        """
        try:
            return await self._reserved(opening, turn)
        except (DocumentFull, *UNUSABLE) as error:
            log.error("%s takes nobody: %s", opening.name, error)
            return False

    async def _reserved(self, opening: Opening, turn: Turn) -> bool:
        for _ in range(conflicts.ATTEMPTS):
            if await self._store.turn(opening.site_id, opening.id, turn):
                self._listed[opening.name] = turns.less(opening, turn)
                return True
            self._listed_at = times.NEVER
            slot = await self._store.slot(opening.site_id, opening.id)
            if slot is None or slot.schema_version > SCHEMA_VERSION:
                return False
            entry = slot.entries.get(turn.key)
            if entry:
                return entry.state in ("held", "confirmed")
            if turns.after(slot, turn) is None:
                return False
        raise StoreUnavailable(f"{opening.name} refused {conflicts.ATTEMPTS} times what it has room for")

    async def turn(self, reference: str, place: Place, make: Callable[[Slot, str], Turn | None]) -> Slot | None:
        """Read the slot and make the turn that `make` returns for it, until it returns None; return the slot then."""
        key = turns.key_of(reference, place.round)
        for attempt in range(conflicts.ATTEMPTS):
            slot = await self._store.slot(place.site, place.slot)
            turn = make(slot, key) if slot else None
            if turn is None or slot is None:
                return slot
            must_not_be_newer(place.name, slot.schema_version)
            if not await self._store.turn(place.site, place.slot, turn):
                await conflicts.pause(attempt)
        raise WriteConflict(f"{conflicts.ATTEMPTS} turns in a row were overtaken")

    async def end(self, reference: str, place: Place) -> bool:
        """End the entry of a place; return whether something was handed over there before."""
        slot = await self.turn(reference, place, turns.end)
        entry = slot.entries.get(turns.key_of(reference, place.round)) if slot else None
        return entry is not None and entry.state == "collected"

    async def open_lines(self, booking: Booking) -> None:
        """Mark the slots that offer what a booking is due, so that what comes back there is kept for those who wait."""
        for opening in await self.openings():
            if opening.method == booking.method and not opening.has_line and turns.offered(opening, booking.lines):
                await self._store.mark_line(opening.site_id, opening.id)

    async def keep_lines(self, openings: Sequence[Opening], waiting: Sequence[HouseholdInLine]) -> None:
        """Mark again the slots that offer what these households wait for: an old list may have cleared one."""
        for opening in openings:
            if not opening.has_line and any(turns.offered(opening, one.lines) for one in waiting):
                await self._store.mark_line(opening.site_id, opening.id)

    async def close_lines(self, openings: Sequence[Opening]) -> None:
        """Let newcomers in again where nobody waits."""
        for opening in openings:
            if opening.has_line:
                await self._store.clear_line(opening)
