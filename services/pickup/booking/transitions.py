"""What may happen to a booking: in which states, and which state comes after. docs/bookings.md draws this table."""

from typing import TypedDict, Unpack

import msgspec

from services.pickup.booking.state import ASKS, HAS_PLACE, STATES, Apportioned, Booking, BookingState, Place
from services.times import Instant


class Transition(msgspec.Struct, frozen=True):
    """Name what happens to a booking, the states in which it may happen, and the state after it."""

    what: str
    before: tuple[BookingState, ...]
    after: BookingState

    def may_happen(self, booking: Booking) -> bool:
        """Tell whether this may happen to a booking in its present state."""
        return booking.state in self.before


class Changes(TypedDict, total=False):
    """Name the fields of a booking that a change may write besides its state."""

    lines: dict[str, int]
    policies: tuple[str, ...]
    wish: str | None
    round: int
    place: Place | None
    asks: Place | None
    asked: tuple[str, ...]
    until: Instant | None
    starts: Instant | None
    ends: Instant | None
    override: str | None
    apportioned: Apportioned | None
    choices: int


def _all_but(*states: BookingState) -> tuple[BookingState, ...]:
    return tuple(state for state in STATES if state not in states)


PLACE = Transition("a slot has room", ASKS, "confirmed")
HOLD = Transition("a slot that was not chosen has room", ASKS, "held")
FOLLOW_NEWER_CHOICE = Transition("a slot has room, but another was chosen meanwhile", ASKS, "changing")
KEEP = Transition("the chosen slot has no room, the place stays", ASKS, "confirmed")
KEEP_HELD = Transition("the chosen slot has no room, the hold stays", ASKS, "held")
WAIT = Transition("no slot has room", ("looking", "called"), "waiting")
CALL = Transition("there is room for whoever waits", ("waiting",), "called")
REFUSE = Transition("another request was granted the same", (*ASKS, "held", "confirmed"), "already")
OVERRIDE = Transition("a person lets it be served", ("already",), "looking")
CHOOSE = Transition("the resident chooses a slot", ("looking", "waiting", "expired", "returned"), "looking")
CHANGE = Transition("another slot, or other units, are asked for", ("looking", "held", "confirmed"), "changing")
CONFIRM = Transition("the resident confirms", ("held",), "confirmed")
EXPIRE = Transition("nobody confirms in time", ("held",), "expired")
ASK_ABOUT_MOVE = Transition("the site moves", ("held", "confirmed"), "held")
LOSE = Transition("the slot is closed", HAS_PLACE, "called")
MISS = Transition("nobody comes", ("held", "confirmed"), "missed")
LOSE_WHILE_CHANGING = Transition("the place ends before the chosen one is certain", ("changing",), "looking")
COLLECT = Transition("supplies are handed over", _all_but("collected"), "collected")
RETURN = Transition("supplies cannot be delivered", _all_but("collected", "ended", "already"), "returned")
END = Transition("the request is withdrawn", STATES, "ended")

CLOSE = Transition("a supervisor ends it", ("returned",), "ended")

TRANSITIONS = (
    *(PLACE, HOLD, FOLLOW_NEWER_CHOICE, KEEP, KEEP_HELD, WAIT, CALL, REFUSE, OVERRIDE, CHOOSE, CHANGE),
    *(CONFIRM, EXPIRE, ASK_ABOUT_MOVE, LOSE, MISS, LOSE_WHILE_CHANGING, COLLECT, RETURN, END, CLOSE),
)


def changed(booking: Booking, **changes: Unpack[Changes]) -> Booking:
    """Return a booking with these changes, which keeps its state."""
    return msgspec.structs.replace(booking, **changes)


def after(transition: Transition, booking: Booking, **changes: Unpack[Changes]) -> Booking:
    """Return a booking after a transition; raises ValueError where it may not happen in its state."""
    if not transition.may_happen(booking):
        raise ValueError(f"{transition.what}: may not happen to a booking in the state {booking.state!r}")
    return msgspec.structs.replace(booking, state=transition.after, **changes)


def choice_of(booking: Booking) -> Transition:
    """Return the transition of a booking whose resident chooses a slot: to change its place, or to look for one."""
    return CHANGE if booking.place else CHOOSE
