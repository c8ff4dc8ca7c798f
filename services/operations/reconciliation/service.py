"""Reconciliation: requests, tasks and queues compared, differences as numbers, and the safe ones repaired.

The comparison of a queue is a balance: one message for each open task, visible or hidden. What it cannot see: which of
two hidden messages is whose; a lost message, where a needless one beyond the first 32 visible ones makes the balance
even; tasks of a team that no current definition and no queue names. Counts are taken one after the other and may lag
behind work that goes on. Each repair is therefore one that does no harm where it was not needed: a second message of a
task is tidied away by whoever meets it, and a request that is woken for nothing stays as it is. What is missed, the
sweeper finds in its time.
"""

import logging

import msgspec

from services import times
from services.advance.service import Advance
from services.case.ports import Queues
from services.catalog.service import Catalog
from services.errors import NeverPossible
from services.operations.reconciliation import model
from services.operations.reconciliation.model import (
    OVERDUE_AFTER,
    PEEKED,
    REPAIRED_AT_MOST,
    QueueBalance,
    Report,
    TeamQueue,
)
from services.operations.reconciliation.ports import Backlog
from services.tasks.team_queues import TeamQueues, task_in
from services.times import Clock

log = logging.getLogger("madoguchi.reconciliation")


class Reconciliation:
    """Compare what should be the same, and repair what is safe to repair; may run in two places at once."""

    def __init__(
        self,
        backlog: Backlog,
        queues: Queues,
        team_queues: TeamQueues,
        advance: Advance,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._backlog = backlog
        self._queues = queues
        self._team_queues = team_queues
        self._advance = advance
        self._catalog = catalog
        self._clock = clock

    async def run(self, *, dry_run: bool) -> Report:
        """Report what differs and repair it; a dry run changes nothing and reports what would be repaired."""
        overdue, woken = await self._requests(dry_run)
        teams = await self._catalog.teams()
        every = model.team_queues(teams, await self._queues.names())
        balances = [await self._queue(queue, dry_run) for queue in every]
        report = model.report(
            at=self._clock(),
            dry_run=dry_run,
            overdue=overdue,
            woken=woken,
            queues=balances,
            orphaned=sum(one.free_tasks for queue, one in zip(every, balances, strict=True) if queue.team not in teams),
            stalled=await self._backlog.count_stalled_requests(),
        )
        log.log(logging.INFO if report.is_quiet else logging.WARNING, "reconciliation: %s", _numbers(report))
        return report

    async def _requests(self, dry_run: bool) -> tuple[int, int]:
        """Count the requests that the sweeper should have moved on, and move the oldest of them on."""
        before = times.later(self._clock(), -OVERDUE_AFTER)
        overdue = await self._backlog.overdue_requests(before, REPAIRED_AT_MOST)
        number = await self._backlog.count_overdue_requests(before) if overdue else 0
        return number, len(overdue) if dry_run else await self._advance.move_on(overdue)

    async def _queue(self, queue: TeamQueue, dry_run: bool) -> QueueBalance:
        tasks = await self._backlog.open_tasks(queue.team, queue.priority, self._clock())
        measured = await self._queues.numbers(queue.name)
        numbers = model.compare(queue, tasks, measured.depth if measured else 0)
        peeked = [_task_in(body) for body in await self._queues.peek(queue.name, PEEKED)]
        return msgspec.structs.replace(
            numbers,
            sent_messages=await self._send(queue, numbers.missing_messages, peeked, dry_run),
            tidied_messages=await self._tidy(queue, peeked, dry_run),
        )

    async def _send(self, queue: TeamQueue, missing: int, peeked: list[str], dry_run: bool) -> int:
        """Deliver again what waits for the longest and was not seen in the queue: one message for each missing one."""
        if not missing:
            return 0
        limit = min(missing, REPAIRED_AT_MOST) + len(peeked)
        free = await self._backlog.free_tasks(queue.team, queue.priority, self._clock(), limit)
        chosen = model.to_send(free, peeked, missing)
        if dry_run or not chosen:
            return len(chosen)
        await self._queues.ensure([queue.name])
        return await self._advance.move_on(chosen)

    async def _tidy(self, queue: TeamQueue, peeked: list[str], dry_run: bool) -> int:
        """Take messages only where some deliver nothing; let claiming sort those out, and show the rest again.

        Each take counts as a delivery, which matters only for a message without a task. Of two messages of one task
        the second is deleted after the first is visible again.
        """
        needless = model.needless(peeked, await self._backlog.open_among(peeked)) if peeked else 0
        if dry_run or not needless:
            return needless
        shown: set[str] = set()
        for candidate in await self._team_queues.candidates(queue.name, PEEKED):
            if candidate.message and candidate.task.id in shown:
                await self._queues.delete(candidate.message)
            elif candidate.message and await self._queues.hide(candidate.message, 0):
                shown.add(candidate.task.id)
        return needless


def _task_in(body: str) -> str:
    """Read the task of a message; a message of none delivers nothing, like that of a task that is not there."""
    try:
        return task_in(body)
    except NeverPossible:
        return ""


def _numbers(report: Report) -> str:
    """Write the sums for the log."""
    sums = msgspec.to_builtins(report)
    return ", ".join(f"{name} {value}" for name, value in sums.items() if name not in ("at", "queues"))
