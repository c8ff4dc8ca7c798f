"""Failures in Cosmos DB."""

from collections.abc import Sequence
from typing import Any

import msgspec
from azure.core import MatchConditions

from services.failures.documents import SetAside
from services.failures.model import Failure, FailureSummary, Selection
from services.times import Clock
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos
from stores.documents import Documents, Item, own, plain, rewritten

_SUMMARY = "SELECT c.id, c.queue, c.error, c.tries, c.firstAt, c.lastAt, c.status, c.history, c.schemaVersion FROM c"


FAILURES = ContainerSpec("failures", "/queue", ("/status/?", "/lastAt/?"), expires=True)


class CosmosFailures:
    """Keep failures in the container `failures`; one that cannot be read is a failure among the others."""

    def __init__(self, cosmos: Cosmos, clock: Clock) -> None:
        self._cosmos = cosmos
        self._documents = Documents(cosmos, FAILURES, SetAside(self, clock))

    async def save(self, failure: Failure) -> None:
        """Create a failure without an ETag, replace one over the state read."""
        body = rewritten(failure, _failure_of, plain)
        if failure.etag:
            over: dict[str, Any] = {
                "etag": failure.etag,
                "match_condition": MatchConditions.IfNotModified,
                "no_response": True,
            }
            await self._cosmos.ask(FAILURES, lambda c: c.replace_item(failure.id, body, **over))
        else:
            await self._cosmos.ask(FAILURES, lambda c: c.create_item(body, no_response=True))

    async def read(self, queue: str, id_: str) -> Failure | None:
        """Read a failure."""
        item = await self._cosmos.item(FAILURES, id_, queue)
        return await self._documents.one(item, _failure_of) if item else None

    async def find(self, ids: Sequence[str]) -> Sequence[FailureSummary]:
        """Find failures of any queue by their ids."""
        sql = f"{_SUMMARY} WHERE ARRAY_CONTAINS(@ids, c.id)"
        return await self._documents.each(await self._cosmos.find(FAILURES, sql, ids=list(ids)), _summary_of)

    async def list(self, selection: Selection, limit: int) -> Sequence[FailureSummary]:
        """List failures, the latest first."""
        sql = f"{_SUMMARY} WHERE {_selected(selection)} ORDER BY c.lastAt DESC OFFSET @passed LIMIT @limit"

        async def query(passed: int) -> list[Item]:
            named = _parameters(selection) | {"passed": passed, "limit": limit}
            return await self._cosmos.find(FAILURES, sql, selection.queue, **named)

        return await self._documents.some(query, _summary_of, limit)

    async def count(self, selection: Selection) -> int:
        """Count failures."""
        sql = f"SELECT VALUE COUNT(1) FROM c WHERE {_selected(selection)}"  # noqa: S608 - our own words only
        return sum(await self._cosmos.find(FAILURES, sql, selection.queue, **_parameters(selection)))


def _failure_of(item: Item) -> Failure:
    return msgspec.structs.replace(msgspec.convert(item, Failure), stored=own(item))


def _summary_of(item: Item) -> FailureSummary:
    return msgspec.convert(item, FailureSummary)


def _selected(selection: Selection) -> str:
    since = " AND c.lastAt >= @since" if selection.since else ""
    until = " AND c.lastAt < @until" if selection.until else ""
    return f"c.status = @status{since}{until}"


def _parameters(selection: Selection) -> dict[str, object]:
    parameters = {"status": selection.status, "since": selection.since, "until": selection.until}
    return {name: value for name, value in parameters.items() if value}
