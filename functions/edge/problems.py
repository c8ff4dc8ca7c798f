"""What refusals look like: every kind with its status in one table, each an RFC 9457 problem with a text of ours."""

import logging
import math
from typing import Any

import azure.functions as func
import msgspec

from functions.edge.headers import OF_DATA, respond
from functions.edge.texts import Texts
from services import errors
from services.catalog.controls import kind_of
from services.catalog.forms import steps
from services.errors import Invalid, MadoguchiError, Mistake, Refusal
from wiring import app

RETRY_AFTER = 10
"""Seconds, where nobody knows better."""

log = logging.getLogger("madoguchi.web")


class Malformed(Refusal):
    """Refuse a call that cannot be read as what it should be."""


class OtherFormat(Refusal):
    """Refuse another content type than the one that is taken."""


class LengthMissing(Refusal):
    """Refuse a body that comes without its length, since the host hands none of it on."""

    code = "length_missing"


class BadRequest(Malformed):
    """Refuse a body that is not JSON."""

    code = "bad_request"


class BadForm(Malformed):
    """Refuse a body that is not a form of ours."""

    code = "bad_form"


class FromElsewhere(errors.NotAllowed):
    """Refuse a form that a page of another site sends."""

    code = "from_elsewhere"


class MissingKey(Malformed):
    """Refuse a submit without a usable Idempotency-Key."""

    code = "idempotency_key"


class NotJson(OtherFormat):
    """Refuse another content type than JSON."""

    code = "unsupported_media_type"


class NotSheet(OtherFormat):
    """Refuse another content type than CSV."""

    code = "not_csv"


class ReceiptIncomplete(Invalid):
    """Ask for both reference and access code."""

    code = "receipt_incomplete"


class AccessCodeMissing(errors.Unidentified):
    """Ask for the access code in its header."""

    code = "access_code_missing"


STATUS: dict[type[MadoguchiError], int] = {
    Malformed: 400,
    errors.Unidentified: 401,
    errors.NotAllowed: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.WriteConflict: 409,
    LengthMissing: 411,
    errors.TooLarge: 413,
    OtherFormat: 415,
    Invalid: 422,
    errors.NeverPossible: 422,
    errors.TooManyRequests: 429,
    errors.NotYet: 503,
    errors.StoreUnavailable: 503,
}
"""The status of every kind of error."""


def status_of(error: type[MadoguchiError]) -> int:
    """Return the status of the kind that an error is of."""
    return next(STATUS[kind] for kind in error.__mro__ if kind in STATUS)


def problem(error: MadoguchiError, texts: Texts, traceparent: str) -> func.HttpResponse:
    """Answer with an RFC 9457 problem: a stable code, a message safe to show, and whom to call."""
    status = status_of(type(error))
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
        **error.details,
    }
    if isinstance(error, Invalid) and error.mistakes:
        body["errors"] = [
            {**mistake.place, "code": mistake.code, "message": message(mistake, error.form, texts)}
            for mistake in error.mistakes
        ]
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
        case errors.NotYet():
            return RETRY_AFTER
    return None


def message(mistake: Mistake, form: object, texts: Texts) -> str:
    """Say in words what is wrong: as the definition says it of its field, else as the product does."""
    if mistake.said:
        return texts.of(mistake.said)
    field = _field_at(form, str(mistake.place.get("pointer", "")))
    codes = _codes(mistake.code, field)
    said = field.get("x-text", {}).get("errors", {})
    own = next((said[code] for code in codes if code in said), None)
    if own:
        return texts.of(own)
    keys = (f"{prefix}.{code}" for code in codes for prefix in mistake.texts)
    return texts(next((key for key in keys if texts.has(key)), "field.other"), **mistake.limits)


def trace_id(traceparent: str) -> str:
    """Return the trace id of a W3C traceparent, empty where there is none."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 else ""


def _field_at(form: Any, pointer: str) -> dict[str, Any]:
    """Return the schema of an answer, empty where the form has none."""
    answers, *within = steps(pointer) or [""]
    schema = form if answers == "answers" else None
    for step in within:
        if not isinstance(schema, dict):
            return {}
        schema = schema.get("properties", {}).get(step) or schema.get("items")
    return schema if isinstance(schema, dict) else {}


def _codes(code: str, field: dict[str, Any]) -> tuple[str, ...]:
    """Name what is wrong as its control would have it, the nearest first."""
    match code, kind_of(field):
        case "required", "checkbox" if "const" in field:
            return ("const", code)
        case "required", "radios" | "checkboxes" | "checkbox":
            return ("required_choice", code)
        case "type", "number":
            return ("type_integer", code)
    return (code,)
