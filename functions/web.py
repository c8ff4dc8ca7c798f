"""The edge of every HTTP function: decode, check who calls, and turn every error into its answer."""

import re
from collections.abc import Awaitable, Callable

import azure.functions as func
import msgspec

from functions import clients, telemetry
from functions.access import ANYONE, must_have, staff_of
from functions.headers import OF_DATA, respond
from functions.problems import BadRequest, NotJson, TooLarge, problem
from functions.texts import Texts, negotiate
from services import errors
from services.catalog.forms import is_too_deep
from services.errors import FieldError, InvalidSubmission, MadoguchiError
from services.limits import Kind
from services.tasks.model import Staff
from wiring import App, app

MAX_BODY = 48 * 1024


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


def api(access: str, limit: Kind | None = None) -> Callable[[Handler], Callable[..., Awaitable[func.HttpResponse]]]:
    """Make an HTTP function of a handler, for whoever holds the role `access` (`{team}` stands for the route's team).

    With a `limit`, calls are counted by the address they come from. The function states both as attributes, where a
    test finds them.
    """

    def decorate(handler: Handler) -> Callable[..., Awaitable[func.HttpResponse]]:
        async def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            texts = Texts(negotiate(req.headers.get("accept-language", "")))
            with telemetry.span(handler.__name__):
                traceparent = telemetry.traceparent() or context.trace_context.trace_parent or ""
                try:
                    if limit:
                        clients.admit(app(), req.headers, limit)
                    call = Call(req, app(), texts, traceparent, await _caller(req, access))
                    return await handler(call)
                except MadoguchiError as error:
                    telemetry.record_refusal(handler.__name__, error.code)
                    return problem(error, texts, traceparent)

        function.__name__ = handler.__name__
        function.__doc__ = handler.__doc__
        function.access = access  # type: ignore[attr-defined]
        function.limit = limit  # type: ignore[attr-defined]
        return function

    return decorate


def answer(body: object, status: int = 200) -> func.HttpResponse:
    """Answer with JSON; what an answer says of a resident is kept by no cache."""
    return respond(msgspec.json.encode(body), status=status, mimetype="application/json", headers=OF_DATA)


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
