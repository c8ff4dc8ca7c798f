"""How a place in a slot is taken, confirmed, swapped, collected and given back: each turn is one conditional write on
the slot alone."""

from collections.abc import Collection
from typing import Any

import msgspec

from services import times
from services.case.documents import SCHEMA_VERSION
from services.pickup.stock.sites import MOST_HOUSEHOLDS, Entry, EntryState, Fill, Slot
from services.times import Instant

MANY_ENDED = 100
"""Entries over its places at which a slot is tended at once; fewer may stay until it is over."""
MOST_ENTRIES = 3 * MOST_HOUSEHOLDS
"""Entries at which a slot is crowded: until it is tended, it takes only the households of its split.

The bound leaves room for whoever comes in the seconds for which instances trust their lists (`slots.LISTED_FOR`): even
then, the slot's document stays far below what Cosmos DB takes.
"""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Describe one conditional write on an entry.

    `before` is the state that the entry must have, None where there must be no entry. `places` and `takes` come out of
    what is free, or go back to it where they are negative; the units `given` leave the stock. A turn that takes a place
    needs an open slot with room, and one of a newcomer also a slot without a line. `ends` is the key of an entry that
    this one replaces and whose place it gets, `kept` is what a later version of the app wrote on the entry. `until` is
    the end (epoch s) that a hold must have which this turn ends because it ran out.
    """

    key: str
    before: EntryState | None
    entry: Entry
    places: int = 0
    takes: dict[str, int] = {}
    is_newcomer: bool = False
    given: dict[str, int] = {}
    ends: str | None = None
    kept: dict[str, Any] = {}
    until: int | None = None


class Opening(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Show a slot to whoever looks for a place, without its entries."""

    id: str
    site_id: str
    starts: Instant
    ends: Instant
    method: str
    fill: Fill = "first_come"
    is_open: bool
    places: int
    free_places: int
    allotted: dict[str, int]
    free: dict[str, int]
    has_line: bool
    entry_count: int
    schema_version: int = SCHEMA_VERSION
    etag: str = msgspec.field(default="", name="_etag")

    @property
    def items(self) -> tuple[str, ...]:
        """Return the items handed out in this slot, in the order of an entry's units."""
        return tuple(sorted(self.allotted))

    @property
    def name(self) -> str:
        """Return the name by which a form and a request know the slot."""
        return f"{self.site_id}.{self.id}"

    @property
    def has_many_ended(self) -> bool:
        """Tell whether it is to be tended at once, as it must hold many entries that have ended."""
        return self.entry_count >= self.places + MANY_ENDED

    @property
    def is_crowded(self) -> bool:
        """Tell whether it holds as many entries as it may, until it was tended."""
        return self.entry_count >= MOST_ENTRIES

    def admits(self, split: str | None = None) -> bool:
        """Tell whether it is open to anybody and not crowded, or takes the households that its own split serves."""
        return self.is_open and (self.name == split or (self.fill == "first_come" and not self.is_crowded))


def key_of(reference: str, round_: int) -> str:
    """Return the key of the entry that a request has in the one slot it asks in a round."""
    return f"{reference}.{round_}"


def asked_as(key: str) -> tuple[str, int]:
    """Return the request and the round in the key of an entry."""
    reference, _, round_ = key.rpartition(".")
    return reference, int(round_)


def offered(opening: Opening, lines: dict[str, int]) -> dict[str, int]:
    """Return those lines that a slot hands out at all."""
    return {item: units for item, units in lines.items() if item in opening.allotted}


def has_room(opening: Opening, lines: dict[str, int]) -> bool:
    """Tell whether a slot hands out any of these lines, and has all of those it does."""
    here = offered(opening, lines)
    fits = all(opening.free.get(item, 0) >= units for item, units in here.items())
    return opening.is_open and bool(here) and opening.free_places > 0 and fits


def less(opening: Opening, turn: Turn) -> Opening:
    """Return a slot as its list shows it after a turn, without reading the slot."""
    free = {item: units - turn.takes.get(item, 0) for item, units in opening.free.items()}
    return msgspec.structs.replace(opening, free_places=opening.free_places - turn.places, free=free)


def reserve(
    items: tuple[str, ...], key: str, lines: dict[str, int], *, until: Instant | None, is_newcomer: bool
) -> Turn:
    """Take a place with its units: for good, or until an instant."""
    seconds = int(times.moment(until).timestamp()) if until else 0
    units = tuple(lines.get(item, 0) for item in items)
    entry = Entry(state="held" if until else "confirmed", units=units, until=seconds)
    return Turn(key=key, before=None, entry=entry, places=1, takes=lines, is_newcomer=is_newcomer)


def confirm(slot: Slot, key: str) -> Turn | None:
    """Confirm a held place; None where it is confirmed already, or is not held any more."""
    entry = slot.entries.get(key)
    if entry is None or entry.state != "held":
        return None
    confirmed = Entry(state="confirmed", units=entry.units)
    return Turn(key=key, before="held", entry=confirmed, kept=_kept(slot, key))


