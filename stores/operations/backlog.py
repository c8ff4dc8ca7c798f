"""What is still open over all requests, counted and listed in Cosmos DB."""

from collections.abc import Sequence

import msgspec

from services.case.ports import Due, SetAside
from services.case.task import TAKEOVER_AFTER, Priority
from services.operations.reconciliation.model import OpenTasks
from services.times import Instant, later
from stores.case import REQUESTS
from stores.cosmos import Cosmos, without_nulls
from stores.documents import Documents, Item

_COUNT = "SELECT VALUE COUNT(1) FROM c"
_DUE = "SELECT c.id, c.reference, c.dueAt, c.sweeps, c.team, c.priority, c.traceparent, c.schemaVersion FROM c"
_OPEN = "c.type = 'task' AND c.status = 'open'"
_OF_QUEUE = f"{_OPEN} AND c.team = @team AND c.priority = @priority"
_FREE = "(NOT IS_DEFINED(c.lease['until']) OR c.lease['until'] <= @before)"
_ANY_OPEN = "EXISTS(SELECT VALUE t FROM t IN c.tasks WHERE NOT IS_DEFINED(t.status) OR t.status = 'open')"
"""A task as mirrored on its request has a status only once it is no longer open."""
_OVERDUE = "c.type = 'request' AND c.dueAt < @before"


class CosmosBacklog:
    """Query the container `requests` over all partitions; GROUP BY is avoided, since not every emulator knows it."""

    def __init__(self, cosmos: Cosmos, still_lasts: Sequence[str], set_aside: SetAside) -> None:
        """Take the conditions (in the dialect of Cosmos DB) under which a part of a request lasts."""
        self._cosmos = cosmos
        self._documents = Documents(cosmos, REQUESTS, set_aside)
        self._still_lasts = still_lasts

    async def open_tasks(self, team: str, priority: Priority, now: Instant) -> OpenTasks:
        """Count the open tasks of a team and priority, those that nobody holds and those that somebody does."""
        asked = {"team": team, "priority": priority, "before": later(now, -TAKEOVER_AFTER)}
        free = await self._count(f"{_COUNT} WHERE {_OF_QUEUE} AND {_FREE}", **asked)
        held = await self._count(f"{_COUNT} WHERE {_OF_QUEUE} AND c.lease['until'] > @before", **asked)
        return OpenTasks(free=free, held=held)

    async def free_tasks(self, team: str, priority: Priority, now: Instant, limit: int) -> list[Due]:
        """List the open tasks of a team and priority that nobody holds, the earliest `dueAt` first."""
        sql = f"{_DUE} WHERE {_OF_QUEUE} AND {_FREE} ORDER BY c.dueAt OFFSET @passed LIMIT @limit"
        before = later(now, -TAKEOVER_AFTER)
        return await self._list(sql, limit, team=team, priority=priority, before=before)

    async def open_among(self, ids: Sequence[str]) -> set[str]:
        """Return those of these ids that are open tasks."""
        sql = f"SELECT VALUE c.id FROM c WHERE {_OPEN} AND ARRAY_CONTAINS(@ids, c.id)"  # noqa: S608 - a constant
        return set(await self._cosmos.find(REQUESTS, sql, ids=list(ids)))

    async def overdue_requests(self, before: Instant, limit: int) -> list[Due]:
        """List the requests whose `dueAt` lies before this instant, the oldest first."""
        sql = f"{_DUE} WHERE {_OVERDUE} ORDER BY c.dueAt OFFSET @passed LIMIT @limit"
        return await self._list(sql, limit, before=before)

    async def count_overdue_requests(self, before: Instant) -> int:
        """Count the requests whose `dueAt` lies before this instant."""
        return await self._count(f"{_COUNT} WHERE {_OVERDUE}", before=before)

    async def count_stalled_requests(self) -> int:
        """Count the accepted requests of which nothing is pending, no task is open and no part lasts.

        No index tells that none of a request's tasks is open: this reads every accepted request with nothing pending.
        """
        waiting = f"{_COUNT} WHERE c.type = 'request' AND c.status = 'accepted' AND c.dueAt = null"
        ended = "".join(f" AND NOT {lasts}" for lasts in self._still_lasts)
        return await self._count(f"{waiting} AND NOT {_ANY_OPEN}{ended}")

    async def _count(self, sql: str, **parameters: object) -> int:
        return sum(await self._cosmos.find(REQUESTS, sql, **parameters))

    async def _list(self, sql: str, limit: int, **parameters: object) -> list[Due]:
        async def query(passed: int) -> list[Item]:
            return await self._cosmos.find(REQUESTS, sql, passed=passed, limit=limit, **parameters)

        return await self._documents.some(query, _due_of, limit)


def _due_of(item: Item) -> Due:
    return msgspec.convert(without_nulls(item), Due)
