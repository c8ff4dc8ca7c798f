"""What residents see on the way to a receipt: services, the form and its check; without JavaScript."""

import base64
import hashlib
import re
import secrets
from typing import Any

import azure.functions as func
import msgspec

from functions.edge import capabilities, fields, telemetry
from functions.edge.fields import Field, Typed, first
from functions.edge.headers import respond
from functions.edge.html import LANG, Visit, page
from functions.edge.problems import message
from functions.edge.texts import LANGUAGES, negotiate
from functions.edge.web import MAX_BODY
from functions.intake import forms, views
from functions.intake.api import STATUS_OF
from functions.intake.receipt_pages import receipt_page
from services.case.request import Submission
from services.catalog.model import state_of
from services.catalog.routing import CompiledService
from services.errors import FieldError, InvalidSubmission, MadoguchiError, ReferenceTaken, ServiceClosed, TooLarge
from services.intake.service import How, Receipt
from services.intake.submissions import hash_of_body, is_idempotency_key

MOST_KEYS = 3
"""How many keys are tried for one body: a reference is seldom taken already (one in 10^5 at a million requests)."""

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
    found = [current.edition.definition for current in await visit.app.catalog.services()]
    by_state = {s: [d for d in found if state_of(d, now) == s] for s in ("open", "closed")}
    phone = visit.app.settings.municipality_phone
    paused = [views.paused(damaged, phone) for damaged in await visit.app.catalog.paused()]
    return visit.page("pages/home", services=by_state, paused=paused)


@bp.route(LANG + "/services/{id}", methods=["GET"])
@page("services/{id}", limit="look")
async def show_form(visit: Visit) -> func.HttpResponse:
    """Show what the data is used for, and the form."""
    service = await visit.app.catalog.accepted(visit.route("id"), None)
    definition = service.definition
    if state_of(definition, visit.app.clock()) == "closed":
        raise ServiceClosed(opens=definition.opens, closes=definition.closes, phone=definition.phone)
    seed = _new_seed()
    with telemetry.span("form", telemetry.trace_of(seed)):
        return await _form_page(visit, service, {"seed": [seed]})


@bp.route(LANG + "/services/{id}", methods=["POST"])
@page("services/{id}", limit="send")
async def answer_form(visit: Visit) -> func.HttpResponse:
    """Take one step with what was typed: correct it, check it, send it. No step loses a word."""
    typed = _with_seed(visit.form())
    with telemetry.span("form", telemetry.trace_of(first(typed, "seed"))):
        return await _take_step(visit, typed)


async def _take_step(visit: Visit, typed: Typed) -> func.HttpResponse:
    id_ = visit.route("id")
    try:
        service = await visit.app.catalog.accepted(id_, _version(typed))
    except InvalidSubmission as error:
        return await _form_page(visit, await visit.app.catalog.accepted(id_, None), typed, error)
    step = first(typed, "step")
    if step == "edit":
        return await _form_page(visit, service, typed)
    try:
        submission = _submission(visit, service, typed)
        if step != "send":
            await visit.app.requests.check(submission)
            return await _check_page(visit, service, typed)
        receipt, how = await _send(visit, submission, first(typed, "seed"))
    except InvalidSubmission as error:
        return await _form_page(visit, service, typed, error)
    except MadoguchiError as error:
        return await _check_page(visit, service, typed, error)
    title = visit.texts.of(service.definition.title)
    return receipt_page(
        visit,
        receipt.reference,
        receipt.access_code,
        status=STATUS_OF[how],
        title=title,
        received_at=receipt.received_at,
        how=how,
        next=visit.texts(f"next.{receipt.status}"),
        definition=service.definition,
        phone=receipt.phone,
    )


def key_for(seed: str, submission: Submission, attempt: int) -> str:
    """Derive the Idempotency-Key of a form: whatever the browser repeats, one body has one key."""
    digest = hashlib.sha256(f"{seed}\0{hash_of_body(submission)}\0{attempt}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def _send(visit: Visit, submission: Submission, seed: str) -> tuple[Receipt, How]:
    for attempt in range(MOST_KEYS - 1):
        try:
            return await _send_under(visit, submission, key_for(seed, submission, attempt))
        except ReferenceTaken:
            continue
    return await _send_under(visit, submission, key_for(seed, submission, MOST_KEYS - 1))


async def _send_under(visit: Visit, submission: Submission, key: str) -> tuple[Receipt, How]:
    receipt, how = await visit.app.requests.submit(submission, key, visit.traceparent)
    telemetry.record_submission(submission.service, submission.channel, how)
    return receipt, how


def _version(typed: Typed) -> int | None:
    version = first(typed, "version")
    return int(version) if re.fullmatch("[0-9]{1,9}", version) else None


def _tried_in(typed: Typed) -> str:
    """Return the language in which the form was sent when no answer came: it is part of the body, and so of the key."""
    language = first(typed, "locale")
    return language if language in LANGUAGES else ""


def _with_seed(typed: Typed) -> Typed:
    return typed if is_idempotency_key(first(typed, "seed")) else {**typed, "seed": [_new_seed()]}


def _new_seed() -> str:
    return secrets.token_urlsafe(24)


def _submission(visit: Visit, service: CompiledService, typed: Typed) -> Submission:
    """Read a submission from what was typed; raises TooLarge."""
    submission = forms.read(service, visit.texts, typed, _tried_in(typed) or visit.texts.language)
    if len(msgspec.json.encode(submission)) > MAX_BODY:
        raise TooLarge()
    return submission


async def _form_page(
    visit: Visit, service: CompiledService, typed: Typed, error: InvalidSubmission | None = None
) -> func.HttpResponse:
    found = error.errors if error else ()
    if error:
        telemetry.record_refusal("page", error.code)
    messages = {e.pointer: message(e.mistake, service.definition.form, visit.texts) for e in reversed(found)}
    form, contact = await _drawn(visit, service, typed, messages)
    return visit.page(
        "pages/form",
        status=422 if error else 200,
        service=service,
        phone=service.definition.phone,
        seed=first(typed, "seed"),
        locale=_tried_in(typed),
        form=form,
        contact=contact,
        mistakes=[_mistake((form, contact), e, messages[e.pointer]) for e in found],
    )


async def _check_page(
    visit: Visit, service: CompiledService, typed: Typed, problem: MadoguchiError | None = None
) -> func.HttpResponse:
    form, contact = await _drawn(visit, service, typed, {})
    phone = service.definition.phone
    shown: dict[str, Any] = {
        "service": service,
        "seed": first(typed, "seed"),
        "locale": _tried_in(typed) or (visit.texts.language if problem else ""),
        "form": form,
        "contact": contact,
        "phone": phone,
    }
    if problem:
        return visit.problem(problem, "pages/check", **shown)
    return visit.page("pages/check", problem=None, **shown)


async def _drawn(visit: Visit, service: CompiledService, typed: Typed, messages: dict[str, str]) -> tuple[Field, Field]:
    offered = await capabilities.options_of(visit.app, service.definition, visit.texts)
    return forms.draw(service.definition, visit.texts, typed, messages, offered)


def _mistake(drawn: tuple[Field, ...], error: FieldError, message: str) -> dict[str, str | None]:
    """Say a mistake in the summary: which field, what to do, and the control that a link leads to."""
    found = [field for one in drawn if (field := fields.field_at(one, error.pointer))]
    if not found or found[0].pointer == "/answers":
        return {"label": None, "message": message, "anchor": None}
    return {"label": found[0].label, "message": message, "anchor": found[0].anchor}
