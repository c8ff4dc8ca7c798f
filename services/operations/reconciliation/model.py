"""What a reconciliation counts, and how it judges queues against the task documents."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from services.case.ports import Due
from services.case.task import Priority, queue_of
from services.times import Instant

OVERDUE_AFTER = 600.0
"""Seconds after its `dueAt` from which a request is overdue: the sweeper missed it, or workers are behind."""
PEEKED = 32
"""How many visible messages of a queue are looked at: as many as one call of a Storage queue gives."""
REPAIRED_AT_MOST = 500
"""How many messages are sent per queue, and how many requests are woken, in one run."""

_PREFIX, _URGENT, _POISON = "tasks-", "-urgent", "-poison"


class OpenTasks(msgspec.Struct, frozen=True):
    """Count the open tasks of a team and priority: those that nobody holds, and those that somebody does."""

    free: int
    held: int


class TeamQueue(msgspec.Struct, frozen=True, order=True):
    """Name a queue of tasks by what it is for."""

    team: str
    priority: Priority

    @property
    def name(self) -> str:
        """Return the name of the queue."""
        return queue_of(self.team, self.priority)


class QueueBalance(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Compare one queue with the open tasks it is for; `sent` and `tidied` are what was, or would be, repaired."""

    queue: str
    free_tasks: int
    held_tasks: int
    messages: int
    missing_messages: int
    surplus_messages: int
    sent_messages: int = 0
    tidied_messages: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Tell in numbers what differs, and what was (in a dry run: would be) repaired; queues in sum and one by one.

    Orphaned are open tasks that nobody holds, of a team to which no current definition sends any.
    """

    at: Instant
    dry_run: bool
    overdue_requests: int
    woken_requests: int
    stalled_requests: int
    orphaned_tasks: int
    missing_messages: int
    surplus_messages: int
    sent_messages: int
    tidied_messages: int
    queues: tuple[QueueBalance, ...]

    @property
    def is_quiet(self) -> bool:
        """Tell whether there was nothing to repair and nothing that a person should look at."""
        return not (
            self.overdue_requests
            or self.stalled_requests
            or self.orphaned_tasks
            or self.sent_messages
            or self.tidied_messages
        )


def team_queues(teams: Iterable[str], names: Iterable[str]) -> list[TeamQueue]:
    """Return both queues of every team, also of teams that no definition names but a queue does."""
    known = {name for name in names if name.startswith(_PREFIX) and not name.endswith(_POISON)}
    left = {name.removeprefix(_PREFIX).removesuffix(_URGENT) for name in known}
    return sorted(TeamQueue(team, priority) for team in {*teams, *left} for priority in ("normal", "urgent"))


def compare(queue: TeamQueue, tasks: OpenTasks, messages: int) -> QueueBalance:
    """Set every open task against one message, which is hidden while its task is held."""
    open_ = tasks.free + tasks.held
    return QueueBalance(
        queue=queue.name,
        free_tasks=tasks.free,
        held_tasks=tasks.held,
        messages=messages,
        missing_messages=max(open_ - messages, 0),
        surplus_messages=max(messages - open_, 0),
    )


def needless(peeked: Sequence[str], open_: Collection[str]) -> int:
    """Count the messages that deliver nothing: those of no open task, and all but one of each open task."""
    return len(peeked) - len(set(peeked) & set(open_))


def to_send(free: Sequence[Due], peeked: Collection[str], missing: int) -> list[Due]:
    """Choose as many tasks as messages are missing, out of those whose message was not seen, in the order given."""
    return [task for task in free if task.id not in peeked][: min(missing, REPAIRED_AT_MOST)]


def report(
    *, at: Instant, dry_run: bool, overdue: int, woken: int, stalled: int, orphaned: int, queues: Sequence[QueueBalance]
) -> Report:
    """Sum the queues up."""
    return Report(
        at=at,
        dry_run=dry_run,
        overdue_requests=overdue,
        woken_requests=woken,
        stalled_requests=stalled,
        orphaned_tasks=orphaned,
        missing_messages=sum(queue.missing_messages for queue in queues),
        surplus_messages=sum(queue.surplus_messages for queue in queues),
        sent_messages=sum(queue.sent_messages for queue in queues),
        tidied_messages=sum(queue.tidied_messages for queue in queues),
        queues=tuple(queues),
    )
