"""A pickup site (避難所, 物資拠点), its slots, and the stock that is kept and allotted there."""

from typing import Annotated, Literal

import msgspec

from services.case.documents import Document, Event
from services.texts import Text
from services.times import Instant

MOST_HOUSEHOLDS = 500
"""Households in one slot, so that its document stays small and cheap to write."""
MOST_ITEMS = 8
"""Items in one slot: a reservation is one patch, and a patch holds ten operations."""
MOST_UNITS = 100_000
MOST_ALLOTMENTS = 200
"""How often what a slot is allotted is changed; the slot remembers each, so that a repeat changes nothing."""
MOST_ITEMS_OF_SITE = 2_000
"""Items of which a site has or had any."""
DECIDED = "split.decided"
"""The id of the event by which a slot remembers that its split was decided."""
HISTORY_KEPT = 50
"""How many moves a stock remembers, to recognise a repeat (all of them stand beside it as documents), and how many
changes a site."""

type SiteKind = Literal["shelter", "depot", "temporary"]
type Method = Literal["pickup", "delivery"]
type Fill = Literal["first_come", "split"]
"""Who a slot is for: whoever comes first, or nobody until a split of it is decided and all its shares are followed."""
type EntryState = Literal["held", "confirmed", "collected", "ended"]
type EntryKey = Annotated[str, msgspec.Meta(pattern=r"\.[0-9]{1,9}\Z")]
"""A reference and the round in which it asked (`turns.key_of`)."""
type MoveKind = Literal["received", "allotted", "released", "handed_over", "adjusted", "packed"]


class Site(Document, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="site"):
    """Describe where supplies are handed out; `id` is `site`, since every site has a partition of its own.

    `due_at` is there while slots have yet to follow a site that was closed or moved, `moved_at` once it has moved.
    """

    site_id: str
    name: Text
    kind: SiteKind
    address: str
    hours: Text = {}
    access: Text = {}
    phone: str = ""
    lat: float | None = None
    lon: float | None = None
    is_open: bool = True
    moved_at: Instant | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hold one household's place: its units in the order of the slot's items, and for a hold until when (epoch s)."""

    state: EntryState
    units: tuple[int, ...] = ()
    until: int = 0


class Slot(Document, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="slot"):
    """Hold one span of time at a site, with room for so many households and units allotted from the site's stock.

    `free_places` and `free` are neither held nor handed over; with `has_line`, what comes back is kept for those who
    wait. A split that was decided stands in the history. `moved_at` is when its site moved last: households that had a
    place before are asked.
    """

    site_id: str
    starts: Instant
    ends: Instant
    method: Method = "pickup"
    fill: Fill = "first_come"
    is_open: bool = True
    places: int
    free_places: int
    allotted: dict[str, int]
    free: dict[str, int]
    has_line: bool = False
    moved_at: Instant | None = None
    entries: dict[EntryKey, Entry] = {}

    def __post_init__(self) -> None:
        if self.free.keys() != self.allotted.keys():
            raise ValueError("units are free of items that are not allotted, or the other way round")

    @property
    def items(self) -> tuple[str, ...]:
        """Return the items handed out in this slot, in the order of an entry's units."""
        return tuple(sorted(self.allotted))

    @property
    def is_being_split(self) -> bool:
        """Tell whether a split was decided of which some shares may not be followed yet."""
        return self.fill == "split" and self.has(DECIDED)

    def lines(self, key: str) -> dict[str, int]:
        """Return the units of an entry by item."""
        entry = self.entries.get(key)
        units = entry.units if entry else ()
        return {item: n for item, n in zip(self.items, units, strict=False) if n}

    def has_room(self, lines: dict[str, int]) -> bool:
        """Tell whether a household with these lines fits in."""
        return self.free_places > 0 and all(self.free.get(item, 0) >= n for item, n in lines.items())


class Stock(Document, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="stock"):
    """Sum up a site's moves by item: units on hand, and of those the units allotted to slots; `id` is `stock`."""

    site_id: str
    on_hand: dict[str, int] = {}
    allotted: dict[str, int] = {}

    def unallotted(self, item: str) -> int:
        """Return the units that no slot was promised."""
        return self.on_hand.get(item, 0) - self.allotted.get(item, 0)


class Move(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, tag_field="type", tag="move"):
    """Record one change of stock, so that it can be explained at any time; `id` derives from what caused it.

    `lines` are signed units by item: of the stock on hand for what is received, handed over, adjusted or packed into
    kits, of the stock allotted for what is allotted to a slot or released from one.
    """

    id: str
    site_id: str
    kind: MoveKind
    at: Instant
    lines: dict[str, int]
    slot: str | None = None
    reference: str | None = None
    by: str | None = None
    by_id: str | None = None
    reason: str | None = None
    operation: str | None = None
    receiver: Literal["household", "proxy"] | None = None


class WholeSite(msgspec.Struct, frozen=True):
    """Hold a site with its stock and its slots: what one logical partition contains, but for the moves."""

    site: Site
    stock: Stock
    slots: dict[str, Slot]


def after(stock: Stock, move: Move) -> Stock:
    """Return the stock after a move."""
    on_hand, allotted = dict(stock.on_hand), dict(stock.allotted)
    for item, units in move.lines.items():
        if move.kind in ("received", "adjusted", "packed", "handed_over"):
            on_hand[item] = on_hand.get(item, 0) + units
        if move.kind in ("allotted", "released", "handed_over"):
            allotted[item] = allotted.get(item, 0) + units
    event = Event(id=move.id, at=move.at, event=move.kind)
    history = (*stock.history, event)[-HISTORY_KEPT:]
    return msgspec.structs.replace(stock, on_hand=on_hand, allotted=allotted, history=history)
