"""What residents and channels call: services, requests, how they stand, and withdrawal."""

from contextlib import suppress

import azure.functions as func

from functions.edge import capabilities, clients, telemetry
from functions.edge.access import ANYONE
from functions.edge.problems import AccessCodeMissing, MissingKey
from functions.edge.texts import LANGUAGES, Texts
from functions.edge.web import Call, answer, api, caller_of, require
from functions.intake import views
from services.case.receipts import read_reference
from services.case.request import Request, Submission
from services.errors import Unauthenticated
from services.intake.submissions import is_idempotency_key

STATUS_OF = {"created": 201, "repeated": 200, "queued": 202}

CHANNEL = "Channel."
"""How the roles of channels begin."""

bp = func.Blueprint()


@bp.route("api/services", methods=["GET"])
@api(access=ANYONE, limit="look")
async def list_services(call: Call) -> func.HttpResponse:
    """List every service, open or not, and those that are paused."""
    catalog, phone = call.app.catalog, call.app.settings.municipality_phone
    services = [views.service(current, call.app.clock()) for current in await catalog.services()]
    return answer({"services": services, "paused": [views.paused(one, phone) for one in await catalog.paused()]})


@bp.route("api/services/{id}", methods=["GET"])
@api(access=ANYONE, limit="look")
async def get_service(call: Call) -> func.HttpResponse:
    """Show one service with its form."""
    current = await call.app.catalog.service(call.route("id"))
    return answer(views.service_with_form(current, call.app.clock()))


@bp.route("api/requests", methods=["POST"])
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


@bp.route("api/requests/{reference}", methods=["GET"])
@api(access=ANYONE, limit="look")
async def get_request(call: Call) -> func.HttpResponse:
    """Tell a resident how a request stands."""
    request = await call.app.requests.status(call.route("reference"), access_code(call))
    return await status(call, request)


@bp.route("api/requests/{reference}/withdraw", methods=["POST"])
@api(access=ANYONE, limit="look")
async def withdraw_request(call: Call) -> func.HttpResponse:
    """Withdraw a request."""
    return await status(call, await call.app.requests.withdraw(call.route("reference"), access_code(call)))


async def _count(call: Call) -> None:
    """Count a call by its address, unless its token is that of a channel; raises TooManyRequests."""
    if call.request.headers.get("authorization"):
        with suppress(Unauthenticated):
            if any(role.startswith(CHANNEL) for role in (await caller_of(call.request)).roles):
                return
    clients.admit(call.app, call.request.headers, "send")


async def status(call: Call, request: Request | None) -> func.HttpResponse:
    """Answer how a request stands; None stands for a genuine receipt whose document is still on its way."""
    phone = await call.app.requests.phone_of(request)
    if request is None:
        reference = read_reference(call.route("reference")) or ""
        return answer(views.status_of_receipt(reference, phone, call.texts))
    standings = await capabilities.standings(call.app, request)
    return answer(views.status_of_request(request, phone, _texts(call, request), standings))


def _texts(call: Call, request: Request) -> Texts:
    """Speak the language that the call asks for, else that of the request."""
    if call.request.headers.get("accept-language") or request.locale not in LANGUAGES:
        return call.texts
    return Texts(request.locale)


def access_code(call: Call) -> str:
    """Return the access code of a call; raises AccessCodeMissing."""
    code = call.request.headers.get("access-code", "")
    if not code.strip():
        raise AccessCodeMissing()
    return str(code)
