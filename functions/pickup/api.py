"""What residents and channels call of pickup: the slots that are open, and the place of a request."""

from typing import Annotated

import azure.functions as func
import msgspec
from msgspec import Meta

from functions.edge.access import ANYONE
from functions.edge.web import Call, answer, api
from functions.intake.api import access_code, status
from functions.pickup import views
from services.errors import FieldError, InvalidSubmission
from services.pickup.stock.sites import Method
from wiring.pickup import pickup

METHODS: tuple[Method, ...] = ("pickup", "delivery")

bp = func.Blueprint()


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name the slot that a resident asks for."""

    slot: Annotated[str, Meta(min_length=1, max_length=90)]


@bp.route("api/pickup/slots", methods=["GET"])
@api(access=ANYONE, limit="look")
async def list_open_slots(call: Call) -> func.HttpResponse:
    """List the slots that take anybody now."""
    offers = await pickup(call.app).offers.open(_method(call.request.params.get("method") or "pickup"))
    return answer({"slots": [views.slot(offer) for offer in offers]})


@bp.route("api/requests/{reference}/place/confirm", methods=["POST"])
@api(access=ANYONE, limit="look")
async def confirm_place(call: Call) -> func.HttpResponse:
    """Confirm the place that is held for a request."""
    return await status(
        call, await pickup(call.app).residents.confirm_place(call.route("reference"), access_code(call))
    )


@bp.route("api/requests/{reference}/place", methods=["POST"])
@api(access=ANYONE, limit="look")
async def choose_place(call: Call) -> func.HttpResponse:
    """Ask for another slot."""
    code, chosen = access_code(call), call.json(Choice)
    return await status(call, await pickup(call.app).residents.choose_place(call.route("reference"), code, chosen.slot))


def _method(asked: str) -> Method:
    found = next((method for method in METHODS if method == asked), None)
    if found is None:
        raise InvalidSubmission((FieldError("/method", "enum"),))
    return found
