"""Cosmos DB for NoSQL: the one client, and what every store asks through it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from azure.core.exceptions import AzureError
from azure.cosmos.aio import ContainerProxy, CosmosClient

from services.errors import DocumentFull, StoreUnavailable, WriteConflict
from stores import answers, telemetry
from stores.answers import Answer
from stores.containers import ContainerSpec
from stores.shared import Shared

ANSWER_WITHIN = 2.5
"""Seconds for one call, all retries included: the share of a submit's budget that is Cosmos DB's."""
LIST_WITHIN = 10.0
"""Seconds for a query over all partitions."""
PAGE_WITHIN = 4.0
"""Seconds in which one region returns a page of it: the next region has as many."""
OPENED_WITHIN = 12.0
"""Seconds for opening the client: token, TLS, and the account from one region after the other."""
MOST_TRIES = 3
"""How often a call is sent to a store that throttles."""


class Cosmos:
    """Hold the one client of a process, opened on the running loop by the first call that needs it."""

    def __init__(self, connect: Callable[[], CosmosClient], database: str) -> None:
        self._connect = connect
        self._database = database
        self._client: CosmosClient | None = None
        self._opening = Shared(self._opened, OPENED_WITHIN)

    async def ask[T](
        self, spec: ContainerSpec, call: Callable[[ContainerProxy], Awaitable[T]], within: float = ANSWER_WITHIN
    ) -> T:
        """Make one call; raises StoreUnavailable, WriteConflict for 404, 409 and 412, DocumentFull for 413, and
        HttpResponseError.

        What the store asks to be sent again is, as long as the wait that it asks for fits in; the caller learns of it
        otherwise.
        """
        with telemetry.call(f"cosmos {spec.name}"):
            tries = _Tries()
            try:
                async with asyncio.timeout(within) as limit:
                    container = await self._container(spec)
                    while True:
                        try:
                            return await call(container)
                        except AzureError as error:
                            pause = tries.pause_after(error, limit)
                            if pause is None:
                                raise
                            await asyncio.sleep(pause)
            except TimeoutError as error:
                raise StoreUnavailable(f"{spec.name}: no answer within {within} s", wait=tries.wait) from error
            except AzureError as error:
                raise _translated(spec, error) from error

    async def find(
        self,
        spec: ContainerSpec,
        sql: str,
        partition_key: str | None = None,
        within: float = LIST_WITHIN,
        /,
        **parameters: object,
    ) -> list[Any]:
        """Query a container, or one partition of it, with parameters by their names; raises StoreUnavailable."""
        options: dict[str, Any] = {"parameters": [{"name": f"@{name}", "value": v} for name, v in parameters.items()]}
        if partition_key:
            options["partition_key"] = partition_key
        if within == LIST_WITHIN:
            options["read_timeout"] = PAGE_WITHIN

        async def all_pages(container: ContainerProxy) -> list[Any]:
            return [item async for item in container.query_items(sql, **options)]

        return await self._read(spec, all_pages, within)

    async def item(self, spec: ContainerSpec, id_: str, partition_key: str) -> dict[str, Any] | None:
        """Read one document, None where it is not there; raises StoreUnavailable."""

        async def read(container: ContainerProxy) -> dict[str, Any] | None:
            try:
                return dict(await container.read_item(id_, partition_key))
            except AzureError as error:
                if answers.of_cosmos(error).meaning != "absent":
                    raise
                return None

        return await self._read(spec, read, ANSWER_WITHIN)

    async def batch(self, spec: ContainerSpec, operations: Sequence[tuple[Any, ...]], partition_key: str) -> list[Any]:
        """Do all operations on one partition or none; returns the result of each.

        The SDK removes the conditions from what it is given, so each try gets a copy. Without it, a batch that is sent
        again because Cosmos DB wants it (449) would lose its conditions and be written over any state.
        """
        return await self.ask(spec, lambda c: c.execute_item_batch([_copy(o) for o in operations], partition_key))

    async def close(self) -> None:
        """Close the client; the next call opens a new one."""
        await self._opening.close()
        if self._client:
            client, self._client = self._client, None
            await client.close()

    async def _read[T](self, spec: ContainerSpec, call: Callable[[ContainerProxy], Awaitable[T]], within: float) -> T:
        """Make a call that changes nothing, so that no other state can be in its way."""
        try:
            return await self.ask(spec, call, within)
        except WriteConflict as conflict:
            raise StoreUnavailable(str(conflict)) from conflict

    async def _container(self, spec: ContainerSpec) -> ContainerProxy:
        client = self._client or await self._opening.wait()
        return client.get_database_client(self._database).get_container_client(spec.name)

    async def _opened(self) -> CosmosClient:
        """Open the client whole or not at all: entering it does the SDK's set-up (regions, consistency)."""
        client = self._connect()
        try:
            await client.__aenter__()
        except BaseException:
            await client.close()
            raise
        self._client = client
        return client


class _Tries:
    """Count the tries of one call; `wait` is what a store that throttled it asked for last."""

    def __init__(self) -> None:
        self.wait: float | None = None
        self._throttled = 0

    def pause_after(self, error: AzureError, limit: asyncio.Timeout) -> float | None:
        """Return the seconds after which to send the call again; None where it is not to be, or too late then."""
        answer = answers.of_cosmos(error)
        if answer.meaning == "again":
            return random.uniform(0.01, 0.1)  # noqa: S311 - jitter, not a secret
        if answer.wait is None:
            return None
        self.wait = answer.wait
        self._throttled += 1
        left = (limit.when() or 0) - asyncio.get_running_loop().time()
        return answer.wait if self._throttled < MOST_TRIES and answer.wait < left else None


def _translated(spec: ContainerSpec, error: AzureError) -> Exception:
    answer: Answer = answers.of_cosmos(error)
    said = f"{spec.name}: {answer.name}"
    match answer.meaning:
        case "absent" | "conflict":
            return WriteConflict(said)
        case "full":
            return DocumentFull(f"{spec.name}: over the 2 MB of a document or a batch")
        case "mistake":
            return error
        case _:
            return StoreUnavailable(said, wait=answer.wait)


def _copy(operation: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict(part) if isinstance(part, dict) else part for part in operation)


def without_nulls(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item without what it has no value for."""
    return {key: value for key, value in item.items() if value is not None}
