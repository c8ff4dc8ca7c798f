"""What residents see with a receipt: the receipt itself, how their request stands, and withdrawal."""

from collections.abc import Mapping
from typing import Any

import azure.functions as func

from functions.edge import capabilities
from functions.edge.capabilities import Asked
from functions.edge.fields import Typed, first
from functions.edge.html import LANG, NOT_KEPT, Visit, page
from functions.edge.problems import ReceiptIncomplete, retry_after
from functions.intake import drafts, views
from functions.intake.cookies import draft_of
from services.case.receipts import read_code, read_reference
from services.case.request import Request
from services.catalog.model import Definition
from services.errors import MadoguchiError, TooManyTries

bp = func.Blueprint()


@bp.route(LANG + "/requests", methods=["GET"])
@page("requests", limit="look")
async def ask_for_receipt(visit: Visit) -> func.HttpResponse:
    """Ask for reference and access code, which never stand in an address."""
    return _ask(visit, {})


@bp.route(LANG + "/requests", methods=["POST"])
@page("requests", limit="look")
async def show_request(visit: Visit) -> func.HttpResponse:
    """Show how a request stands or its receipt again; do what a capability offers, or withdraw it, if asked."""
    typed = visit.form()
    if drafts.has_ended(draft_of(visit), visit.app.draft_secret, first(typed, "held")):
        return _ask(visit, {}, has_ended=True)
    step, reference, code = (first(typed, name) for name in ("step", "reference", "accessCode"))
    if step == "edit":
        return _ask(visit, typed)
    try:
        asked = await _asked(visit, step, reference, code, typed)
        values = await _values(visit, asked, reference, code)
        for shown in capabilities.joined():
            if shown.page and (other := await shown.page(visit, asked, values)):
                template, more = other
                return _drawn(visit, template, asked.problem, **values, **more)
    except MadoguchiError as error:
        if retry_after(error) and not isinstance(error, TooManyTries):
            raise
        return _ask(visit, {"reference": [reference]}, error)
    if step == "receipt":
        return _receipt_again(visit, asked.request, values)
    if step == "confirm" and asked.request and asked.request.status == "accepted":
        return _drawn(visit, "pages/withdraw", None, **values)
    return _drawn(visit, "pages/request", asked.problem, **values)


def receipt_page(
    visit: Visit,
    reference: str,
    code: str,
    *,
    definition: Definition | None,
    status: int = 200,
    shown: Mapping[str, Any] = {},
    closes: bool = False,
    **values: Any,
) -> func.HttpResponse:
    """Draw a receipt, which no cache keeps; `closes` where the browser opened it by its draft and may close it."""
    asked = Asked(step="receipt", typed={}, request=None)
    known = {
        "shown": shown,
        "closes": closes,
        "held": _held(visit),
        **_of_capabilities(visit, asked, definition),
        **values,
    }
    return visit.page("pages/receipt", status=status, cache=NOT_KEPT, reference=reference, code=code, **known)


def _receipt_again(visit: Visit, request: Request | None, values: dict[str, Any]) -> func.HttpResponse:
    """Show a receipt to whoever has its number and code: in another language, or on another device."""
    shown = values["shown"]
    known = {name: value for name, value in values.items() if name not in ("code", "phone", "definition")}
    return receipt_page(
        visit,
        shown["reference"],
        read_code(values["code"]),
        definition=values["definition"],
        received_at=request.received_at if request else None,
        how="created" if request else "queued",
        next=shown["next"]["text"],
        phone=shown["phone"],
        **known,
    )


def _drawn(visit: Visit, template: str, problem: MadoguchiError | None, **values: Any) -> func.HttpResponse:
    held = _held(visit)
    if problem:
        return visit.problem(problem, template, cache=NOT_KEPT, held=held, **values)
    return visit.page(template, cache=NOT_KEPT, problem=None, held=held, **values)


def _held(visit: Visit) -> str:
    return drafts.held_by(draft_of(visit), visit.app.draft_secret)


def _ask(
    visit: Visit, typed: Typed, problem: MadoguchiError | None = None, *, has_ended: bool = False
) -> func.HttpResponse:
    reference, code = first(typed, "reference"), first(typed, "accessCode")
    return _drawn(visit, "pages/requests", problem, reference=reference, code=code, has_ended=has_ended)


async def _asked(visit: Visit, step: str, reference: str, code: str, typed: Typed) -> Asked:
    """Do what was asked; what a capability cannot do is told on the page of the request."""
    if not (reference.strip() and code.strip()):
        raise ReceiptIncomplete()
    for shown in capabilities.joined():
        if act := shown.acts.get(step):
            try:
                return Asked(step=step, typed=typed, request=await act(visit, reference, code, typed))
            except shown.told as error:
                request = await visit.app.requests.status(reference, code)
                return Asked(step=step, typed=typed, request=request, problem=error)
    requests = visit.app.requests
    request = await (requests.withdraw if step == "withdraw" else requests.status)(reference, code)
    return Asked(step=step, typed=typed, request=request)


async def _values(visit: Visit, asked: Asked, reference: str, code: str) -> dict[str, Any]:
    """Gather what every page of a request says."""
    request = asked.request
    phone = await visit.app.requests.phone_of(request)
    definition = await _definition(visit, request) if request else None
    is_served = request is not None and any(part.is_served for part in request.parts.values())
    return {
        "shown": await _shown(visit, request, reference, phone),
        "code": code,
        "title": visit.texts.of(definition.title) if definition else None,
        "definition": definition,
        "phone": phone,
        "can_withdraw": request is not None and request.status == "accepted" and not is_served,
        **_of_capabilities(visit, asked, definition),
    }


def _of_capabilities(visit: Visit, asked: Asked, definition: Definition | None) -> dict[str, Any]:
    """Gather what the blocks of capabilities need, and which blocks there are."""
    joined = list(capabilities.joined())
    values: dict[str, Any] = {
        "hides_rest": False,
        "notices": [shown.notice for shown in joined if shown.notice],
        "blocks": [shown.block for shown in joined if shown.block],
        "receipts": [shown.receipt for shown in joined if shown.receipt],
    }
    for shown in joined:
        if shown.values:
            values |= shown.values(visit, asked, definition)
    return values


async def _shown(visit: Visit, request: Request | None, reference: str, phone: str) -> dict[str, Any]:
    if request is None:
        return views.status_of_receipt(read_reference(reference) or "", phone, visit.texts)
    return views.status_of_request(request, phone, visit.texts, await capabilities.standings(visit.app, request))


async def _definition(visit: Visit, request: Request) -> Definition:
    """Return the service of a request as the edition that was answered says it."""
    return (await visit.app.catalog.edition(request.service, request.version)).definition
