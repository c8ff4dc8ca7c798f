"""The edge of every HTTP function: decode, check who calls, and turn every error into its answer."""

from collections.abc import Awaitable, Callable

import azure.functions as func
import msgspec

from functions.edge import clients, telemetry
from functions.edge.access import ANYONE, Access, must_have, role_of, staff_of
from functions.edge.bodies import body_of
from functions.edge.headers import OF_DATA, respond
from functions.edge.problems import BadRequest, NotJson, problem
from functions.edge.texts import Texts, negotiate
from services import door, errors
from services.case.task import Staff
from services.catalog.forms import child
from services.errors import FieldError, InvalidSubmission, MadoguchiError, TooLarge
from services.limits import Kind
from wiring import app
from wiring.app import App

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
        """Return a parameter of the route; the host leaves one out that catches all and caught nothing."""
        return str(self.request.route_params.get(name, ""))

    def json[T](self, type_: type[T], limit: int = MAX_BODY, most: int = door.MOST_VALUES) -> T:
        """Decode the body of at most so many bytes and values.

        Raises TooLarge, LengthMissing, NotJson, BadRequest, InvalidSubmission.
        """
        return decode(self.request, type_, limit, most)


type Handler = Callable[[Call], Awaitable[func.HttpResponse]]


def api(access: Access, limit: Kind | None = None) -> Callable[[Handler], Callable[..., Awaitable[func.HttpResponse]]]:
    """Make an HTTP function of a handler, for whoever holds the role `access` or is among those it names.

    With a `limit`, calls are counted by the address they come from. The function states both as attributes, where a
    test finds them.
    """

    def decorate(handler: Handler) -> Callable[..., Awaitable[func.HttpResponse]]:
        async def answered(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            texts = Texts(negotiate(req.headers.get("accept-language", "")))
            traceparent = telemetry.traceparent() or context.trace_context.trace_parent or ""
            try:
                if limit:
                    clients.admit(app(), req.headers, limit)
                call = Call(req, app(), texts, traceparent, await _caller(req, access))
                return await handler(call)
            except MadoguchiError as error:
                telemetry.record_refusal(handler.__name__, error.code)
                return problem(error, texts, traceparent)

        async def function(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
            with telemetry.span(handler.__name__):
                return await telemetry.counted(handler.__name__, answered(req, context))

        function.__name__ = handler.__name__
        function.__doc__ = handler.__doc__
        function.access = access  # type: ignore[attr-defined]
        function.limit = limit  # type: ignore[attr-defined]
        return function

    return decorate


def answer(body: object, status: int = 200) -> func.HttpResponse:
    """Answer with JSON; what an answer says of a resident is kept by no cache."""
    return respond(msgspec.json.encode(body), status=status, mimetype="application/json", headers=OF_DATA)


def decode[T](request: func.HttpRequest, type_: type[T], limit: int, most: int) -> T:
    """Decode a JSON body: first its size and type, then whether it is JSON, then its shape."""
    body = body_of(request, limit)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise NotJson()
    try:
        plain = door.json(body, most)
    except door.Unreadable as error:
        raise BadRequest(str(error)) from error
    except door.TooMuch as error:
        raise TooLarge() from error
    try:
        return msgspec.convert(plain, type_)
    except msgspec.ValidationError as error:
        raise InvalidSubmission((_shape_error(str(error)),)) from error


async def _caller(req: func.HttpRequest, access: Access) -> Staff | None:
    if access is ANYONE:
        return None
    return await require(req, role_of(access, req.route_params))


async def require(req: func.HttpRequest, role: Access) -> Staff:
    """Return the verified caller, who must hold the role; raises Unauthenticated, Forbidden."""
    staff = await caller_of(req)
    must_have(staff, role)
    return staff


async def caller_of(req: func.HttpRequest) -> Staff:
    """Return the verified caller, whatever its roles; raises Unauthenticated."""
    settings = app().settings
    header = req.headers.get("authorization", "")
    return await staff_of(header, keys=app().keys, issuer=settings.token_issuer, audience=settings.token_audience)


def _shape_error(message: str) -> FieldError:
    """Turn msgspec's message into a pointer and a code; what it quotes of the caller's is cut."""
    said, found, where = message.rpartition(" - at `$")
    said, pointer = (said, _pointer(where.removesuffix("`"))) if found else (message, "")
    for words, code in (("missing required field `", "required"), ("unknown field `", "unknown_field")):
        _, found, name = said.partition(words)
        if found:
            return FieldError(child(pointer, door.step(name.removesuffix("`"))), code)
    if "<=" in said or ">=" in said:
        return FieldError(pointer, "out_of_range")
    codes = {"matching regex": "pattern", "Invalid enum value": "enum", "Expected `int": "type_integer"}
    return FieldError(pointer, next((code for words, code in codes.items() if words in said), "type"))


def _pointer(path: str) -> str:
    """Write msgspec's path (`.answers[3].name`, `[...]` for a key of the caller's) as a JSON pointer."""
    steps = path.replace("[...]", "").replace("]", "").replace("[", ".").split(".")
    return "".join(child("", step) for step in steps if step)
