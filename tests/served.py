"""The functions of the app over fakes, called as the host calls them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import msgspec
from azure.functions.queue import QueueMessageInConverter
from azure_functions_runtime.bindings.datumdef import Datum
from cryptography.hazmat.primitives.asymmetric import rsa

import wiring
from function_app import app as indexed
from local.host import metadata
from local.host.messages import json_text, string
from local.issuer import Issuer
from services.catalog.model import Current
from stores.shipped import ShippedEditions
from tests.apps import settings_for
from tests.counter import Counter
from wiring import SECTIONS, build
from wiring.app import App

FUNCTIONS = {function.get_function_name(): function for function in indexed.get_functions()}
QUEUE_FUNCTIONS = {name for name, f in FUNCTIONS.items() if f.get_trigger().get_binding_name() == "queueTrigger"}
_CONTEXT = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=f"00-{'1' * 32}-{'2' * 16}-01"))


def app_over(counter: Counter, **changes: object) -> App:
    """Return an app whose services are those of a counter on fakes."""
    settings = settings_for("UseDevelopmentStorage=true", "UseDevelopmentStorage=true", **changes)
    clock = counter.clock
    return msgspec.structs.replace(
        build(settings, clock, capabilities=counter.capabilities),
        requests=counter.requests,
        queued=counter.queued,
        advance=counter.advance,
        tasks=counter.tasks,
        catalog=counter.catalog,
        reissuing=counter.reissuing,
        readiness=counter.core.readiness,
        measuring=counter.core.measuring,
        worker=counter.worker,
        failures=counter.operations,
        reconciliation=counter.reconciliation,
        queues=counter.queues,
        added={name: each.services for name, each in counter.added.items()},
        each_minute=tuple(run for each in counter.added.values() for run in each.each_minute),
    )


async def call(
    name: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] = {},
    route: Mapping[str, str] = {},
    params: Mapping[str, str] = {},
) -> func.HttpResponse:
    """Call an HTTP function of the app that `serve` put in place."""
    function = FUNCTIONS[name]
    request = func.HttpRequest(
        method=str(method_of(function)),
        url=f"/{function.get_trigger().route}",
        headers={"Content-Type": "application/json", **headers},
        route_params=dict(route),
        params=dict(params),
        body=body,
    )
    return await function.get_user_function()(request, _CONTEXT)


async def deliver(name: str, body: bytes, id_: str = "message-1") -> None:
    """Deliver a message to a queue function as the host does: the library makes the message of what the host says."""
    trigger = FUNCTIONS[name].get_trigger().get_dict_repr()
    as_bytes = trigger.get("dataType") is func.DataType.BINARY
    said = {"Id": string(id_), "DequeueCount": json_text("1"), "ExpirationTime": json_text('"2026-12-01T00:00:00Z"')}
    value, said = metadata.delivered(body, said, as_bytes=as_bytes)
    as_datums = {name: Datum.from_typed_data(one) for name, one in said.items()}
    message = QueueMessageInConverter.decode(Datum.from_typed_data(value), trigger_metadata=as_datums)
    await FUNCTIONS[name].get_user_function()(message)


async def tick(name: str) -> None:
    """Run a timer function."""
    await FUNCTIONS[name].get_user_function()(SimpleNamespace(past_due=False))


def signed_in(app: App, roles: list[str]) -> tuple[App, str]:
    """Return an app that knows an issuer's key, and a token of somebody with these roles."""
    issuer = Issuer(_key(), app.settings.token_issuer, app.settings.token_audience)
    return msgspec.structs.replace(app, keys=_Keys(issuer)), issuer.token("u-hanako", roles, datetime.now(UTC))


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class _Keys:
    def __init__(self, issuer: Issuer) -> None:
        self._keys = {key["kid"]: key for key in issuer.key_set()["keys"]}

    async def key(self, id_: str) -> dict[str, Any] | None:
        return self._keys.get(id_)


def method_of(function: Any) -> str | None:
    """Return the method of an HTTP function, None for any other."""
    trigger = function.get_trigger()
    if trigger.get_binding_name() != "httpTrigger":
        return None
    return str(trigger.methods[0].value if trigger.methods else "GET")


def serve(app: App) -> None:
    """Let the functions of this process serve this app."""
    wiring._apps[:] = [app]


async def shipped[C: Counter](kind: type[C]) -> C:
    """Return a counter of this kind with the shipped services published."""
    if not _shipped:
        editions = await ShippedEditions(SECTIONS).current()
        _shipped.extend(
            msgspec.structs.replace(c, edition=msgspec.structs.replace(c.edition, version=1)) for c in editions
        )
    return kind(*_shipped)


_shipped: list[Current] = []
"""Read once: they never change, and reading takes a good part of a second."""


def said(response: func.HttpResponse) -> Any:
    """Return the JSON of an answer."""
    return json.loads(response.get_body())
