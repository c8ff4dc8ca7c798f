"""CPU time of our code around the SDK calls, against the same SDK calls made bare."""

import statistics
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosResourceNotFoundError
from azure.storage.queue.aio import QueueServiceClient

from bench import life
from bench.desk import CERTIFICATE, CERTIFICATES, submission
from stores.audit import AUDIT
from stores.case import REQUESTS
from stores.claims import CLAIMS
from wiring.app import App
from wiring.clients import cosmos_client, queue_client

BLOCKS = 12
CALLS = 25


async def report(app: App) -> None:
    """Print the ratios of a submit and of a whole life to their bare calls."""
    async with (
        cosmos_client(app.settings.cosmos, app.identity) as client,
        queue_client(app.settings.storage, app.identity) as queues,
    ):
        database = client.get_database_client(app.settings.cosmos_database)
        requests, claims, audit = (database.get_container_client(spec.name) for spec in (REQUESTS, CLAIMS, AUDIT))
        bare = Bare(requests, claims, audit, queues)
        await bare.prepare()
        submits = await _compare(lambda: _submit(app), bare.submit)
        lives = await _compare(lambda: _life(app), bare.life)
    print(f"(b) CPU time, median of {BLOCKS} blocks of {CALLS}    ours    bare   ratio   (aim: below 1.5)")
    for name, (ours, plain) in (("submit, until the receipt", submits), ("the whole life", lives)):
        print(f"    {name:32}{ours * 1000:7.2f} {plain * 1000:7.2f} {ours / plain:7.2f}   ms")
    print()


async def _submit(app: App) -> None:
    await life.submit(app)


async def _life(app: App) -> None:
    await life.advance(app, await life.submit(app))
    await life.claim_and_complete(app)


async def _compare(ours: Callable[[], Awaitable[None]], bare: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """Run both sides in turn, so that a slow moment of the machine meets both."""
    pairs = [(await _cpu(ours), await _cpu(bare)) for _ in range(BLOCKS)]
    return tuple(statistics.median(side) for side in zip(*pairs, strict=True))


async def _cpu(do: Callable[[], Awaitable[None]]) -> float:
    before = time.process_time()
    for _ in range(CALLS):
        await do()
    return (time.process_time() - before) / CALLS


class Bare:
    """Make the SDK calls of a request's life with nothing around them."""

    def __init__(
        self, requests: ContainerProxy, claims: ContainerProxy, audit: ContainerProxy, queues: QueueServiceClient
    ) -> None:
        self._requests = requests
        self._claims = claims
        self._audit = audit
        self._wake_ups = queues.get_queue_client("bare-advance")
        self._urgent = queues.get_queue_client("bare-tasks-urgent")
        self._tasks = queues.get_queue_client("bare-tasks")

    async def prepare(self) -> None:
        """Create the queues."""
        for queue in (self._wake_ups, self._urgent, self._tasks):
            await queue.create_queue()

    async def submit(self) -> None:
        """Write one document and send one message."""
        await self._create(uuid.uuid4().hex)

    async def life(self) -> None:
        """Make the calls of submit, advance, claim and complete."""
        reference = uuid.uuid4().hex
        request = await self._create(reference)
        task = {"id": f"{reference}.t.1", "reference": reference, "type": "task", **_PADDING}
        [read] = await self._load(reference)
        batch: Any = [("create", (task,)), ("replace", (reference, request), {"if_match_etag": read["_etag"]})]
        made = await self._requests.execute_item_batch(batch, reference)
        await self._tasks.send_message(_MESSAGE, time_to_live=-1)
        etag = made[1]["resourceBody"]["_etag"]
        await self._requests.execute_item_batch([("replace", (reference, request), {"if_match_etag": etag})], reference)
        await self._claim_and_complete(reference, request, task)

    async def _claim_and_complete(self, reference: str, request: dict[str, Any], task: dict[str, Any]) -> None:
        with suppress(CosmosResourceNotFoundError):
            await self._claims.read_item(reference, reference)
        _ = [m async for m in self._urgent.receive_messages(max_messages=1, messages_per_page=1)]
        [message] = [m async for m in self._tasks.receive_messages(max_messages=1, messages_per_page=1)]
        documents = {item["id"]: item["_etag"] for item in await self._load(reference)}
        await self._claims.create_item({"id": reference, "claimId": reference, "ttl": 60}, no_response=True)
        hidden = await self._tasks.update_message(message.id, message.pop_receipt, visibility_timeout=960)
        batch: Any = [("replace", (task["id"], task), {"if_match_etag": documents[task["id"]]})]
        await self._requests.execute_item_batch(batch, reference)
        view = {"id": reference, "subject": reference}
        await self._audit.create_item(view, no_response=True)
        documents = {item["id"]: item["_etag"] for item in await self._load(reference)}
        both: Any = [
            ("replace", (reference, request), {"if_match_etag": documents[reference]}),
            ("replace", (task["id"], task), {"if_match_etag": documents[task["id"]]}),
        ]
        await self._requests.execute_item_batch(both, reference)
        await self._tasks.delete_message(message.id, hidden.pop_receipt)

    async def _create(self, reference: str) -> dict[str, Any]:
        body = msgspec.to_builtins(submission(CERTIFICATE, CERTIFICATES))
        request = {"id": reference, "reference": reference, "type": "request", **body, **_PADDING}
        await self._requests.create_item(request, no_response=True)
        await self._wake_ups.send_message(_MESSAGE, time_to_live=-1)
        return request

    async def _load(self, reference: str) -> list[dict[str, Any]]:
        return [item async for item in self._requests.query_items("SELECT * FROM c", partition_key=reference)]


_MESSAGE = '{"task":"K7M2-QX9P-D4TB.prepare.1","team":"certificates","priority":"normal"}'
_PADDING = {"padding": "x" * 700}
"""About what our documents hold besides the answers."""
