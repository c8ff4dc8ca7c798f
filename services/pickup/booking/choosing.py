"""Choosing the slot that a household asks next, by the resident or by rule, and until when a place it did not choose
is held."""

from collections.abc import Sequence

from services import times
from services.case import request as requests
from services.case.request import Request, Step
from services.case.task import round_of
from services.pickup.asking import DELIVERED_AGAIN
from services.pickup.booking import progress, transitions
from services.pickup.booking.state import Booking
from services.pickup.errors import PlaceChangedTooOften, PlaceGone
from services.pickup.part import booked
from services.pickup.slots import turns
from services.pickup.slots.turns import Opening
from services.times import Instant

HELD_FOR = 12 * 3600.0
"""Seconds for which a place that the resident did not choose is held for an answer."""
ANSWERED_BEFORE = 3600.0
"""Seconds before the slot by which such a place is confirmed, so that others may still come."""
SHORTEST_HOLD = 1800.0


def choice(openings: Sequence[Opening], booking: Booking) -> Opening | None:
    """Choose the slot to ask: the one wished for, else the earliest with room.

    A household that changes its place, or has a share of a split, asks only the slot it wishes for.
    """
    split = booking.apportioned.slot if booking.apportioned else None
    left = [o for o in openings if o.method == booking.method and o.name not in booking.asked and o.admits(split)]
    wished = next((o for o in left if o.name == booking.wish), None)
    if wished or split or booking.state == "changing":
        return wished
    newcomer = booking.state == "looking"
    return next((o for o in left if turns.has_room(o, booking.lines) and not (newcomer and o.has_line)), None)


def wish(request: Request, slot: str, now: Instant) -> Request:
    """Let a resident choose another slot; keep the present place until the new one is certain.

    Choosing again the slot that is being asked changes nothing. Raises PlaceGone and PlaceChangedTooOften.
    """
    booking = booked(request)
    if booking.wish == slot and any(step.kind == "reserve" for step in request.pending.values()):
        return request
    chosen = transitions.choice_of(booking)
    if not chosen.may_happen(booking):
        raise PlaceGone()
    if not booking.may_choose:
        raise PlaceChangedTooOften()
    wishes = progress.after(request, chosen, wish=slot, asked=(), choices=booking.choices + 1)
    if booking.state == "returned":
        round_ = 1 + max(round_of(task.id) for task in request.tasks)
        again = Step(kind="dispatch", at=now, round=round_, reason=DELIVERED_AGAIN)
        wishes = requests.with_step(wishes, f"dispatch.{round_}", again)
    return requests.with_step(wishes, booking.next_ask, Step(kind="reserve", at=now))


def held_until(opening: Opening, booking: Booking, now: Instant) -> Instant | None:
    """Return until when to hold a place that was not chosen: one instead of that wished for, or one from the line."""
    chosen = booking.wish in (None, opening.name) and booking.state != "called"
    if chosen or booking.state == "changing":
        return None
    return hold_until(opening.starts, now)


def hold_until(starts: Instant, now: Instant) -> Instant:
    """Return until when a place is held for an answer."""
    latest = times.later(starts, -ANSWERED_BEFORE)
    return max(min(times.later(now, HELD_FOR), latest), times.later(now, SHORTEST_HOLD))
