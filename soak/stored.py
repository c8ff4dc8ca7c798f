"""Reading what the stores hold, directly."""

from collections.abc import Sequence
from typing import Any

import msgspec

from services.case.request import Request
from services.case.task import Task
from services.failures.model import Selection
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from soak.invariants import Stored
from stores.audit import AUDIT
from stores.case import REQUESTS, document_of
from stores.containers import ContainerSpec
from wiring import PARTS
from wiring.app import App

WITHIN = 60.0
ALL_FAILURES = 10_000
SEEN = "SELECT c.operation, c.task FROM c"


class Rest(msgspec.Struct, frozen=True):
    """Count what has not come to rest: pending requests, open tasks, submissions that wait in the intake queue.

    A place that is held rests until its resident answers or its time is over.
    """

    pending: int
    open: int
    waiting: int

    def __str__(self) -> str:
        return f"{self.pending} requests pending, {self.open} tasks open, {self.waiting} messages in the intake queue"

    @property
    def is_reached(self) -> bool:
        """Tell whether nothing is left to be done."""
        return not (self.pending or self.open or self.waiting)


async def read_all(app: App) -> Stored:
    """Read every document."""
    documents = [document_of(item, PARTS) for item in await _query(app, REQUESTS, "SELECT * FROM c")]
    return Stored(
        requests=[document for document in documents if isinstance(document, Request)],
        tasks=[document for document in documents if isinstance(document, Task)],
        failures=await app.failures.list(Selection(), ALL_FAILURES),
        views=frozenset((item.get("operation"), item.get("task")) for item in await _query(app, AUDIT, SEEN)),
    )


async def how_far(app: App) -> Rest:
    """Tell what is left to be done."""
    intake = await app.queues.numbers(INTAKE_QUEUE)
    due = await _query(app, REQUESTS, "SELECT c.type, c.pending FROM c WHERE c.dueAt > ''")
    requests = [item for item in due if item["type"] == "request"]
    pending = sum(any(step["kind"] != "expire" for step in item["pending"].values()) for item in requests)
    return Rest(pending=pending, open=len(due) - len(requests), waiting=intake.depth if intake else 0)


async def _query(app: App, spec: ContainerSpec, sql: str) -> Sequence[dict[str, Any]]:
    async def ask(container: Any) -> list[dict[str, Any]]:
        return [item async for item in container.query_items(sql, max_item_count=1000)]

    return await app.cosmos.ask(spec, ask, WITHIN)
