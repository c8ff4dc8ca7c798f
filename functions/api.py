"""What residents and channels call: services, slots, requests, how they stand, their place and withdrawal."""

from contextlib import suppress
from typing import Annotated

import azure.functions as func
import msgspec
from msgspec import Meta

from functions import clients, telemetry, views
from functions.access import ANYONE
from functions.problems import AccessCodeMissing, MissingKey
from functions.texts import LANGUAGES, Texts
from functions.web import Call, answer, api, caller_of, require
from services.errors import FieldError, InvalidSubmission, Unauthenticated
from services.pickup.sites import Method
from services.requests.intake import is_idempotency_key
from services.requests.model import Request, Submission
from services.requests.receipts import read_reference

STATUS_OF = {"created": 201, "repeated": 200, "queued": 202}

CHANNEL = "Channel."
"""How the roles of channels begin."""
METHODS: tuple[Method, ...] = ("pickup", "delivery")

bp = func.Blueprint()


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name the slot that a resident asks for."""

    slot: Annotated[str, Meta(min_length=1, max_length=90)]


@bp.route("api/services", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE, limit="look")
async def list_services(call: Call) -> func.HttpResponse:
    """List every service, open or not."""
    services = await call.app.catalog.services()
    return answer({"services": [views.service(current, call.app.clock()) for current in services]})


@bp.route("api/services/{id}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE, limit="look")
async def get_service(call: Call) -> func.HttpResponse:
    """Show one service with its form."""
    current = await call.app.catalog.service(call.route("id"))
    return answer(views.service_with_form(current, call.app.clock()))


@bp.route("api/pickup/slots", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE, limit="look")
async def list_open_slots(call: Call) -> func.HttpResponse:
    """List the slots that take anybody now."""
    offers = await call.app.offers.open(_method(call.request.params.get("method") or "pickup"))
    return answer({"slots": [views.slot(offer) for offer in offers]})


@bp.route("api/requests", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE)
async def submit_request(call: Call) -> func.HttpResponse:
    """Keep a request and give its receipt; who sends is counted before the body is read."""
    await _count(call)
    submission = call.json(Submission)
    key = call.request.headers.get("idempotency-key", "")
    if not is_idempotency_key(key):
        raise MissingKey()
    if submission.channel != "web":
        await require(call.request, f"{CHANNEL}{submission.channel}")
    receipt, how = await call.app.requests.submit(submission, key, call.traceparent)
    telemetry.record_submission(submission.service, submission.channel, how)
    return answer(receipt, STATUS_OF[how])


@bp.route("api/requests/{reference}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE, limit="look")
async def get_request(call: Call) -> func.HttpResponse:
    """Tell a resident how a request stands."""
    request = await call.app.requests.status(call.route("reference"), _access_code(call))
    return await _status(call, request)


@bp.route("api/requests/{reference}/withdraw", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE, limit="look")
async def withdraw_request(call: Call) -> func.HttpResponse:
    """Withdraw a request."""
    return await _status(call, await call.app.requests.withdraw(call.route("reference"), _access_code(call)))


@bp.route("api/requests/{reference}/place/confirm", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE, limit="look")
async def confirm_place(call: Call) -> func.HttpResponse:
    """Confirm the place that is held for a request."""
    return await _status(call, await call.app.residents.confirm_place(call.route("reference"), _access_code(call)))


@bp.route("api/requests/{reference}/place", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE, limit="look")
async def choose_place(call: Call) -> func.HttpResponse:
    """Ask for another slot."""
    code, chosen = _access_code(call), call.json(Choice)
    return await _status(call, await call.app.residents.choose_place(call.route("reference"), code, chosen.slot))


async def _count(call: Call) -> None:
    """Count a call by its address, unless its token is that of a channel; raises TooManyRequests."""
    if call.request.headers.get("authorization"):
        with suppress(Unauthenticated):
            if any(role.startswith(CHANNEL) for role in (await caller_of(call.request)).roles):
                return
    clients.admit(call.app, call.request.headers, "send")


async def _status(call: Call, request: Request | None) -> func.HttpResponse:
    phone = await call.app.requests.phone_of(request)
    if request is None:
        reference = read_reference(call.route("reference")) or ""
        return answer(views.status_of_receipt(reference, phone, call.texts))
    appointment = await call.app.offers.appointment(request)
    return answer(views.status_of_request(request, phone, _texts(call, request), appointment))


def _method(asked: str) -> Method:
    found = next((method for method in METHODS if method == asked), None)
    if found is None:
        raise InvalidSubmission((FieldError("/method", "enum"),))
    return found


def _texts(call: Call, request: Request) -> Texts:
    """Speak the language that the call asks for, else that of the request."""
    if call.request.headers.get("accept-language") or request.locale not in LANGUAGES:
        return call.texts
    return Texts(request.locale)


def _access_code(call: Call) -> str:
    code = call.request.headers.get("access-code", "")
    if not code.strip():
        raise AccessCodeMissing()
    return str(code)
