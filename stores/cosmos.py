"""Cosmos DB for NoSQL behind the ports."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from azure.core.exceptions import AzureError, HttpResponseError
from azure.cosmos.aio import ContainerProxy, CosmosClient

from services.advance.model import Due
from services.catalog.model import Current, Edition
from services.errors import DocumentFull, StoreUnavailable, WriteConflict
from services.pickup.alike import Alike
from services.pickup.places import Waiting
from services.ports import AuditRecord
from services.requests.model import Case, Changes, Request
from services.tasks.model import TAKEOVER_AFTER, Task, TaskStatus
from services.times import Instant, later
from stores import households, telemetry
from stores.containers import AUDIT, CATALOG, REQUESTS, ContainerSpec

ANSWER_WITHIN = 2.5
"""Seconds for one call, all retries of the SDK included: the share of a submit's budget that is Cosmos DB's."""
LIST_WITHIN = 10.0
"""Seconds for a query over all partitions."""
CATALOG_WITHIN = 1.0
"""Seconds for reading the catalog, for which a copy stands ready."""

_DOES_NOT_ANSWER = {401, 403, 408, 410, 429, 449}
_OTHER_STATE = {404, 409, 412}
_RETRY_WITH = 449
_THROTTLES = 429
_TOO_LARGE = 413


class Cosmos:
    """Hold the one client of a process, opened on the running loop by the first call that needs it."""

    def __init__(self, connect: Callable[[], CosmosClient], database: str) -> None:
        self._connect = connect
        self._database = database
        self._client: CosmosClient | None = None
        self._opening = asyncio.Lock()

    async def ask[T](
        self, spec: ContainerSpec, call: Callable[[ContainerProxy], Awaitable[T]], within: float = ANSWER_WITHIN
    ) -> T:
        """Make one call; raises StoreUnavailable, WriteConflict for 404, 409 and 412, DocumentFull for 413, and
        HttpResponseError.
        """
        with telemetry.call(f"cosmos {spec.name}"):
            try:
                async with asyncio.timeout(within):
                    return await self._ask(spec, call)
            except TimeoutError as error:
                raise StoreUnavailable(f"{spec.name}: no answer within {within} s") from error
            except HttpResponseError as error:
                raise _translated(spec, error) from error
            except AzureError as error:
                raise StoreUnavailable(f"{spec.name}: {type(error).__name__}") from error

    async def find(
        self, spec: ContainerSpec, sql: str, partition_key: str | None = None, /, **parameters: object
    ) -> list[Any]:
        """Query a container, or one partition of it, with parameters by their names."""
        named = [{"name": f"@{name}", "value": value} for name, value in parameters.items()]
        within = {"partition_key": partition_key} if partition_key else {}
        return await self.ask(spec, lambda c: _all(c, sql, parameters=named, **within), LIST_WITHIN)

    async def close(self) -> None:
        """Close the client; the next call opens a new one."""
        if self._client:
            client, self._client = self._client, None
            await client.close()

    async def _ask[T](self, spec: ContainerSpec, call: Callable[[ContainerProxy], Awaitable[T]]) -> T:
        container = (await self._open()).get_database_client(self._database).get_container_client(spec.name)
        while True:
            try:
                return await call(container)
            except HttpResponseError as error:
                if error.status_code != _RETRY_WITH:
                    raise
                await asyncio.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - jitter, not a secret

    async def _open(self) -> CosmosClient:
        """Open the client whole or not at all: entering it does the SDK's set-up (regions, consistency)."""
        async with self._opening:
            if self._client is None:
                client = self._connect()
                try:
                    await client.__aenter__()
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client


def _translated(spec: ContainerSpec, error: HttpResponseError) -> Exception:
    status = error.status_code or 500
    if status in _OTHER_STATE:
        return WriteConflict(f"{spec.name}: {status}")
    if status == _TOO_LARGE:
        return DocumentFull(f"{spec.name}: over the 2 MB of a document or a batch")
    if status in _DOES_NOT_ANSWER or status >= 500:
        return StoreUnavailable(f"{spec.name}: {status}", wait=_asked_to_wait(error) if status == _THROTTLES else None)
    return error


def _asked_to_wait(error: HttpResponseError) -> float:
    """Return the seconds for which a store that throttles asks to be left alone."""
    headers = getattr(error, "headers", None) or {}
    return float(headers.get("x-ms-retry-after-ms", 0)) / 1000


