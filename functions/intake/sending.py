"""Sending a form and its receipt (post/redirect/get): whatever a browser repeats, it ends at the same receipt."""

import base64
import hashlib
from typing import Any
from urllib.parse import quote

import azure.functions as func

from functions.edge import telemetry
from functions.edge.fields import Typed, first
from functions.edge.headers import respond
from functions.edge.html import LANG, NOT_KEPT, Visit, page
from functions.intake import drafts
from functions.intake.api import STATUS_OF
from functions.intake.cookies import cookie_if_new, cookie_of, draft_of
from functions.intake.drafts import Open
from functions.intake.form_pages import check_page, form_page, outdated_page, read_submission, read_version, with_seed
from functions.intake.receipt_pages import receipt_page
from services.case.request import Submission
from services.catalog.model import Definition
from services.catalog.routing import CompiledService
from services.errors import InvalidSubmission, MadoguchiError, ReferenceTaken, TooLarge
from services.intake.service import How, Receipt
from services.intake.submissions import hash_of_body, hash_with_language

MOST_KEYS = 3
"""How many keys are tried for one body: a reference is seldom taken already (one in 10^5 at a million requests)."""
SERVICE = LANG + "/services/{id}"
CLEARED = {"Clear-Site-Data": '"cache"'}
"""What a browser keeps of the pages of whoever was here goes with their receipt."""

bp = func.Blueprint()


@bp.route(SERVICE + "/{step:regex(^(check|send)$)}", methods=["GET"])
@page("services/{id}")
async def lead_to_form(visit: Visit) -> func.HttpResponse:
    """Lead to the form whoever opens the address of a step without its answers."""
    return _led(visit, _place(visit), 302)


@bp.route(SERVICE + "/send", methods=["POST"])
@page("services/{id}/send", limit="send")
async def send_request(visit: Visit) -> func.HttpResponse:
    """Send what was checked, and lead to the receipt."""
    typed = with_seed(visit.form(), draft_of(visit))
    with telemetry.span("form", telemetry.trace_of(first(typed, "seed"))):
        return await send(visit, typed)


@bp.route(SERVICE + "/receipt", methods=["GET"])
@page("services/{id}/receipt", limit="look")
async def show_receipt(visit: Visit) -> func.HttpResponse:
    """Show the receipt that this browser may open again, without asking the store; else say how to find it."""
    draft, mark = draft_of(visit), visit.request.params.get("of", "")
    opened = drafts.open_receipt(draft, visit.route("id"), mark, visit.app.clock())
    code = visit.app.requests.code_again(opened.reference, opened.version) if opened else None
    if opened is None or code is None:
        is_aside = draft is not None and any(one.mark == mark for one in draft.aside)
        return visit.page("pages/receipt-closed", status=404, cache=NOT_KEPT, is_aside=is_aside)
    return receipt_page(
        visit,
        opened.reference,
        code,
        received_at=opened.received_at,
        how=opened.how,
        next=visit.texts(f"next.{opened.status}"),
        closes=True,
        of=mark,
        **_of_service(visit, await _definition(visit, opened.service)),
    )


@bp.route(SERVICE + "/receipt", methods=["POST"])
@page("services/{id}/receipt", limit="look")
async def close_receipt(visit: Visit) -> func.HttpResponse:
    """Close the receipt and begin a new draft, for another request or for whoever comes next."""
    draft = draft_of(visit)
    place = "" if first(visit.form(), "step") == "finish" else _place(visit)
    if draft is None:
        return _led(visit, place, 303)
    return _led(visit, place, 303, cookie_of(visit, drafts.closed(draft, visit.app.draft_secret)), **CLEARED)


def received_page(visit: Visit, phone: str) -> func.HttpResponse:
    """Say that this was received and its receipt closed; whose number it is, the browser is not told any more."""
    return visit.page("pages/received", status=409, cache=NOT_KEPT, phone=phone, id=visit.route("id"))


