"""What residents see with a receipt: the receipt itself, how their request stands, and withdrawal."""

from typing import Any

import azure.functions as func

from functions import views
from functions.fields import Typed, first
from functions.html import LANG, NOT_KEPT, Visit, page
from functions.web import ReceiptIncomplete
from services.errors import MadoguchiError
from services.requests.model import Request
from services.requests.receipts import read_code, read_reference

bp = func.Blueprint()


@bp.route(LANG + "/requests", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@page("requests")
async def ask_for_receipt(visit: Visit) -> func.HttpResponse:
    """Ask for reference and access code, which never stand in an address."""
    return _ask(visit, {})


@bp.route(LANG + "/requests", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@page("requests")
async def show_request(visit: Visit) -> func.HttpResponse:
    """Show how a request stands or its receipt again, or withdraw it once that was confirmed."""
    typed = visit.form()
    step, reference, code = (first(typed, name) for name in ("step", "reference", "accessCode"))
    if step == "edit":
        return _ask(visit, typed)
    try:
        request = await _request(visit, step, reference, code)
        title, phone = await _title(visit, request), await visit.app.requests.phone_of(request)
    except MadoguchiError as error:
        return _ask(visit, typed, error)
    shown = _shown(visit, request, reference, phone)
    if step == "receipt":
        return _receipt_again(visit, request, shown, read_code(code), title)
    template = "withdraw" if step == "confirm" and request and request.status == "accepted" else "request"
    return visit.page(template, cache=NOT_KEPT, shown=shown, code=code, title=title, phone=phone)


def receipt_page(visit: Visit, reference: str, code: str, *, status: int = 200, **values: Any) -> func.HttpResponse:
    """Draw a receipt, which no cache keeps."""
    return visit.page("receipt", status=status, cache=NOT_KEPT, reference=reference, code=code, **values)


def _receipt_again(
    visit: Visit, request: Request | None, shown: dict[str, Any], code: str, title: str | None
) -> func.HttpResponse:
    """Show a receipt in another language; sending the form again would not, since its language is part of it."""
    return receipt_page(
        visit,
        shown["reference"],
        code,
        title=title,
        received_at=request.received_at if request else None,
        how="created" if request else "queued",
        next=shown["next"]["text"],
        phone=shown["phone"],
    )


def _ask(visit: Visit, typed: Typed, problem: MadoguchiError | None = None) -> func.HttpResponse:
    shown: dict[str, Any] = {"reference": first(typed, "reference"), "code": first(typed, "accessCode")}
    return visit.problem(problem, "requests", **shown) if problem else visit.page("requests", problem=None, **shown)


async def _request(visit: Visit, step: str, reference: str, code: str) -> Request | None:
    if not (reference.strip() and code.strip()):
        raise ReceiptIncomplete()
    if step == "withdraw":
        return await visit.app.requests.withdraw(reference, code)
    return await visit.app.requests.status(reference, code)


def _shown(visit: Visit, request: Request | None, reference: str, phone: str) -> dict[str, Any]:
    if request is None:
        return views.status_of_receipt(read_reference(reference) or "", phone, visit.texts)
    return views.status_of_request(request, phone, visit.texts)


async def _title(visit: Visit, request: Request | None) -> str | None:
    """Return the name of the service of a request, as the edition that was answered says it."""
    if request is None:
        return None
    service = await visit.app.catalog.edition(request.service, request.version)
    return visit.texts.of(service.definition.title)
