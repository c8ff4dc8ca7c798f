"""What refusals look like: every error with its status in one table, as an RFC 9457 problem with a text of ours."""

import logging
import math
from typing import Any

import azure.functions as func
import msgspec

from functions.headers import OF_DATA, respond
from functions.texts import Texts
from services import errors
from services.catalog.controls import kind_of
from services.errors import FieldError, InvalidSubmission, MadoguchiError, SheetProblem
from wiring import app

RETRY_AFTER = 10
"""Seconds, where nobody knows better."""

log = logging.getLogger("madoguchi.web")


class BadRequest(errors.Refusal):
    """Refuse a body that is not JSON."""

    code = "bad_request"


class BadForm(errors.Refusal):
    """Refuse a body that is not a form of ours."""

    code = "bad_form"


class FromElsewhere(errors.Refusal):
    """Refuse a form that a page of another site sends."""

    code = "from_elsewhere"


class MissingKey(errors.Refusal):
    """Refuse a submit without a usable Idempotency-Key."""

    code = "idempotency_key"


class TooLarge(errors.Refusal):
    """Refuse a body of more bytes or values than its place takes."""

    code = "too_large"


class NotJson(errors.Refusal):
    """Refuse another content type than JSON."""

    code = "unsupported_media_type"


class NotSheet(errors.Refusal):
    """Refuse another content type than CSV."""

    code = "not_csv"


class ReceiptIncomplete(errors.Refusal):
    """Ask for both reference and access code."""

    code = "receipt_incomplete"


class AccessCodeMissing(errors.Refusal):
    """Ask for the access code in its header."""

    code = "access_code_missing"


STATUS: dict[type[MadoguchiError], int] = {
    BadRequest: 400,
    BadForm: 400,
    MissingKey: 400,
    AccessCodeMissing: 401,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    FromElsewhere: 403,
    errors.ServiceClosed: 403,
    errors.UnknownService: 404,
    errors.UnknownRequest: 404,
    errors.UnknownTask: 404,
    errors.UnknownSite: 404,
    errors.UnknownSlot: 404,
    errors.KeyReused: 409,
    errors.ReferenceTaken: 409,
    errors.AccessCodeShown: 409,
    errors.HandedOver: 409,
    errors.PlaceGone: 409,
    errors.PlaceChangedTooOften: 409,
    errors.TooManyCorrections: 409,
    errors.DocumentFull: 409,
    errors.NothingDue: 409,
    errors.AlreadyHandedOver: 409,
    errors.StaleToken: 409,
    errors.TaskHeld: 409,
    errors.TaskClosed: 409,
    errors.RequestWithdrawn: 409,
    errors.SlotClosed: 409,
    errors.NotForSplit: 409,
    errors.AlreadyDecided: 409,
    errors.LookAgain: 409,
    errors.NotEnoughStock: 409,
    errors.WriteConflict: 409,
    TooLarge: 413,
    errors.SubmissionTooLarge: 413,
    NotJson: 415,
    NotSheet: 415,
    ReceiptIncomplete: 422,
    errors.InvalidSubmission: 422,
    errors.NoSuchSlot: 422,
    errors.SheetRefused: 422,
    errors.UnknownOutcome: 422,
    errors.DefinitionRefused: 422,
    errors.NeverPossible: 422,
    errors.TooManyRequests: 429,
    errors.TooManyTries: 429,
    errors.NotYetProcessed: 503,
    errors.StoreUnavailable: 503,
}


def problem(error: MadoguchiError, texts: Texts, traceparent: str) -> func.HttpResponse:
    """Answer with an RFC 9457 problem: a stable code, a message safe to show, and whom to call."""
    status = STATUS[type(error)]
    if status >= 500:
        log.warning("%s: %s", error.code, error)
    if isinstance(error, errors.Unauthenticated):
        log.info("%s: %s", error.code, error)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": texts(f"problem.{error.code}.title"),
        "status": status,
        "code": error.code,
        "detail": texts(f"problem.{error.code}.detail"),
        "phone": error.phone or app().settings.municipality_phone,
        "traceId": trace_id(traceparent),
        **_details(error, texts),
    }
    headers = dict(OF_DATA)
    if wait := retry_after(error):
        headers["Retry-After"] = str(wait)
    if status == 401 and isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return respond(msgspec.json.encode(body), status=status, mimetype="application/problem+json", headers=headers)


def retry_after(error: MadoguchiError) -> int | None:
    """Return the seconds after which the same may succeed; None where it never will."""
    match error:
        case errors.TooManyRequests():
            return math.ceil(error.wait)
        case errors.StoreUnavailable():
            return RETRY_AFTER if error.wait is None else max(math.ceil(error.wait), 1)
        case errors.NotYetProcessed():
            return RETRY_AFTER
    return None


def field_message(error: FieldError, form: object, texts: Texts) -> str:
    """Say in words what is wrong with a field: as the definition says it, else as the product does."""
    field = _field_at(form, error.pointer)
    codes = _codes(error.code, field)
    said = field.get("x-text", {}).get("errors", {})
    own = next((said[code] for code in codes if code in said), None)
    if own:
        return texts.of(own)
    key = next((f"field.{code}" for code in codes if texts.has(f"field.{code}")), "field.other")
    return texts(key, **error.limits)


def trace_id(traceparent: str) -> str:
    """Return the trace id of a W3C traceparent, empty where there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else ""


def _details(error: MadoguchiError, texts: Texts) -> dict[str, Any]:
    match error:
        case InvalidSubmission():
            fields = [
                {"pointer": e.pointer, "code": e.code, "message": field_message(e, error.form, texts)}
                for e in error.errors
            ]
            return {"errors": fields}
        case errors.SheetRefused():
            return {"errors": [_line(problem, texts) for problem in error.problems]}
        case errors.StaleToken():
            return {"holder": error.holder}
        case errors.NothingDue():
            return {"state": str(error)}
        case errors.AlreadyHandedOver() | errors.AlreadyDecided():
            return {"at": error.at, "by": error.by}
        case errors.ServiceClosed():
            return {"opens": error.opens, "closes": error.closes}
        case errors.NotEnoughStock():
            return {"items": list(error.items)}
        case errors.DefinitionRefused():
            return {"reasons": list(error.reasons)}
    return {}


def _line(problem: SheetProblem, texts: Texts) -> dict[str, Any]:
    key = next((key for key in (f"sheet.{problem.code}", f"field.{problem.code}") if texts.has(key)), "field.other")
    message = texts(key, **problem.limits)
    return {"line": problem.line, "column": problem.column, "code": problem.code, "message": message}


def _field_at(form: Any, pointer: str) -> dict[str, Any]:
    """Return the schema of an answer, empty where the form has none."""
    answers, *steps = pointer.split("/")[1:] or [""]
    schema = form if answers == "answers" else None
    for step in steps:
        if not isinstance(schema, dict):
            return {}
        schema = schema.get("properties", {}).get(step) or schema.get("items")
    return schema if isinstance(schema, dict) else {}


def _codes(code: str, field: dict[str, Any]) -> tuple[str, ...]:
    """Name what is wrong as its control would have it, the nearest first."""
    match code, kind_of(field):
        case "required", "checkbox" if "const" in field:
            return ("const", code)
        case "required", "radios" | "checkboxes":
            return ("required_choice", code)
        case "type", "number":
            return ("type_integer", code)
    return (code,)