class CosmosRequests:
    """Keep requests and tasks in the container `requests`."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def create(self, request: Request) -> None:
        """Store a new request."""
        body = plain(request)
        await self._cosmos.ask(REQUESTS, lambda c: c.create_item(body, no_response=True))

    async def read(self, reference: str) -> Request | None:
        """Read a request alone."""
        item = await read_item(self._cosmos, REQUESTS, reference, reference)
        return msgspec.convert(item, Request) if item else None

    async def load(self, reference: str) -> Case | None:
        """Read a request with all its tasks."""
        items = await self._cosmos.ask(REQUESTS, lambda c: _all(c, "SELECT * FROM c", partition_key=reference))
        documents = msgspec.convert(items, list[Request | Task])
        request = next((document for document in documents if isinstance(document, Request)), None)
        return Case(request, {d.id: d for d in documents if isinstance(d, Task)}) if request else None

    async def save(self, case: Case, changes: Changes) -> Case:
        """Write all changes or none; a document without an ETag is new."""
        operations = [_operation(document) for document in changes]
        reference = case.request.reference
        results = await self._cosmos.ask(REQUESTS, lambda c: c.execute_item_batch(operations, reference))
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

    async def tasks_claimed_with(self, claim_id: str) -> list[Task]:
        """List the tasks whose lease was given to this claim."""
        sql = "SELECT * FROM c WHERE c.type = 'task' AND c.lease.claimId = @claim_id"
        return await self._list(sql, list[Task], claim_id=claim_id)

    async def sharing(self, blocks: Sequence[str], kinds: int, after: str, limit: int) -> list[Alike]:
        """List who shares at least so many kinds of evidence, by reference, after a reference."""
        sql, named = households.sharing(blocks, kinds)
        return await self._list(sql, list[Alike], **named, after=after, limit=limit) if sql else []

    async def folded_before(self, folding: int, after: str, limit: int) -> list[str]:
        """List the references whose booking is of an older folding, in their order, after a reference."""
        parameters = {"folding": folding, "after": after, "limit": limit}
        found = await self._cosmos.find(REQUESTS, households.FOLDED_BEFORE, **parameters)
        return [item["reference"] for item in found]

    async def waiting(self, method: str, limit: int) -> list[Waiting]:
        """List the households that wait for a place or were called to one, in the order of their receipts."""
        sql = (
            "SELECT c.reference, c.booking.since, c.booking.members, c.booking.flagged, c.booking.lines FROM c"
            " WHERE c.type = 'request' AND c.status = 'accepted'"
            " AND c.booking.state IN ('waiting', 'called') AND c.booking.method = @method"
            " ORDER BY c.booking.since OFFSET 0 LIMIT @limit"
        )
        return await self._list(sql, list[Waiting], method=method, limit=limit)

    async def _list[T](self, sql: str, type_: type[T], **parameters: object) -> T:
        items = await self._cosmos.find(REQUESTS, sql, **parameters)
        return msgspec.convert([_without_nulls(item) for item in items], type_)


class CosmosEditions:
    """Keep published definitions in the container `catalog`: every edition, and which one is current."""

    _KIND = "service"

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def current(self) -> tuple[Current, ...]:
        """Read the current edition of every service."""
        sql = "SELECT * FROM c WHERE c.current = true ORDER BY c.id"
        items = await self._cosmos.ask(CATALOG, lambda c: _all(c, sql, partition_key=self._KIND), CATALOG_WITHIN)
        return msgspec.convert(items, tuple[Current, ...])

    async def edition(self, service: str, version: int) -> Edition | None:
        """Read one edition."""
        item = await read_item(self._cosmos, CATALOG, f"{service}.{version}", self._KIND)
        return msgspec.convert(item["edition"], Edition) if item else None

    async def publish(self, current: Current) -> None:
        """Store the edition and make it current, in one batch."""
        edition = current.edition
        pointer = plain(current) | {"id": current.service, "kind": self._KIND, "current": True}
        kept = {
            "id": f"{edition.service}.{edition.version}",
            "kind": self._KIND,
            "current": False,
            "edition": msgspec.to_builtins(edition),
        }
        point: tuple[Any, ...] = ("create", (pointer,))
        if current.etag:
            point = ("replace", (current.service, pointer), {"if_match_etag": current.etag})
        await self._cosmos.ask(CATALOG, lambda c: c.execute_item_batch([("create", (kept,)), point], self._KIND))


class CosmosAudit:
    """Append to the container `audit`."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def append(self, record: AuditRecord) -> None:
        """Append a record; its id derives from its content, so one that is there already is the same.

        Raises StoreUnavailable where it is not there after all: a container that is missing is a conflict, too.
        """
        try:
            await self._cosmos.ask(AUDIT, lambda c: c.create_item(plain(record), no_response=True))
        except WriteConflict as conflict:
            if await read_item(self._cosmos, AUDIT, record.id, record.subject) is None:
                raise StoreUnavailable(str(conflict)) from conflict


async def read_item(cosmos: Cosmos, spec: ContainerSpec, id_: str, partition_key: str) -> dict[str, Any] | None:
    """Read one document, None where it is not there."""
    try:
        return dict(await cosmos.ask(spec, lambda c: c.read_item(id_, partition_key)))
    except WriteConflict:
        return None


async def _all(container: ContainerProxy, sql: str, **options: Any) -> list[dict[str, Any]]:
    return [item async for item in container.query_items(sql, **options)]


def _operation(document: Request | Task) -> tuple[Any, ...]:
    if not document.etag:
        return ("create", (plain(document),))
    return ("replace", (document.id, plain(document)), {"if_match_etag": document.etag})


def plain(document: msgspec.Struct) -> dict[str, Any]:
    """Return the JSON of a document, without the ETag that the store gives."""
    plain: dict[str, Any] = msgspec.to_builtins(document)
    plain.pop("_etag", None)
    return plain


def _without_nulls(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if value is not None}
