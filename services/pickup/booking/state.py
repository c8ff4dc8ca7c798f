"""The booking of a request: what its household is due, where it asks for a place, and in which state that is."""

from typing import Any, Literal, get_args

import msgspec

from services.pickup.stock.sites import Method
from services.times import Instant

type BookingState = Literal[
    "looking",
    "waiting",
    "called",
    "held",
    "confirmed",
    "changing",
    "collected",
    "missed",
    "expired",
    "returned",
    "ended",
    "already",
]
"""The state of a booking; docs/bookings.md says what each means, and booking/transitions.py which follows which."""

STATES: tuple[BookingState, ...] = get_args(BookingState.__value__)
ASKS: tuple[BookingState, ...] = ("looking", "called", "changing")
"""A place is being asked for: a step `reserve` is pending."""
HAS_PLACE: tuple[BookingState, ...] = ("held", "confirmed", "changing")
"""The household has a place."""
IN_LINE: tuple[BookingState, ...] = ("waiting", "called", "looking")
"""The household has no place yet and is to get one."""
LASTS: tuple[BookingState, ...] = ("waiting", "confirmed", "expired", "returned")
"""A request waits for its turn, its day or its resident, with nothing pending and no task open."""
STANDS_STILL: tuple[BookingState, ...] = ("returned",)
"""A request that lasts, and that no clock moves on."""
IS_OVER: tuple[BookingState, ...] = ("collected", "missed", "expired", "returned", "ended")
"""No place is wanted, unless the resident chooses again."""
MOST_CHOICES = 20
"""How often a resident may choose another slot for one request: the limit bounds what changes leave in documents."""
MOST_ASKED = 500
"""How many slots without room a request remembers while it looks for a place."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Name a slot and the round in which the request asked it: together the key of its entry there."""

    site: str
    slot: str
    round: int

    @property
    def name(self) -> str:
        """Return the name by which a form knows the slot."""
        return f"{self.site}.{self.slot}"

    @property
    def expiry(self) -> str:
        """Return the id of the step that ends a hold of this place."""
        return f"expire.{self.round}"

    @property
    def giveback(self) -> str:
        """Return the id of the step that gives this place back."""
        return f"giveback.{self.round}"


def place_of(name: str, round_: int) -> Place:
    """Return the place that a slot of this name (`Place.name`) is in a round."""
    site, _, slot = name.partition(".")
    return Place(site=site, slot=slot, round=round_)


class Apportioned(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Remember what a household was due and wished for before a split of a slot (by name) granted it a share."""

    slot: str
    lines: dict[str, int]
    policies: tuple[str, ...] = ()
    wish: str | None = None


class Booking(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Hold what one household is due and the place it has; `since` decides its turn in the line.

    `household` is the key that only the same household has, `blocks` are the entries of the index that finds households
    which may be the same. Both are made by the version `folding` of the folding (`households.FOLDING`); `formerly` are
    the keys that former foldings gave the same answers.

    `apportioned` is there while `lines` and `policies` are those of its share of a split.

    A request asks one slot in each round, and writes down which before it asks, so that a repeated step asks the same.
    `choices` counts the slots that the resident chose after the form; changes by staff and the clock are not counted.
    """

    state: BookingState
    method: Method
    since: Instant
    members: int
    flagged: int = 0
    lines: dict[str, int]
    policies: tuple[str, ...] = ()
    household: str
    blocks: tuple[str, ...] = ()
    folding: int = 1
    formerly: tuple[str, ...] = ()
    wish: str | None = None
    round: int = 0
    place: Place | None = None
    asks: Place | None = None
    asked: tuple[str, ...] = ()
    until: Instant | None = None
    starts: Instant | None = None
    ends: Instant | None = None
    override: str | None = None
    apportioned: Apportioned | None = None
    choices: int = 0

    @property
    def next_ask(self) -> str:
        """Return the id of the step that asks for another place than any asked before."""
        return f"reserve.{self.round + 1}"

    @property
    def may_choose(self) -> bool:
        """Tell whether the resident may choose another slot once more."""
        return self.choices < MOST_CHOICES

    def wants(self, place: Place) -> bool:
        """Tell whether the request has this place or asks for it, and is not over."""
        return self.state not in IS_OVER and place in (self.place, self.asks)

    @property
    def wants_any(self) -> bool:
        """Tell whether the request has a place or asks for one, and is not over."""
        return self.state not in IS_OVER and (self.place or self.asks) is not None

    def is_past(self, place: Place) -> bool:
        """Tell whether the request has reached the round of this place and does not want it: it never will again."""
        return self.round >= place.round and not self.wants(place)


class Correction(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Hold what staff correct of a household's answers: a merge patch (RFC 7396), and in `before` what undoes it.

    `household` and `policies` name the grants that stood before; they and `before` are there once it is made.
    """

    id: str
    at: Instant
    by: str
    by_id: str | None = None
    reason: str
    answers: dict[str, Any]
    before: dict[str, Any] = {}
    household: str = ""
    policies: tuple[str, ...] = ()
