"""Serve the HTTP functions: requests and responses converted as the Functions host (ASP.NET Core) converts them."""

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.routing import Route as Endpoint
from starlette.types import Receive, Scope, Send

from local.host.constraints import RouteError
from local.host.cookies import set_cookie
from local.host.messages import PROTOS, TypedData, binary
from local.host.routes import Route, with_prefix
from local.host.runtime import Function, IndexingError, InvocationError, Runtime, trace

LARGEST_BODY = 104_857_600
"""Bytes, where `FUNCTIONS_REQUEST_BODY_SIZE_LIMIT` says nothing."""
HOMEPAGE = "<!DOCTYPE html><title>Functions</title><p>Your functions app is up and running."
_WRITTEN_BY_SERVER = {"content-length", "transfer-encoding", "connection"}
_OF_THE_HOST = ("admin", "runtime")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_WITHOUT_BODY = {204, 205, 304}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HttpFunction:
    """An HTTP function and what it answers to; `methods` None means every method."""

    function: Function
    input_name: str
    route: Route
    methods: frozenset[str] | None


@dataclass(frozen=True)
class Match:
    """The function that answers a request, with its route parameters."""

    http_function: HttpFunction
    parameters: dict[str, str]


class _BodyTooLarge(Exception):
    pass


def http_functions(functions: Sequence[Function], prefix: str) -> list[HttpFunction]:
    """Return the HTTP functions in the order in which the host tries them: by name, whatever their routes."""
    in_order = sorted(functions, key=lambda function: function.name.upper())
    table = [_http_function(function, prefix) for function in in_order if function.trigger("httpTrigger")]
    _refuse_conflicts([each.function for each in table])
    return table


def find(table: Sequence[HttpFunction], method: str, path: str) -> Match | None:
    """Return the first function whose route and methods fit this decoded path, or None (then it is 404, never 405)."""
    for candidate in table:
        parameters = candidate.route.match(path)
        if parameters is not None and (candidate.methods is None or method.upper() in candidate.methods):
            return Match(candidate, parameters)
    return None


def application(runtime: Runtime, prefix: str, local_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """Return the ASGI application: host status, the desk's own routes under /local, and the functions."""
    app = Starlette(
        routes=[
            Endpoint("/admin/host/status", _host_status),
            *([Mount("/local", routes=list(local_routes))] if local_routes else []),
        ]
    )
    app.router.default = _Functions(runtime, http_functions(runtime.functions, prefix))
    return app


class _Functions:
    def __init__(self, runtime: Runtime, table: list[HttpFunction]) -> None:
        self._runtime = runtime
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        path = decoded_path(request.scope["raw_path"])
        match = find(self._table, request.method, path)
        if match is None:
            return _homepage() if path == "/" else Response(status_code=404)
        try:
            http = _http_input(request, match.parameters, await _body(request))
            under = trace(request.headers.get("traceparent"), request.headers.get("tracestate", ""))
            inputs = {match.http_function.input_name: http}
            return http_response(await self._runtime.invoke(match.http_function.function, inputs, under=under))
        except _BodyTooLarge:
            logger.error("%s failed: the request body is too large", match.http_function.function.name)
            return Response(status_code=500, headers={"connection": "close"})
        except InvocationError:
            return Response(status_code=500)


def decoded_path(raw: bytes) -> str:
    """Decode a path as Kestrel does: everything but an encoded slash."""
    pieces = re.split("(%2[Ff])", raw.decode("ascii", "replace"))
    return "".join(piece if piece.upper() == "%2F" else unquote(piece) for piece in pieces)


def query_parameters(query: str) -> dict[str, str]:
    """Read a query as the host hands it on: names without case, repeats joined by commas, empty values left out."""
    values: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(names.setdefault(name.lower(), name), []).append(value)
    return {name: ",".join(several) for name, several in values.items() if ",".join(several)}


def http_response(value: TypedData | None) -> Response:
    """Turn what a function returned into a response."""
    if value is None:
        return Response(status_code=204)
    if value.WhichOneof("data") == "string":
        return Response(value.string, media_type="text/plain")
    http = value.http
    status = int(http.status_code)
    response = Response(b"" if status in _WITHOUT_BODY else http.body.bytes, status)
    for name, text in http.headers.items():
        if name.lower() not in _WRITTEN_BY_SERVER:
            response.headers[name] = text
    for cookie in http.cookies or []:
        response.headers.append("set-cookie", set_cookie(cookie))
    return response


def _http_function(function: Function, prefix: str) -> HttpFunction:
    trigger = function.trigger("httpTrigger") or {}
    try:
        route = Route(with_prefix(prefix, trigger.get("route") or function.name))
    except RouteError as error:
        raise IndexingError(f"function {function.name}: {error}") from error
    methods = trigger.get("methods")
    return HttpFunction(function, trigger["name"], route, frozenset(m.upper() for m in methods) if methods else None)


def _refuse_conflicts(functions: Sequence[Function]) -> None:
    """Refuse routes as the host does: those that begin as its own do, and those that repeat route and method."""
    taken: dict[tuple[str, str], str] = {}
    for function in functions:
        trigger = function.trigger("httpTrigger") or {}
        route = str(trigger.get("route") or function.name).strip("/").lower()
        if route.startswith(_OF_THE_HOST):
            raise IndexingError(f"function {function.name}: route '{route}' conflicts with those of the host itself")
        for method in trigger.get("methods") or _METHODS:
            other = taken.setdefault((route, str(method).upper()), function.name)
            if other != function.name:
                raise IndexingError(f"function {function.name}: route '{route}' conflicts with that of {other}")


def _http_input(request: Request, parameters: dict[str, str], body: bytes) -> TypedData:
    query = request.scope["query_string"].decode("ascii", "replace")
    path = request.scope["raw_path"].decode("ascii", "replace")
    host = request.headers.get("host", "")
    return TypedData(
        http=PROTOS.RpcHttp(
            method=request.method,
            url=f"{request.url.scheme}://{host}{path}" + (f"?{query}" if query else ""),
            headers=_headers(request),
            body=binary(body),
            params=parameters,
            query=query_parameters(query),
        )
    )


def _headers(request: Request) -> dict[str, str]:
    several: dict[str, list[str]] = {}
    for name, value in request.headers.raw:
        several.setdefault(name.decode("ascii"), []).append(value.decode("utf-8", "replace"))
    return {name: ",".join(values) for name, values in several.items()}


async def _body(request: Request) -> bytes:
    """Read the body; one without Content-Length (chunked) reaches no function: the host hands on an empty one.

    Of one that is too large, the server tells its function's binding, so that the call fails without a word.
    """
    length = request.headers.get("content-length", "0")
    if int(length) > int(os.environ.get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", LARGEST_BODY)):
        raise _BodyTooLarge
    return await request.body() if int(length) else b""


def _homepage() -> Response:
    if os.environ.get("AzureWebJobsDisableHomepage", "").lower() == "true":  # noqa: SIM112 - spelt as Azure spells it
        return Response(status_code=204)
    return HTMLResponse(HOMEPAGE)


async def _host_status(_: Request) -> Response:
    """Refuse whoever asks: the real host wants its own key, and a desk has none."""
    return Response(status_code=401)
