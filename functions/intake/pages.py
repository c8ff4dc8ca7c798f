"""What residents see on the way to a receipt: services, the form and its check; without JavaScript.

Each step has an address of its own: when a connection is lost, a browser puts the error in the place of a page of the
same address, and what was typed there is gone.
"""

import azure.functions as func

from functions.edge import telemetry
from functions.edge.fields import Typed, first
from functions.edge.headers import respond
from functions.edge.html import LANG, Visit, page
from functions.edge.texts import negotiate
from functions.intake import drafts, sending, views
from functions.intake.cookies import cookie_if_new, cookie_of, draft_of
from functions.intake.drafts import Verdict
from functions.intake.form_pages import check_page, form_page, outdated_page, read_submission, read_version, with_seed
from functions.intake.sending import SERVICE
from services.errors import InvalidSubmission, MadoguchiError, TooLarge
from services.intake.submissions import hash_of_body

bp = func.Blueprint()


@bp.route("{ignored:maxlength(0)?}", methods=["GET"])
@page("")
async def choose_language(visit: Visit) -> func.HttpResponse:
    """Lead to the pages in the language that the browser asks for."""
    language = negotiate(visit.request.headers.get("accept-language", ""))
    headers = {"Location": f"/{language}", "Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return respond(status=302, headers=headers)


@bp.route(LANG, methods=["GET"])
@page("", limit="look")
async def home(visit: Visit) -> func.HttpResponse:
    """List the services, those that are open first, and say of those that are paused what to do."""
    now = visit.app.clock()
    found = await visit.app.catalog.services()
    by_state = {s: [c.edition.definition for c in found if c.state(now) == s] for s in ("open", "closed")}
    phone = visit.app.settings.municipality_phone
    paused = [views.stopped(current) for current in found if current.paused]
    paused += [views.paused(damaged, phone) for damaged in await visit.app.catalog.paused()]
    return visit.page("pages/home", services=by_state, paused=paused)


@bp.route(SERVICE, methods=["GET"])
@page("services/{id}", limit="look")
async def show_form(visit: Visit) -> func.HttpResponse:
    """Show what the data is used for, and the form; give the browser a draft unless it has one."""
    await visit.app.catalog.must_be_open(visit.route("id"))
    service = await visit.app.catalog.accepted(visit.route("id"), None)
    known = draft_of(visit)
    draft = known or drafts.new()
    cookie = None if known else cookie_of(visit, draft)
    with telemetry.span("form", telemetry.trace_of(draft.id)):
        return await form_page(visit, service, {"seed": [draft.id]}, draft, cookie=cookie)


@bp.route(SERVICE, methods=["POST"])
@page("services/{id}", limit="send")
async def answer_form(visit: Visit) -> func.HttpResponse:
    """Show the form again with what was typed.

    A page that was open while this version was deployed checks and sends here, by its `step`.
    """
    typed = with_seed(visit.form(), draft_of(visit))
    with telemetry.span("form", telemetry.trace_of(first(typed, "seed"))):
        match first(typed, "step"):
            case "edit":
                return await _edit(visit, typed)
            case "send":
                return await sending.send(visit, typed, as_before=True)
            case _:
                return await _check(visit, typed)


@bp.route(SERVICE + "/check", methods=["POST"])
@page("services/{id}/check", limit="send")
async def check_answers(visit: Visit) -> func.HttpResponse:
    """Show what would be sent; or the form, with what is to be corrected."""
    typed = with_seed(visit.form(), draft_of(visit))
    with telemetry.span("form", telemetry.trace_of(first(typed, "seed"))):
        return await _check(visit, typed)


async def _edit(visit: Visit, typed: Typed) -> func.HttpResponse:
    draft = draft_of(visit)
    try:
        service = await visit.app.catalog.accepted(visit.route("id"), read_version(typed))
    except InvalidSubmission as error:
        return await outdated_page(visit, typed, draft, error)
    return await form_page(visit, service, typed, draft)


async def _check(visit: Visit, typed: Typed) -> func.HttpResponse:
    draft, secret, cookie = draft_of(visit), visit.app.draft_secret, None
    try:
        service = await visit.app.catalog.accepted(visit.route("id"), read_version(typed))
    except InvalidSubmission as error:
        return await outdated_page(visit, typed, draft, error)
    try:
        submission = read_submission(visit, service, typed)
    except TooLarge as error:
        return await check_page(visit, service, typed, draft, problem=error)
    verdict: Verdict = "new"
    if draft:
        verdict, seed, changed = drafts.checked(draft, secret, first(typed, "seed"), hash_of_body(submission))
        if verdict == "closed":
            return sending.received_page(visit, service.definition.phone)
        typed, cookie, draft = {**typed, "seed": [seed]}, cookie_if_new(visit, draft, changed), changed
    try:
        await visit.app.requests.check(submission)
    except InvalidSubmission as error:
        return await form_page(visit, service, typed, draft, error, cookie)
    except MadoguchiError as error:
        return await check_page(visit, service, typed, draft, problem=error, cookie=cookie)
    return await check_page(visit, service, typed, draft, verdict=verdict, cookie=cookie)
