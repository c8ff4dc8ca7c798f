"""The form of a service and its check page, drawn from what was typed, which no step loses."""

import re
import secrets
from typing import Any

import azure.functions as func
import msgspec

from functions.edge import capabilities, fields, telemetry
from functions.edge.fields import Field, Typed, first
from functions.edge.html import Visit
from functions.edge.problems import message
from functions.edge.web import MAX_BODY
from functions.intake import drafts, forms
from functions.intake.drafts import Draft, Verdict
from services.case.request import Submission
from services.catalog.routing import CompiledService
from services.errors import FieldError, InvalidSubmission, MadoguchiError, TooLarge
from services.intake.submissions import is_idempotency_key


def read_version(typed: Typed) -> int | None:
    """Read the edition that a form answers; None where it names none.

    It is part of the body, so it stays what the form says whatever edition an instance has at hand: an instance that
    starts while no store answers has the shipped one alone.
    """
    version = first(typed, "version")
    return int(version) if re.fullmatch("[1-9][0-9]{0,8}", version) else None


def with_seed(typed: Typed, draft: Draft | None) -> Typed:
    """Return what was typed with a seed: the form's own, else the browser's draft."""
    if is_idempotency_key(first(typed, "seed")):
        return typed
    return {**typed, "seed": [draft.id if draft else secrets.token_urlsafe(24)]}


def read_submission(visit: Visit, service: CompiledService, typed: Typed) -> Submission:
    """Read a submission from what was typed; raises TooLarge."""
    submission = forms.read(service.definition, visit.texts, typed, read_version(typed))
    if len(msgspec.json.encode(submission)) > MAX_BODY:
        raise TooLarge()
    return submission


async def form_page(
    visit: Visit,
    service: CompiledService,
    typed: Typed,
    draft: Draft | None,
    error: InvalidSubmission | None = None,
    cookie: str | None = None,
) -> func.HttpResponse:
    """Draw the form with what was typed, and say what is to be corrected."""
    found = error.errors if error else ()
    if error:
        telemetry.record_refusal("page", error.code)
    messages = {e.pointer: message(e.mistake, service.definition.form, visit.texts) for e in reversed(found)}
    form, contact = await _drawn(visit, service, typed, messages)
    return visit.page(
        "pages/form",
        status=422 if error else 200,
        cookie=cookie,
        **_shared(service, typed, draft),
        check=_check_address(visit),
        form=form,
        contact=contact,
        mistakes=[_mistake((form, contact), e, messages[e.pointer]) for e in found],
    )


async def outdated_page(visit: Visit, typed: Typed, draft: Draft | None, error: InvalidSubmission) -> func.HttpResponse:
    """Draw the form of the current edition, with what was typed into an earlier one."""
    current = await visit.app.catalog.accepted(visit.route("id"), None)
    answers = {name: values for name, values in typed.items() if name != "version"}
    return await form_page(visit, current, answers, draft, error)


async def check_page(
    visit: Visit,
    service: CompiledService,
    typed: Typed,
    draft: Draft | None,
    *,
    verdict: Verdict = "new",
    problem: MadoguchiError | None = None,
    cookie: str | None = None,
) -> func.HttpResponse:
    """Draw what would be sent, and say what the browser has sent already; or why it could not be sent."""
    form, contact = await _drawn(visit, service, typed, {})
    shown = {**_shared(service, typed, draft), "verdict": verdict, "form": form, "contact": contact, "cookie": cookie}
    if problem:
        return visit.problem(problem, "pages/check", **shown)
    return visit.page("pages/check", problem=None, **shown)


def _shared(service: CompiledService, typed: Typed, draft: Draft | None) -> dict[str, Any]:
    return {
        "service": service,
        "phone": service.definition.phone,
        "seed": first(typed, "seed"),
        "version": (read_version(typed) if "version" in typed else service.edition.version) or "",
        "sent": drafts.sent_before(draft),
        "at": f"services/{service.definition.id}",
    }


def _check_address(visit: Visit) -> str:
    """Return another address than this page's.

    A browser that loses its connection puts the error in the place of a page of the same address, whose answers are
    gone then.
    """
    is_checked = visit.place.endswith("/check") and "again" not in visit.request.params
    return "/check?again=1" if is_checked else "/check"


async def _drawn(visit: Visit, service: CompiledService, typed: Typed, messages: dict[str, str]) -> tuple[Field, Field]:
    offered = await capabilities.options_of(visit.app, service.definition, visit.texts)
    return forms.draw(service.definition, visit.texts, typed, messages, offered)


def _mistake(drawn: tuple[Field, ...], error: FieldError, message: str) -> dict[str, str | None]:
    """Say a mistake in the summary: which field, what to do, and the control that a link leads to."""
    found = [field for one in drawn if (field := fields.field_at(one, error.pointer))]
    if not found or found[0].pointer == "/answers":
        return {"label": None, "message": message, "anchor": None}
    return {"label": found[0].label, "message": message, "anchor": found[0].anchor}