async def send(visit: Visit, typed: Typed, *, as_before: bool = False) -> func.HttpResponse:
    """Send what was typed; `as_before` under the key of pages that were drawn before the language was left out."""
    draft, secret = draft_of(visit), visit.app.draft_secret
    id_, seed = visit.route("id"), first(typed, "seed")
    try:
        service = await visit.app.catalog.accepted(id_, read_version(typed))
    except InvalidSubmission as error:
        return await outdated_page(visit, typed, draft, error)
    try:
        submission = read_submission(visit, service, typed)
    except TooLarge as error:
        return await check_page(visit, service, typed, draft, problem=error)
    mark = drafts.mark_of(secret, seed, hash_of_body(submission))
    verdict, cookie = drafts.judged(draft, mark), None
    if verdict == "closed":
        return received_page(visit, service.definition.phone)
    if draft and verdict == "new":
        changed = drafts.beside(draft, secret)
        cookie, draft = cookie_if_new(visit, draft, changed), changed
    hashed = hash_with_language(submission) if as_before else hash_of_body(submission)
    try:
        receipt, how = await _submitted(visit, submission, seed, hashed)
    except InvalidSubmission as error:
        return await form_page(visit, service, typed, draft, error, cookie)
    except MadoguchiError as error:
        return await check_page(visit, service, typed, draft, verdict=verdict, problem=error, cookie=cookie)
    if draft is None:
        return _answered(visit, service, receipt, how)
    opened = drafts.opened(draft, _to_open(visit, seed, mark, receipt, how))
    return _led(visit, f"{_place(visit)}/receipt?of={mark}", 303, cookie_of(visit, opened))


def key_for(seed: str, body_hash: str, attempt: int) -> str:
    """Derive the Idempotency-Key of a form: whatever the browser repeats, one body has one key."""
    digest = hashlib.sha256(f"{seed}\0{body_hash}\0{attempt}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


async def _submitted(visit: Visit, submission: Submission, seed: str, body_hash: str) -> tuple[Receipt, How]:
    for attempt in range(MOST_KEYS - 1):
        try:
            return await _submitted_under(visit, submission, key_for(seed, body_hash, attempt))
        except ReferenceTaken:
            continue
    return await _submitted_under(visit, submission, key_for(seed, body_hash, MOST_KEYS - 1))


async def _submitted_under(visit: Visit, submission: Submission, key: str) -> tuple[Receipt, How]:
    receipt, how = await visit.app.requests.submit(submission, key, visit.traceparent)
    telemetry.record_submission(submission.service, submission.channel, how)
    return receipt, how


def _to_open(visit: Visit, seed: str, mark: str, receipt: Receipt, how: How) -> Open:
    return Open(
        seed=seed,
        mark=mark,
        service=receipt.service,
        reference=receipt.reference,
        version=visit.app.requests.version_behind(receipt) or 0,
        received_at=receipt.received_at,
        until=drafts.until(visit.app.clock()),
        status=receipt.status,
        how=how,
    )


def _answered(visit: Visit, service: CompiledService, receipt: Receipt, how: How) -> func.HttpResponse:
    """Show the receipt at once to a browser that takes no cookies."""
    return receipt_page(
        visit,
        receipt.reference,
        receipt.access_code,
        status=STATUS_OF[how],
        received_at=receipt.received_at,
        how=how,
        next=visit.texts(f"next.{receipt.status}"),
        **_of_service(visit, service.definition),
    )


def _of_service(visit: Visit, definition: Definition | None) -> dict[str, Any]:
    return {
        "definition": definition,
        "title": visit.texts.of(definition.title) if definition else None,
        "phone": definition.phone if definition else visit.app.settings.municipality_phone,
    }


async def _definition(visit: Visit, service: str) -> Definition | None:
    """Return a service as it is now, None while it is paused: its receipts are shown all the same."""
    try:
        return (await visit.app.catalog.accepted(service, None)).definition
    except MadoguchiError:
        return None


def _place(visit: Visit) -> str:
    return f"/services/{quote(visit.route('id'), safe='')}"


def _led(visit: Visit, place: str, status: int, cookie: str | None = None, **more: str) -> func.HttpResponse:
    headers = {"Location": f"/{visit.texts.language}{place}", "Cache-Control": NOT_KEPT, **more}
    return respond(status=status, headers=headers | ({"Set-Cookie": cookie} if cookie else {}))
