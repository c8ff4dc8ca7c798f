"""Cosmos DB for NoSQL: the one client, and what every store asks through it."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError
from azure.cosmos.aio import ContainerProxy, CosmosClient

from services.errors import DocumentFull, StoreUnavailable, WriteConflict
from stores import telemetry
from stores.containers import ContainerSpec

ANSWER_WITHIN = 2.5
"""Seconds for one call, all retries of the SDK included: the share of a submit's budget that is Cosmos DB's."""
LIST_WITHIN = 10.0
"""Seconds for a query over all partitions."""

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
        return await self.ask(spec, lambda c: all_items(c, sql, parameters=named, **within), LIST_WITHIN)

    async def batch(self, spec: ContainerSpec, operations: Sequence[tuple[Any, ...]], partition_key: str) -> list[Any]:
        """Do all operations on one partition or none; returns the result of each.

        The SDK removes the conditions from what it is given, so each try gets a copy. Without it, a batch that is sent
        again because Cosmos DB wants it (449) would lose its conditions and be written over any state.
        """
        return await self.ask(spec, lambda c: c.execute_item_batch([_copy(o) for o in operations], partition_key))

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


async def read_item(cosmos: Cosmos, spec: ContainerSpec, id_: str, partition_key: str) -> dict[str, Any] | None:
    """Read one document, None where it is not there."""
    try:
        return dict(await cosmos.ask(spec, lambda c: c.read_item(id_, partition_key)))
    except WriteConflict:
        return None


def _copy(operation: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict(part) if isinstance(part, dict) else part for part in operation)


async def all_items(container: ContainerProxy, sql: str, **options: Any) -> list[dict[str, Any]]:
    """Query a container, all pages."""
    return [item async for item in container.query_items(sql, **options)]


def without_nulls(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item without what it has no value for."""
    return {key: value for key, value in item.items() if value is not None}
