"""Requests and their tasks in Cosmos DB, one logical partition each."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from services.case.ports import Due, SetAside
from services.case.request import Case, Changes, Part, Request
from services.case.task import TAKEOVER_AFTER, Task, TaskStatus, reference_of
from services.errors import WriteConflict
from services.times import Instant, later
from stores.containers import ContainerSpec
from stores.cosmos import ANSWER_WITHIN, Cosmos, without_nulls
from stores.documents import Documents, Item, own, plain, rewritten

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

    def __init__(self, cosmos: Cosmos, parts: Parts, set_aside: SetAside) -> None:
        self._cosmos = cosmos
        self._documents = Documents(cosmos, REQUESTS, set_aside)
        self._request_of = partial(request_of, parts=parts)

    async def create(self, request: Request) -> None:
        """Store a new request."""
        body = body_of(request)
        await self._cosmos.ask(REQUESTS, lambda c: c.create_item(body, no_response=True))

    async def read(self, reference: str) -> Request | None:
        """Read a request alone."""
        item = await self._cosmos.item(REQUESTS, reference, reference)
        return await self._documents.one(item, self._request_of) if item else None

    async def load(self, reference: str) -> Case | None:
        """Read a request with all its tasks."""
        items = await self._cosmos.find(REQUESTS, "SELECT * FROM c", reference, ANSWER_WITHIN)
        requests = [item for item in items if item["id"] == reference]
        if not requests:
            return None
        request = await self._documents.one(requests[0], self._request_of)
        tasks, damaged = await self._documents.sorted(filter(_is_of_task, items), task_of)
        return Case(request, {task.id: task for task in tasks}, frozenset(str(item["id"]) for item in damaged))

    async def save(self, case: Case, changes: Changes) -> Case:
        """Write all changes or none; a document without an ETag is new."""
        operations = [self._operation(document) for document in changes]
        reference = case.request.reference
        results = await self._cosmos.batch(REQUESTS, operations, reference)
        written = [
            msgspec.structs.replace(document, etag=result["resourceBody"]["_etag"])
            for document, result in zip(changes, results, strict=True)
        ]
        return case.with_documents(tuple(written))

    async def due(self, now: Instant, limit: int) -> list[Due]:
        """List what is due, the oldest first; move what cannot be read out of the way of the others."""
        sql = (
            "SELECT c.id, c.reference, c.dueAt, c.sweeps, c.team, c.priority, c.lease['until'] AS leaseUntil,"
            " c.traceparent, c.schemaVersion, c._etag FROM c WHERE c.dueAt <= @now ORDER BY c.dueAt"
            " OFFSET 0 LIMIT @limit"
        )
        return await self._documents.due(
            lambda: self._cosmos.find(REQUESTS, sql, now=now, limit=limit), _due_of, limit, now
        )

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
            " ORDER BY c.deadline OFFSET @passed LIMIT @limit"
        )
        return await self._tasks(sql, limit, team=team, status=status)

    async def claimable_tasks(self, team: str, now: Instant, limit: int) -> list[Task]:
        """List a team's open tasks that nobody holds, the urgent ones first."""
        sql = (
            "SELECT * FROM c WHERE c.type = 'task' AND c.team = @team AND c.status = 'open'"
            " AND (NOT IS_DEFINED(c.lease['until']) OR c.lease['until'] <= @before)"
            " ORDER BY c.priority DESC OFFSET @passed LIMIT @limit"
        )
        return await self._tasks(sql, limit, team=team, before=later(now, -TAKEOVER_AFTER))

    async def _tasks(self, sql: str, limit: int, **parameters: object) -> list[Task]:
        async def query(passed: int) -> list[Item]:
            return await self._cosmos.find(REQUESTS, sql, passed=passed, limit=limit, **parameters)

        return await self._documents.some(query, task_of, limit)

    def _operation(self, document: Request | Task) -> tuple[Any, ...]:
        if isinstance(document, Request):
            body = rewritten(document, self._request_of, body_of)
        else:
            body = rewritten(document, task_of, body_of)
        if not document.etag:
            return ("create", (body,))
        return ("replace", (document.id, body), {"if_match_etag": document.etag})


def document_of(item: Item, parts: Parts) -> Request | Task:
    """Read a request or a task."""
    return request_of(item, parts) if item["type"] == "request" else task_of(item)


def request_of(item: Item, parts: Parts) -> Request:
    """Read a request; the keys of its parts are top-level keys of its document."""
    read = {name: msgspec.convert(item, kind) for name, kind in parts.items()}
    kept = {name: part for name, part in read.items() if part != parts[name]()}
    return msgspec.structs.replace(msgspec.convert(item, Request), parts=kept, stored=own(item))


def task_of(item: Item) -> Task:
    """Read a task."""
    return msgspec.structs.replace(msgspec.convert(item, Task), stored=own(item))


def body_of(document: Request | Task) -> Item:
    """Return the JSON of a request or a task, as `request_of` and `task_of` read it."""
    body = plain(document)
    for part in body.pop("parts", {}).values():
        body |= part
    return body


def _is_of_task(item: Item) -> bool:
    """Tell whether a document is a task or has the id of one; others are of a capability, or of a later version."""
    try:
        return item.get("type") == "task" or bool(reference_of(item["id"]))
    except ValueError:
        return False


def _due_of(item: Item) -> Due:
    return msgspec.convert(without_nulls(item), Due)
