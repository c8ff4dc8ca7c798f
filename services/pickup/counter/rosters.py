"""What a counter keeps for the time without a connection: who is due what now, by reference alone."""

from collections.abc import Iterator

import msgspec

from services import times
from services.case import audit
from services.case.ports import AuditLog
from services.case.task import Staff
from services.names import is_name
from services.pickup.errors import UnknownSite
from services.pickup.ports import SiteStore
from services.pickup.slots import turns
from services.pickup.stock.sites import EntryState, Slot, WholeSite
from services.times import Clock, Instant

BEFORE = 24 * 3600.0
"""Seconds before its beginning from which a slot is on the roster."""
AFTER = 3600.0
"""Seconds after its end until which a slot is on the roster."""


class RosterEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Name a request with a place in a slot, and the units that are due, or were handed over."""

    reference: str
    slot: str
    starts: Instant
    ends: Instant
    state: EntryState
    lines: dict[str, int]


class Rosters:
    """Let staff at a site take the roster along; each is recorded."""

    def __init__(self, sites: SiteStore, audit: AuditLog, clock: Clock) -> None:
        self._sites = sites
        self._audit = audit
        self._clock = clock

    async def roster(self, site: str, staff: Staff) -> list[RosterEntry]:
        """List who is due what at a site, the earliest slot first; raises UnknownSite."""
        whole = await self._sites.whole_site(site) if is_name(site) else None
        if whole is None:
            raise UnknownSite()
        now = self._clock()
        due = list(due_at(whole, now))
        await self._audit.append(audit.record("roster_taken", site, staff, now, listed=len(due)))
        return due


def due_at(whole: WholeSite, now: Instant) -> Iterator[RosterEntry]:
    """Yield the live entries of the slots that are on, begin within a day, or ended within the hour."""
    for slot in sorted(whole.slots.values(), key=lambda slot: slot.starts):
        if slot.starts <= times.later(now, BEFORE) and times.later(slot.ends, AFTER) > now:
            yield from _of_slot(slot)


def _of_slot(slot: Slot) -> Iterator[RosterEntry]:
    for key, entry in slot.entries.items():
        if entry.state != "ended":
            yield RosterEntry(
                reference=turns.asked_as(key)[0],
                slot=slot.id,
                starts=slot.starts,
                ends=slot.ends,
                state=entry.state,
                lines=slot.lines(key),
            )
