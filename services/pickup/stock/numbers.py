"""Counting up a site: what is there, promised and handed over, by item and by slot."""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from services.pickup.entitlement.supplies import Item
from services.pickup.stock.sites import DECIDED, Entry, Fill, Site, Slot, WholeSite
from services.texts import Text
from services.times import Instant

type SlotState = Literal["open", "kept", "full", "begun", "over", "closed"]


class _Counted(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class ItemNumbers(_Counted, frozen=True, kw_only=True):
    """Count one item at a site, in units.

    `allotted` is what slots have and did not hand over, `free` the part of it that nobody was promised, `promised`
    the part that is held or confirmed. `low`: what can still be promised has fallen under the item's `lowAt`.
    """

    item: str
    title: Text
    unit: Text
    on_hand: int
    allotted: int
    unallotted: int
    free: int
    promised: int
    low_at: int
    low: bool


class UnitNumbers(_Counted, frozen=True, kw_only=True):
    """Count one item in a slot, in units."""

    item: str
    allotted: int
    free: int
    held: int
    confirmed: int
    collected: int


class SlotNumbers(_Counted, frozen=True, kw_only=True):
    """Count the households and units of a slot; the households with a place are held, confirmed or collected.

    `is_decided`: a fair split of it was decided.
    """

    id: str
    starts: Instant
    ends: Instant
    method: str
    fill: Fill
    is_decided: bool
    state: SlotState
    places: int
    free_places: int
    held: int
    confirmed: int
    collected: int
    items: tuple[UnitNumbers, ...]


class SiteNumbers(_Counted, frozen=True, kw_only=True):
    """Count a site."""

    site: Site
    stock: tuple[ItemNumbers, ...]
    slots: tuple[SlotNumbers, ...]


def count(whole: WholeSite, items: dict[str, Item], now: Instant) -> SiteNumbers:
    """Count a site: every item that ever came there, in the order of the services, and every slot."""
    slots = tuple(_of_slot(slot, now) for slot in whole.slots.values())
    known = whole.stock.on_hand
    names = [*(id_ for id_ in items if id_ in known), *sorted(set(known) - set(items))]
    stock = tuple(_of_item(id_, items.get(id_), whole, slots) for id_ in names)
    return SiteNumbers(site=whole.site, stock=stock, slots=slots)


def _of_item(id_: str, item: Item | None, whole: WholeSite, slots: Iterable[SlotNumbers]) -> ItemNumbers:
    units = [each for slot in slots for each in slot.items if each.item == id_]
    unallotted = whole.stock.unallotted(id_)
    free = sum(each.free for each in units)
    low_at = item.low_at if item else 0
    return ItemNumbers(
        item=id_,
        title=item.title if item else {"ja": id_},
        unit=item.unit if item else {"ja": ""},
        on_hand=whole.stock.on_hand.get(id_, 0),
        allotted=whole.stock.allotted.get(id_, 0),
        unallotted=unallotted,
        free=free,
        promised=sum(each.held + each.confirmed for each in units),
        low_at=low_at,
        low=unallotted + free < low_at,
    )


def _of_slot(slot: Slot, now: Instant) -> SlotNumbers:
    entries = list(slot.entries.values())
    return SlotNumbers(
        id=slot.id,
        starts=slot.starts,
        ends=slot.ends,
        method=slot.method,
        fill=slot.fill,
        is_decided=slot.has(DECIDED),
        state=state_of(slot, now),
        places=slot.places,
        free_places=slot.free_places,
        held=_households(entries, "held"),
        confirmed=_households(entries, "confirmed"),
        collected=_households(entries, "collected"),
        items=tuple(_units(slot)),
    )


def state_of(slot: Slot, now: Instant) -> SlotState:
    """Return how a slot stands; one that is `kept` is offered to nobody until its split is decided."""
    if slot.ends <= now:
        return "over"
    if not slot.is_open:
        return "closed"
    if slot.fill == "split" and not slot.has(DECIDED):
        return "kept"
    if slot.starts <= now:
        return "begun"
    return "open" if slot.free_places else "full"


def _households(entries: list[Entry], state: str) -> int:
    return sum(entry.state == state for entry in entries)


def _units(slot: Slot) -> Iterator[UnitNumbers]:
    for position, item in enumerate(slot.items):
        by_state = {"held": 0, "confirmed": 0, "collected": 0}
        for entry in slot.entries.values():
            if entry.state in by_state and entry.units:
                by_state[entry.state] += entry.units[position]
        yield UnitNumbers(
            item=item,
            allotted=slot.allotted[item],
            free=slot.free[item],
            held=by_state["held"],
            confirmed=by_state["confirmed"],
            collected=by_state["collected"],
        )
