"""The edge of every HTTP function: decode, check who calls, and turn every error into its answer, in one table."""

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func
import msgspec

from functions.access import ANYONE, must_have, staff_of
from functions.texts import Texts, negotiate
from services import errors
from services.catalog.controls import kind_of
from services.catalog.forms import is_too_deep
from services.errors import FieldError, InvalidSubmission, MadoguchiError
from services.tasks.model import Staff
from wiring import App, app

MAX_BODY = 48 * 1024
RETRY_AFTER = "10"

log = logging.getLogger("madoguchi.web")


class BadRequest(errors.Refusal):
    """Refuse a body that is not JSON."""

    code = "bad_request"


class BadForm(errors.Refusal):
    """Refuse a body that is not a form of ours."""

    code = "bad_form"


class MissingKey(errors.Refusal):
    """Refuse a submit without a usable Idempotency-Key."""

    code = "idempotency_key"


class TooLarge(errors.Refusal):
    """Refuse a body over 48 KiB."""

    code = "too_large"


class NotJson(errors.Refusal):
    """Refuse another content type than JSON."""

    code = "unsupported_media_type"


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
    errors.ServiceClosed: 403,
    errors.UnknownService: 404,
    errors.UnknownRequest: 404,
    errors.UnknownTask: 404,
    errors.UnknownSite: 404,
    errors.UnknownSlot: 404,
    errors.KeyReused: 409,
    errors.ReferenceTaken: 409,
    errors.HandedOver: 409,
    errors.PlaceGone: 409,
    errors.NothingDue: 409,
    errors.AlreadyHandedOver: 409,
    errors.StaleToken: 409,
    errors.TaskHeld: 409,
    errors.TaskClosed: 409,
    errors.RequestWithdrawn: 409,
    errors.SlotClosed: 409,
    errors.NotEnoughStock: 409,
    errors.WriteConflict: 409,
    TooLarge: 413,
    errors.SubmissionTooLarge: 413,
    NotJson: 415,
    ReceiptIncomplete: 422,
    errors.InvalidSubmission: 422,
    errors.NoSuchSlot: 422,
    errors.UnknownOutcome: 422,
    errors.DefinitionRefused: 422,
    errors.NeverPossible: 422,
    errors.NotYetProcessed: 503,
    errors.StoreUnavailable: 503,
}


class Call(msgspec.Struct, frozen=True):
    """Hold one call: the request, the app, who calls (None for anyone), its language and trace."""

    request: func.HttpRequest
    app: App
    texts: Texts
    traceparent: str
    staff: Staff | None

    @property
    def caller(self) -> Staff:
        """Return who calls, on a route that requires a token."""
        if self.staff is None:
            raise errors.Unauthenticated()
        return self.staff

    def route(self, name: str) -> str:
        """Return a parameter of the route."""
        return str(self.request.route_params[name])

    def json[T](self, type_: type[T], limit: int = MAX_BODY) -> T:
        """Decode the body; raises TooLarge, NotJson, BadRequest, InvalidSubmission, in this order."""
        return decode(self.request, type_, limit)


type Handler = Callable[[Call], Awaitable[func.HttpResponse]]


def api(access: str) -> Callable[[Handler], Callable[..., Awaitable[func.HttpResponse]]]:
    """Make an HTTP function of a handler, for whoever holds the role `access` (`{team}` stands for the route's team).

    The function states its access as an attribute, where a test finds it.
    """

    def decorate(handler: Handler) -> Callable[..., Awaitable[func.HttpResponse]]:
        async def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            texts = Texts(negotiate(req.headers.get("accept-language", "")))
            traceparent = context.trace_context.trace_parent or ""
            try:
                call = Call(req, app(), texts, traceparent, await _caller(req, access))
                return await handler(call)
            except MadoguchiError as error:
                return problem(error, texts, traceparent)

        function.__name__ = handler.__name__
        function.__doc__ = handler.__doc__
        function.access = access  # type: ignore[attr-defined]
        return function

    return decorate


def answer(body: object, status: int = 200) -> func.HttpResponse:
    """Answer with JSON; what an answer says of a resident is kept by no cache."""
    return func.HttpResponse(
        msgspec.json.encode(body),
        status_code=status,
        mimetype="application/json",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


def decode[T](request: func.HttpRequest, type_: type[T], limit: int = MAX_BODY) -> T:
    """Decode a JSON body: first its size and type, then whether it is JSON, then its shape."""
    body = request.get_body()
    if len(body) > limit:
        raise TooLarge()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NotJson()
    try:
        plain = msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        raise BadRequest(str(error)) from error
    if is_too_deep(plain):
        raise BadRequest("nested too deeply")
    try:
        return msgspec.convert(plain, type_)
    except msgspec.ValidationError as error:
        raise InvalidSubmission((_shape_error(str(error)),)) from error


def problem(error: MadoguchiError, texts: Texts, traceparent: str) -> func.HttpResponse:
    """Answer with an RFC 9457 problem: a stable code, a message safe to show, and whom to call."""
    status = STATUS[type(error)]
    if status >= 500:
        log.warning("%s: %s", error.code, error)
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
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER
    if status == 401 and isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return func.HttpResponse(
        msgspec.json.encode(body), status_code=status, mimetype="application/problem+json", headers=headers
    )


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


async def _caller(req: func.HttpRequest, access: str) -> Staff | None:
    if access == ANYONE:
        return None
    return await require(req, access.format_map(req.route_params))


async def require(req: func.HttpRequest, role: str) -> Staff:
    """Return the verified caller, who must hold the role; raises Unauthenticated, Forbidden."""
    settings = app().settings
    header = req.headers.get("authorization", "")
    staff = await staff_of(header, keys=app().keys, issuer=settings.token_issuer, audience=settings.token_audience)
    must_have(staff, role)
    return staff


def _details(error: MadoguchiError, texts: Texts) -> dict[str, Any]:
    match error:
        case InvalidSubmission():
            fields = [
                {"pointer": e.pointer, "code": e.code, "message": field_message(e, error.form, texts)}
                for e in error.errors
            ]
            return {"errors": fields}
        case errors.StaleToken():
            return {"holder": error.holder}
        case errors.NothingDue():
            return {"state": str(error)}
        case errors.AlreadyHandedOver():
            return {"at": error.at, "by": error.by}
        case errors.ServiceClosed():
            return {"opens": error.opens, "closes": error.closes}
        case errors.NotEnoughStock():
            return {"items": list(error.items)}
        case errors.DefinitionRefused():
            return {"reasons": list(error.reasons)}
    return {}


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


def _shape_error(message: str) -> FieldError:
    """Turn msgspec's message into a pointer and a code."""
    found = re.search(r"at `\$(.*?)(?:\[\.\.\.\])?`$", message)
    pointer = re.sub(r"\[(\d+)\]|\.([^.\[]+)", lambda m: f"/{m[1] or m[2]}", found[1]) if found else ""
    missing = re.search("missing required field `(.+?)`", message)
    unknown = re.search("unknown field `(.+?)`", message)
    if missing:
        return FieldError(f"{pointer}/{missing[1]}", "required")
    if unknown:
        return FieldError(f"{pointer}/{unknown[1]}", "unknown_field")
    if re.search("[<>]=", message):
        return FieldError(pointer, "out_of_range")
    codes = {"matching regex": "pattern", "Invalid enum value": "enum", "Expected `int": "type_integer"}
    return FieldError(pointer, next((code for said, code in codes.items() if said in message), "type"))
