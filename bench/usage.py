"""What one household's relief supplies cost the stores, from the form to the hand-over, counted at the transport.

`python -m bench.usage` measures it on the emulators and writes usage.json, which `bench.cost` reckons with.
"""

import asyncio
import random
import re
from collections.abc import Awaitable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import msgspec
from azure.core.pipeline.transport import AioHttpTransport

import wiring
from bench.desk import STAFF, TEAM, emulated_app, new_key, submission
from functions.advance import timers
from local.desk import ROOT
from local.seed import PLACES, seed
from services import times
from services.case.request import Request
from services.case.task import Staff
from services.intake.service import Receipt
from services.pickup.booking.offers import SITES_LISTED_FOR
from services.pickup.counter.counter import HandOver
from services.pickup.slots import turns
from services.pickup.slots.slots import LISTED_FOR
from services.tasks.service import ClaimedTask
from stores.shipped import read_yaml
from wiring.app import App
from wiring.pickup import pickup

FILE = Path(__file__).parent / "usage.json"
NEIGHBOURS = PLACES["pickup"] - 1
"""How many households are in the slot already: the one that is measured is the last, and the slot is at its largest."""
UNITS = {"water": 9, "food": 9, "blanket": 3, "toiletPaper": 1}
WELFARE = Staff("u-bench", "計測", frozenset({"Team.welfare"}))
URGENT_FIRST = 1
"""A seed for an app whose first claim asks the urgent queue first, as four in five do."""


class Operation(msgspec.Struct, array_like=True):
    """Hold one call to a store: what it does where, the bytes of each document written, and the bytes returned."""

    name: str
    written: list[int] = []
    returned: int = 0


class Usage(msgspec.Struct):
    """Hold the operations of each part of a household's way, and the bytes that it leaves in Cosmos DB."""

    stored: int
    parts: dict[str, list[Operation]]


