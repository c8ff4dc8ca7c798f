"""What reconciliation asks over all requests, as a protocol; services/case/ports.py says what holds for all of them."""

from collections.abc import Sequence
from typing import Protocol

from services.case.ports import Due
from services.case.task import Priority
from services.operations.reconciliation.model import OpenTasks
from services.times import Instant


class Backlog(Protocol):
    """Count and list what is still open, over all requests."""

    async def open_tasks(self, team: str, priority: Priority, now: Instant) -> OpenTasks:
        """Count the open tasks of a team and priority, those that nobody holds and those that somebody does."""

    async def free_tasks(self, team: str, priority: Priority, now: Instant, limit: int) -> list[Due]:
        """List the open tasks of a team and priority that nobody holds, the earliest `dueAt` first."""

    async def open_among(self, ids: Sequence[str]) -> set[str]:
        """Return those of these ids that are open tasks."""

    async def overdue_requests(self, before: Instant, limit: int) -> list[Due]:
        """List the requests whose `dueAt` lies before this instant, the oldest first."""

    async def count_overdue_requests(self, before: Instant) -> int:
        """Count the requests whose `dueAt` lies before this instant."""

    async def count_stalled_requests(self) -> int:
        """Count the accepted requests of which nothing is pending and no task is open."""
