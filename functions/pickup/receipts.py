"""What residents see and do on the page of a request about its place."""

from collections.abc import Mapping
from typing import Any

from functions.edge.capabilities import Asked, Link, Shown, Standing
from functions.edge.fields import Field, Typed, first
from functions.edge.html import Visit
from functions.pickup import codes, slot_options, views
from services.case.request import Request
from services.catalog.model import Definition
from services.pickup.booking.state import HAS_PLACE
from services.pickup.booking.transitions import choice_of
from services.pickup.entitlement.section import SLOTS, pickup_of
from services.pickup.errors import NoSuchSlot, PlaceChangedTooOften, PlaceGone
from services.pickup.part import booking_of
from wiring.app import App
from wiring.pickup import pickup

SLOT = "/slot"
"""The control by which a resident chooses another slot."""


async def standing(app: App, request: Request) -> Standing:
    """Tell how the pickup of a request stands."""
    return views.standing(request, await pickup(app).offers.appointment(request))


async def confirm_place(visit: Visit, reference: str, code: str, _: Typed) -> Request:
    """Confirm the place that is held."""
    return await pickup(visit.app).residents.confirm_place(reference, code)


async def choose_place(visit: Visit, reference: str, code: str, typed: Typed) -> Request:
    """Ask for another slot."""
    return await pickup(visit.app).residents.choose_place(reference, code, first(typed, SLOT))


def values(_: Visit, asked: Asked, definition: Definition | None) -> dict[str, Any]:
    """Return what the blocks of pickup need."""
    request = asked.request
    booking = booking_of(request) if request else None
    if booking and booking.method != "pickup":
        booking = None
    state = booking.state if booking else None
    is_open = booking is not None and choice_of(booking).may_happen(booking)
    could_change = request is not None and request.status == "accepted" and is_open
    may_choose = booking is not None and booking.may_choose
    code = codes.drawing_of(request.reference) if request and state in HAS_PLACE else None
    return {
        "has_pickup": definition is not None and pickup_of(definition) is not None,
        "pickup_code": code,
        "hides_rest": code is not None,
        "can_change": could_change and may_choose,
        "may_not_choose": could_change and not may_choose,
        "is_kept": asked.step == "choose-place"
        and asked.problem is None
        and _is_kept(request, first(asked.typed, SLOT)),
    }


async def page(visit: Visit, asked: Asked, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Offer other slots where a resident asks for them, or chose one that is not there any more."""
    is_asked = asked.step == "change-place" or isinstance(asked.problem, NoSuchSlot)
    if asked.request and values["can_change"] and is_asked:
        return "pickup/place", {"slot": await _slot_field(visit, asked.request)}
    return None


async def _slot_field(visit: Visit, request: Request) -> Field:
    """Draw the slots that a request may change to, with its own marked."""
    booking = booking_of(request)
    own = booking.place.name if booking and booking.place else None
    offered = slot_options.options(await pickup(visit.app).offers.choices(request), visit.texts, own)
    return Field(
        pointer=SLOT,
        kind="radios",
        label=visit.texts("place.label"),
        help="",
        required=True,
        typed=(),
        shown="",
        error=None,
        options=offered,
    )


def _is_kept(request: Request | None, chosen: str) -> bool:
    """Tell that a request stays where it is: the slot that was chosen has no room any more."""
    booking = booking_of(request) if request else None
    if booking is None or booking.place is None:
        return False
    return booking.state in ("held", "confirmed") and booking.place.name != chosen


SHOWN = Shown(
    options={SLOTS: slot_options.of_form},
    events=views.PUBLIC_EVENTS,
    standing=standing,
    acts={"confirm-place": confirm_place, "choose-place": choose_place},
    told=(PlaceGone, NoSuchSlot, PlaceChangedTooOften),
    values=values,
    page=page,
    notice="pickup/kept.html",
    block="pickup/booking.html",
    receipt="pickup/receipt.html",
    links=(
        Link(address="/staff/counter", roles="Team. Supervisor", key="staff.counter"),
        Link(address="/staff/supplies", roles="Team.supplies Supervisor", key="staff.supplies"),
    ),
)
