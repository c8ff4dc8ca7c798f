"""What residents and channels call: services, requests, their status and withdrawal."""

import azure.functions as func

from functions import views
from functions.access import ANYONE
from functions.texts import LANGUAGES, Texts
from functions.web import AccessCodeMissing, Call, MissingKey, answer, api, require
from services.requests.intake import is_idempotency_key
from services.requests.model import Request, Submission
from services.requests.receipts import read_reference

STATUS_OF = {"created": 201, "repeated": 200, "queued": 202}

bp = func.Blueprint()


@bp.route("api/services", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE)
async def list_services(call: Call) -> func.HttpResponse:
    """List every service, open or not."""
    services = await call.app.catalog.services()
    return answer({"services": [views.service(current, call.app.clock()) for current in services]})


@bp.route("api/services/{id}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE)
async def get_service(call: Call) -> func.HttpResponse:
    """Show one service with its form."""
    current = await call.app.catalog.service(call.route("id"))
    return answer(views.service_with_form(current, call.app.clock()))


@bp.route("api/requests", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE)
async def submit_request(call: Call) -> func.HttpResponse:
    """Keep a request and give its receipt."""
    submission = call.json(Submission)
    key = call.request.headers.get("idempotency-key", "")
    if not is_idempotency_key(key):
        raise MissingKey()
    if submission.channel != "web":
        await require(call.request, f"Channel.{submission.channel}")
    receipt, how = await call.app.requests.submit(submission, key, call.traceparent)
    return answer(receipt, STATUS_OF[how])


@bp.route("api/requests/{reference}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE)
async def get_request(call: Call) -> func.HttpResponse:
    """Tell a resident how a request stands."""
    request = await call.app.requests.status(call.route("reference"), _access_code(call))
    return await _status(call, request)


@bp.route("api/requests/{reference}/withdraw", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE)
async def withdraw_request(call: Call) -> func.HttpResponse:
    """Withdraw a request."""
    return await _status(call, await call.app.requests.withdraw(call.route("reference"), _access_code(call)))


async def _status(call: Call, request: Request | None) -> func.HttpResponse:
    phone = await call.app.requests.phone_of(request)
    if request is None:
        reference = read_reference(call.route("reference")) or ""
        return answer(views.status_of_receipt(reference, phone, call.texts))
    return answer(views.status_of_request(request, phone, _texts(call, request)))


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
