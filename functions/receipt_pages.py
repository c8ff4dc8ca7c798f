"""What residents see with a receipt: the receipt itself, how their request stands, its place, and withdrawal."""

from typing import Any

import azure.functions as func

from functions import pickup_codes, slots, views
from functions.fields import Field, Typed, first
from functions.html import LANG, NOT_KEPT, Visit, page
from functions.problems import ReceiptIncomplete, retry_after
from services.catalog.model import Definition
from services.errors import MadoguchiError, TooManyTries
from services.pickup.booking import CAN_CHANGE, HAS_PLACE
from services.pickup.errors import NoSuchSlot, PlaceChangedTooOften, PlaceGone
from services.pickup.part import booking_of
from services.pickup.plan import pickup_of
from services.requests.model import Request
from services.requests.receipts import read_code, read_reference

SLOT = "/slot"
"""The control by which a resident chooses another slot."""

bp = func.Blueprint()


@bp.route(LANG + "/requests", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@page("requests", limit="look")
async def ask_for_receipt(visit: Visit) -> func.HttpResponse:
    """Ask for reference and access code, which never stand in an address."""
    return _ask(visit, {})


@bp.route(LANG + "/requests", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@page("requests", limit="look")
async def show_request(visit: Visit) -> func.HttpResponse:
    """Show how a request stands or its receipt again; confirm or change its place, or withdraw it, if asked."""
    typed = visit.form()
    step, reference, code = (first(typed, name) for name in ("step", "reference", "accessCode"))
    if step == "edit":
        return _ask(visit, typed)
    chosen = first(typed, SLOT)
    try:
        request, problem = await _asked(visit, step, reference, code, chosen)
        values = await _values(visit, request, reference, code)
        if request and values["can_change"] and (step == "change-place" or isinstance(problem, NoSuchSlot)):
            return _drawn(visit, "pickup/place", problem, slot=await _slot_field(visit, request), **values)
    except MadoguchiError as error:
        if retry_after(error) and not isinstance(error, TooManyTries):
            raise
        return _ask(visit, {"reference": [reference]}, error)
    if step == "receipt":
        return _receipt_again(visit, request, values)
    if step == "confirm" and request and request.status == "accepted":
        return _drawn(visit, "pages/withdraw", None, **values)
    is_kept = step == "choose-place" and problem is None and _is_kept(request, chosen)
    return _drawn(visit, "pages/request", problem, is_kept=is_kept, **values)


def receipt_page(visit: Visit, reference: str, code: str, *, status: int = 200, **values: Any) -> func.HttpResponse:
    """Draw a receipt, which no cache keeps."""
    known: dict[str, Any] = {"shown": {}, "pickup_code": None, "can_change": False, "may_not_choose": False, **values}
    return visit.page("pages/receipt", status=status, cache=NOT_KEPT, reference=reference, code=code, **known)


def _receipt_again(visit: Visit, request: Request | None, values: dict[str, Any]) -> func.HttpResponse:
    """Show a receipt in another language; sending the form again would not, since its language is part of it."""
    shown = values["shown"]
    return receipt_page(
        visit,
        shown["reference"],
        read_code(values["code"]),
        title=values["title"],
        received_at=request.received_at if request else None,
        how="created" if request else "queued",
        next=shown["next"]["text"],
        phone=shown["phone"],
        has_pickup=values["has_pickup"],
        shown=shown,
        pickup_code=values["pickup_code"],
        can_change=values["can_change"],
        may_not_choose=values["may_not_choose"],
    )


def _drawn(visit: Visit, template: str, problem: MadoguchiError | None, **values: Any) -> func.HttpResponse:
    if problem:
        return visit.problem(problem, template, cache=NOT_KEPT, **values)
    return visit.page(template, cache=NOT_KEPT, problem=None, **values)


def _ask(visit: Visit, typed: Typed, problem: MadoguchiError | None = None) -> func.HttpResponse:
    return _drawn(
        visit, "pages/requests", problem, reference=first(typed, "reference"), code=first(typed, "accessCode")
    )


async def _asked(
    visit: Visit, step: str, reference: str, code: str, slot: str
) -> tuple[Request | None, MadoguchiError | None]:
    """Do what was asked; a place that cannot be had is told on the page of the request."""
    try:
        return await _request(visit, step, reference, code, slot), None
    except (PlaceGone, NoSuchSlot, PlaceChangedTooOften) as error:
        return await visit.app.requests.status(reference, code), error


async def _request(visit: Visit, step: str, reference: str, code: str, slot: str) -> Request | None:
    if not (reference.strip() and code.strip()):
        raise ReceiptIncomplete()
    if step == "withdraw":
        return await visit.app.requests.withdraw(reference, code)
    if step == "confirm-place":
        return await visit.app.residents.confirm_place(reference, code)
    if step == "choose-place":
        return await visit.app.residents.choose_place(reference, code, slot)
    return await visit.app.requests.status(reference, code)


async def _values(visit: Visit, request: Request | None, reference: str, code: str) -> dict[str, Any]:
    """Gather what every page of a request says."""
    booking = booking_of(request) if request else None
    if booking and booking.method != "pickup":
        booking = None
    state = booking.state if booking else None
    could_change = request is not None and request.status == "accepted" and state in CAN_CHANGE
    may_choose = booking is not None and booking.may_choose
    phone = await visit.app.requests.phone_of(request)
    definition = await _definition(visit, request) if request else None
    return {
        "shown": await _shown(visit, request, reference, phone),
        "code": code,
        "title": visit.texts.of(definition.title) if definition else None,
        "has_pickup": definition is not None and pickup_of(definition) is not None,
        "phone": phone,
        "pickup_code": pickup_codes.drawing_of(request.reference) if request and state in HAS_PLACE else None,
        "can_change": could_change and may_choose,
        "may_not_choose": could_change and not may_choose,
    }


async def _shown(visit: Visit, request: Request | None, reference: str, phone: str) -> dict[str, Any]:
    if request is None:
        return views.status_of_receipt(read_reference(reference) or "", phone, visit.texts)
    appointment = await visit.app.offers.appointment(request)
    return views.status_of_request(request, phone, visit.texts, appointment)


async def _slot_field(visit: Visit, request: Request) -> Field:
    """Draw the slots that a request may change to, with its own marked."""
    booking = booking_of(request)
    own = booking.place.name if booking and booking.place else None
    offered = slots.options(await visit.app.offers.choices(request), visit.texts, own)
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


async def _definition(visit: Visit, request: Request) -> Definition:
    """Return the service of a request as the edition that was answered says it."""
    return (await visit.app.catalog.edition(request.service, request.version)).definition