def hold_again(slot: Slot, key: str, until: Instant) -> Turn | None:
    """Hold a place that is held or confirmed until this instant; None where it is, or is no place any more."""
    entry = slot.entries.get(key)
    seconds = int(times.moment(until).timestamp())
    if entry is None or entry.state not in ("held", "confirmed") or (entry.state, entry.until) == ("held", seconds):
        return None
    held = Entry(state="held", units=entry.units, until=seconds)
    return Turn(key=key, before=entry.state, entry=held, kept=_kept(slot, key))


def swap(slot: Slot, old: str, new: str, lines: dict[str, int]) -> Turn | None:
    """Replace an entry by one with other units; None where that is decided.

    Where it cannot be done the old entry stays, and an ended one under the new key keeps a late worker from doing it.
    """
    entry = slot.entries.get(old)
    if new in slot.entries:
        return None
    if entry is None or entry.state not in ("held", "confirmed"):
        return end(slot, new)
    units, had = {item: lines.get(item, 0) for item in slot.items}, slot.lines(old)
    takes = {item: more for item in units if (more := units[item] - had.get(item, 0))}
    if not any(units.values()) or not _are_free(slot, takes):
        return end(slot, new)
    other = msgspec.structs.replace(entry, units=tuple(units.values()))
    return Turn(key=new, before=None, entry=other, takes=takes, ends=old)


def expire(slot: Slot, key: str, now: Instant) -> Turn | None:
    """Give a place back whose hold has run out; None where it is not held any more, or for longer.

    Where it has no entry, write an ended one, as `end` does.
    """
    entry = slot.entries.get(key)
    if entry is None:
        return end(slot, key)
    if entry.state != "held" or entry.until > times.moment(now).timestamp():
        return None
    ended = end(slot, key)
    return msgspec.structs.replace(ended, until=entry.until) if ended else None


def collect(slot: Slot, key: str, lines: dict[str, int] | None = None) -> Turn | None:
    """Hand over what an entry holds, or fewer units of it; None where that is done, or nothing is held."""
    entry = slot.entries.get(key)
    if entry is None or entry.state not in ("held", "confirmed"):
        return None
    due = slot.lines(key)
    given = {item: min(units, due[item] if lines is None else lines.get(item, 0)) for item, units in due.items()}
    left = {item: given[item] - units for item, units in due.items() if given[item] < units}
    units = tuple(given.get(item, 0) for item in slot.items)
    collected = Entry(state="collected", units=units)
    return Turn(key=key, before=entry.state, entry=collected, takes=left, given=given, kept=_kept(slot, key))


def end(slot: Slot, key: str) -> Turn | None:
    """Give a place and its units back; where it has no entry yet, write an ended one, so that no late worker takes it.

    None where it has ended already, or was handed over.
    """
    entry = slot.entries.get(key)
    ended = Entry(state="ended")
    if entry is None:
        return Turn(key=key, before=None, entry=ended)
    if entry.state in ("ended", "collected"):
        return None
    back = {item: -units for item, units in slot.lines(key).items()}
    return Turn(key=key, before=entry.state, entry=ended, places=-1, takes=back, kept=_kept(slot, key))


def without_ended(slot: Slot, keys: Collection[str]) -> Slot:
    """Return the slot without those of these entries that have ended."""
    left = {key: entry for key, entry in slot.entries.items() if entry.state != "ended" or key not in keys}
    return slot if len(left) == len(slot.entries) else msgspec.structs.replace(slot, entries=left)


class HouseholdInLine(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a household in the line: what it is due, and what the rules of a split look at."""

    reference: str
    since: Instant
    members: int
    flagged: int = 0
    lines: dict[str, int]


def after(slot: Slot, turn: Turn) -> Slot | None:
    """Return the slot after a turn, None where the turn may not be made: what the store decides in one write."""
    entry = slot.entries.get(turn.key)
    if (entry.state if entry else None) != turn.before:
        return None
    if turn.until is not None and (entry is None or entry.until != turn.until):
        return None
    if turn.places > 0 and not _admits(slot, turn):
        return None
    if not _are_free(slot, turn.takes) or (turn.ends and not _replaces(slot, turn)):
        return None
    free = {item: units - turn.takes.get(item, 0) for item, units in slot.free.items()}
    ended = {turn.ends: Entry(state="ended")} if turn.ends else {}
    return msgspec.structs.replace(
        slot,
        free_places=slot.free_places - turn.places,
        free=free,
        entries={**slot.entries, **ended, turn.key: turn.entry},
    )


def _kept(slot: Slot, key: str) -> dict[str, Any]:
    """Return what the stored entry says and this code does not know."""
    entry = slot.stored.get("entries", {}).get(key, {})
    return {name: value for name, value in entry.items() if name not in Entry.__struct_fields__}


def _admits(slot: Slot, turn: Turn) -> bool:
    return slot.is_open and slot.has_room(turn.takes) and not (turn.is_newcomer and slot.has_line)


def _are_free(slot: Slot, takes: dict[str, int]) -> bool:
    return all(slot.free.get(item, 0) >= units for item, units in takes.items() if units > 0)


def _replaces(slot: Slot, turn: Turn) -> bool:
    entry = slot.entries.get(turn.ends or "")
    return entry is not None and entry.state == turn.entry.state