class Recorder:
    """Record what goes out through the SDKs while it is in force."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.stored: dict[str, int] = {}
        self._patched: dict[str, Operation] = {}
        self._send = AioHttpTransport.send

    def __enter__(self) -> "Recorder":
        recorder, send = self, self._send

        async def record(transport: AioHttpTransport, request: Any, **options: Any) -> Any:
            answer = await send(transport, request, **options)
            if "/dbs/" in request.url:
                await answer.load_body()
                recorder.note(request, answer.body())
            else:
                recorder.operations.append(Operation("queue"))
            return answer

        AioHttpTransport.send = record
        return self

    def __exit__(self, *_: object) -> None:
        AioHttpTransport.send = self._send

    def note(self, request: Any, body: bytes) -> None:
        """Record a call to Cosmos DB, but not what the SDK asks once about a container.

        The size of a document that was patched comes from the next read of it.
        """
        verb, address = _verb(request), urlsplit(request.url).path
        if verb == "describe":
            return
        container = address.split("/")[4]
        sizes = self._written(verb, container, request, body)
        operation = Operation(f"{verb} {container}", sizes, 0 if sizes else len(body))
        self.operations.append(operation)
        if verb == "patch":
            self._patched[address] = operation
        elif address in self._patched:
            self._patched.pop(address).written = [len(body)]

    def taken(self) -> list[Operation]:
        """Return what was recorded since the last time."""
        taken, self.operations = self.operations, []
        return taken

    def _written(self, verb: str, container: str, request: Any, body: bytes) -> list[int]:
        """Return the bytes of the documents written, and remember those that are new or known and stay."""
        if verb == "create":
            document = msgspec.json.decode(request.body)
            if "ttl" not in document:
                self.stored[f"{container}/{document['id']}"] = len(request.body)
            return [len(request.body)]
        if verb != "batch":
            return []
        documents = [result["resourceBody"] for result in msgspec.json.decode(body)]
        for asked, document in zip(msgspec.json.decode(request.body), documents, strict=True):
            id_ = f"{container}/{document['id']}"
            if asked["operationType"] == "Create" or id_ in self.stored:
                self.stored[id_] = len(msgspec.json.encode(document))
        return [len(msgspec.json.encode(document)) for document in documents]


async def measure(app: App) -> Usage:
    """Let a household ask, be worked for and be served, as the last one of a slot; then let both timers run."""
    slot = await _open(app)
    parts: dict[str, list[Operation]] = {}
    with Recorder() as recorder:

        async def part[T](name: str, doing: Awaitable[T]) -> T:
            done = await doing
            parts[name] = recorder.taken()
            return done

        await _cold()
        await part("a form", pickup(app).offers.open("pickup"))
        receipt = await part("submit", _ask(app, slot))
        await _cold()
        await part("advance", app.advance.advance(receipt.reference))
        claimed = await part("claim", _claim(app))
        await part("complete", _complete(app, claimed))
        await _cold()
        await part("a look at the request", _look(app, receipt))
        await part("a card at the counter", pickup(app).counter.card(receipt.reference, STAFF))
        handed = HandOver(id=new_key(), receiver="household")
        await part("hand over", pickup(app).counter.hand_over(receipt.reference, handed, STAFF))
        stored = sum(recorder.stored.values())
        await part("a claim that finds nothing", app.tasks.claim_next("welfare", WELFARE, **_CLAIM, claim_id=new_key()))
        await part("sweep", _run(app, timers.sweep))
        await part("reconcile", _run(app, timers.reconcile))
    return Usage(stored, parts)


async def _open(app: App) -> str:
    """Publish the shipped services, open the sites of a desk, fill a slot but for one place, and return its name."""
    for path in sorted((ROOT / "catalog" / "services").glob("*.yaml")):
        await app.catalog.publish(read_yaml(path))
    await seed(pickup(app).keeping, times.system_clock())
    opening = next(offer.opening for offer in await pickup(app).offers.open("pickup"))
    for number in range(NEIGHBOURS):
        key = turns.key_of(f"AAAA-AAAA-{number:04}", 1)
        await pickup(app).slots.reserve(
            opening, turns.reserve(opening.items, key, UNITS, until=None, is_newcomer=False)
        )
    return opening.name


async def _ask(app: App, slot: str) -> Receipt:
    sent = submission()
    wished = msgspec.structs.replace(sent, answers={**sent.answers, "slot": slot})
    return (await app.requests.submit(wished, new_key(), None))[0]


async def _cold() -> None:
    """Wait until no list of slots and sites is fresh, as where pages are asked for rarely."""
    await asyncio.sleep(max(LISTED_FOR, SITES_LISTED_FOR) + 0.1)


_CLAIM: dict[str, Any] = {"limit": 1, "seconds": 900}


async def _claim(app: App) -> ClaimedTask:
    [claimed] = await app.tasks.claim_next(TEAM, STAFF, **_CLAIM, claim_id=new_key())
    return claimed


async def _complete(app: App, claimed: ClaimedTask) -> None:
    assert claimed.task.lease is not None
    await app.tasks.complete(claimed.task.id, STAFF, claimed.task.lease.token, outcome="done", note=None)


async def _look(app: App, receipt: Receipt) -> Request | None:
    request = await app.requests.status(receipt.reference, receipt.access_code)
    if request:
        await pickup(app).offers.appointment(request)
    return request


async def _run(app: App, timer: Any) -> None:
    before, wiring._apps[:] = wiring._apps[:], [app]
    try:
        await timer._function.get_user_function()(SimpleNamespace(past_due=False))
    finally:
        wiring._apps[:] = before


def _verb(request: Any) -> str:
    headers = {name.lower(): value for name, value in request.headers.items()}
    if "x-ms-cosmos-is-batch-request" in headers:
        return "batch"
    if re.search("/colls/[a-z]+/?$", request.url):
        return "describe"
    if "query" in headers.get("content-type", ""):
        return "query one partition of" if "x-ms-documentdb-partitionkey" in headers else "query"
    return {"POST": "create", "GET": "read", "PUT": "replace", "PATCH": "patch"}[request.method]


def read() -> Usage:
    """Read what was measured last."""
    return msgspec.json.decode(FILE.read_bytes(), type=Usage)


async def _write() -> None:
    """Measure, and write one part a line."""
    random.seed(URGENT_FIRST)
    async with emulated_app() as app:
        usage = await measure(app)
    parts = [f'"{name}": {msgspec.json.encode(operations).decode()}' for name, operations in usage.parts.items()]
    FILE.write_text(f'{{"stored": {usage.stored}, "parts": {{\n' + ",\n".join(parts) + "\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_write())
