"""Requests and their tasks in Cosmos DB, one logical partition each."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.case.ports import Due
from services.case.request import Case, Changes, Part, Request
from services.case.task import TAKEOVER_AFTER, Task, TaskStatus
from services.errors import WriteConflict
from services.times import Instant, later
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos, all_items, plain, read_item, without_nulls

REQUESTS = ContainerSpec(
    "requests",
    "/reference",
    (
        "/type/?",
        "/dueAt/?",
        "/team/?",
        "/status/?",
        "/deadline/?",
        "/priority/?",
        "/lease/until/?",
    ),
    expires=True,
)

type Parts = Mapping[str, type[Part]]


class CosmosRequests:
    """Keep requests and tasks in the container `requests`; `parts` are what capabilities keep there, by their names."""

    def __init__(self, cosmos: Cosmos, parts: Parts) -> None:
        self._cosmos = cosmos
        self._parts = parts

    async def create(self, request: Request) -> None:
        """Store a new request."""
        body = body_of(request)
        await self._cosmos.ask(REQUESTS, lambda c: c.create_item(body, no_response=True))

    async def read(self, reference: str) -> Request | None:
        """Read a request alone."""
        item = await read_item(self._cosmos, REQUESTS, reference, reference)
        return request_of(item, self._parts) if item else None

    async def load(self, reference: str) -> Case | None:
        """Read a request with all its tasks."""
        items = await self._cosmos.ask(REQUESTS, lambda c: all_items(c, "SELECT * FROM c", partition_key=reference))
        documents = [document_of(item, self._parts) for item in items]
        request = next((document for document in documents if isinstance(document, Request)), None)
        return Case(request, {d.id: d for d in documents if isinstance(d, Task)}) if request else None

    async def save(self, case: Case, changes: Changes) -> Case:
        """Write all changes or none; a document without an ETag is new."""
        operations = [_operation(document) for document in changes]
        reference = case.request.reference
        results = await self._cosmos.batch(REQUESTS, operations, reference)
        written = [
            msgspec.structs.replace(document, etag=result["resourceBody"]["_etag"])
            for document, result in zip(changes, results, strict=True)
        ]
        return case.with_documents(tuple(written))

    async def due(self, now: Instant, limit: int) -> list[Due]:
        """List what is due, the oldest first."""
        sql = (
            "SELECT c.id, c.reference, c.dueAt, c.sweeps, c.team, c.priority, c.lease['until'] AS leaseUntil,"
            " c.traceparent FROM c WHERE c.dueAt <= @now ORDER BY c.dueAt OFFSET 0 LIMIT @limit"
        )
        return await self._list(sql, list[Due], now=now, limit=limit)

    async def postpone(self, due: Due, until: Instant) -> bool:
        """Move `dueAt` where it still has the listed value."""
        operations: list[dict[str, Any]] = [
            {"op": "set", "path": "/dueAt", "value": until},
            {"op": "set", "path": "/sweeps", "value": due.sweeps + 1},
        ]
        unchanged = f"FROM c WHERE c.dueAt = '{due.due_at}'"
        try:
            await self._cosmos.ask(
                REQUESTS, lambda c: c.patch_item(due.id, due.reference, operations, filter_predicate=unchanged)
            )
        except WriteConflict:
            return False
        return True

    async def tasks_of_team(self, team: str, status: TaskStatus, limit: int) -> list[Task]:
        """List a team's tasks of a status, the earliest deadline first."""
        sql = (
            "SELECT * FROM c WHERE c.type = 'task' AND c.team = @team AND c.status = @status"
            " ORDER BY c.deadline OFFSET 0 LIMIT @limit"
        )
        return await self._list(sql, list[Task], team=team, status=status, limit=limit)

    async def claimable_tasks(self, team: str, now: Instant, limit: int) -> list[Task]:
        """List a team's open tasks that nobody holds, the urgent ones first."""
        sql = (
            "SELECT * FROM c WHERE c.type = 'task' AND c.team = @team AND c.status = 'open'"
            " AND (NOT IS_DEFINED(c.lease['until']) OR c.lease['until'] <= @before)"
            " ORDER BY c.priority DESC OFFSET 0 LIMIT @limit"
        )
        return await self._list(sql, list[Task], team=team, before=later(now, -TAKEOVER_AFTER), limit=limit)

    async def _list[T](self, sql: str, type_: type[T], **parameters: object) -> T:
        items = await self._cosmos.find(REQUESTS, sql, **parameters)
        return msgspec.convert([without_nulls(item) for item in items], type_)


def document_of(item: dict[str, Any], parts: Parts) -> Request | Task:
    """Read a request or a task; the keys of a part are top-level keys of its request's document."""
    return request_of(item, parts) if item["type"] == "request" else msgspec.convert(item, Task)


def request_of(item: dict[str, Any], parts: Parts) -> Request:
    """Read a request with its parts."""
    read = {name: msgspec.convert(item, kind) for name, kind in parts.items()}
    kept = {name: part for name, part in read.items() if part != parts[name]()}
    return msgspec.structs.replace(msgspec.convert(item, Request), parts=kept)


def body_of(document: Request | Task) -> dict[str, Any]:
    """Return the JSON of a request or a task, as `document_of` reads it."""
    body = plain(document)
    for part in body.pop("parts", {}).values():
        body |= part
    return body


def _operation(document: Request | Task) -> tuple[Any, ...]:
    if not document.etag:
        return ("create", (body_of(document),))
    return ("replace", (document.id, body_of(document)), {"if_match_etag": document.etag})
