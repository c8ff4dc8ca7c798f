"""What a team's queues deliver, sorted into what can be claimed and what only needs tidying."""

import random
from contextlib import suppress

import msgspec

from services import messages, times
from services.advance.model import TaskMessage
from services.case.ports import Message, Queues, RequestStore
from services.case.request import Case
from services.case.task import HIDDEN_AFTER_LEASE, Task, is_claimable, is_held, queue_of, reference_of
from services.errors import UNUSABLE, NeverPossible
from services.failures.ports import FailureStore
from services.failures.service import record_failure
from services.times import Clock, Instant

HIDDEN_WHILE_CLAIMING = 60.0
HIDDEN_WHILE_UNUSABLE = 600.0
NORMAL_EVERY = 5
"""One in so many of the tasks that claims of a team ask for, as one instance counts them, is a normal one first.

So urgent work comes first and never starves the rest: `n` instances hand out at most `4 n` urgent tasks in a row while
normal ones wait. An instance starts counting at a random number, so that the normal queue also gets its share where
instances end before their fifth task.
"""
MOST_LOOKS = 3
"""How often one claim looks into a queue whose messages deliver nothing that can be claimed."""
DELIVERIES_WITHOUT_TASK = 5
ASK_STORE_EVERY = 30.0
"""Seconds between two questions to the store, per team and instance, for tasks that no queue delivers."""


class Candidate(msgspec.Struct, frozen=True):
    """Offer a task to a claim, with the message that delivered it where one did."""

    case: Case
    task: Task
    message: Message | None = None


class TeamQueues:
    """Read the queues of teams."""

    def __init__(self, store: RequestStore, queues: Queues, failures: FailureStore, clock: Clock) -> None:
        self._store = store
        self._queues = queues
        self._failures = failures
        self._clock = clock
        self._first = random.randrange(NORMAL_EVERY)  # noqa: S311 - a share, not a secret
        self._counted: dict[str, int] = {}
        self._asked_at: dict[str, Instant] = {}

    async def next_of(self, team: str, limit: int) -> list[Candidate]:
        """Return up to so many tasks of a team that can be claimed: from its queues, or that no queue delivers."""
        return await self._delivered(team, limit) or await self._undelivered(team, limit)

    async def candidates(self, queue: str, limit: int) -> list[Candidate]:
        """Take messages from a queue and return those whose task can be claimed; tidy the others away."""
        return [candidate for candidate in await self._examined(queue, limit) if candidate]

    async def _delivered(self, team: str, limit: int) -> list[Candidate]:
        """Take up to so many tasks from a team's queues: urgent ones, but for the share of the normal ones.

        A share that its own queue cannot fill goes to the other.
        """
        urgent, normal = queues_of(team)
        at_first = limit - self._share_of_normal(team, limit)
        found = await self._next_in(urgent, at_first)
        has_more = len(found) == at_first
        found += await self._next_in(normal, limit - len(found))
        return found + await self._next_in(urgent, limit - len(found) if has_more else 0)

    async def _undelivered(self, team: str, limit: int) -> list[Candidate]:
        """Ask the store for tasks that no queue delivers: a queue can be cleared, a poller can lose its message."""
        now = self._clock()
        if times.later(self._asked_at.get(team, times.NEVER), ASK_STORE_EVERY) > now:
            return []
        self._asked_at[team] = now
        found = []
        for task in await self._store.claimable_tasks(team, now, limit):
            with suppress(*UNUSABLE):
                case = await self._store.load(task.reference)
                if case and task.id in case.tasks:
                    found.append(Candidate(case, case.tasks[task.id]))
        return found

    def _share_of_normal(self, team: str, limit: int) -> int:
        counted = self._counted.get(team, self._first)
        self._counted[team] = counted + limit
        return normal_share(counted, limit)

    async def _next_in(self, queue: str, limit: int) -> list[Candidate]:
        """Take messages from a queue until they deliver so many tasks or none is left; pass over what delivers none."""
        found: list[Candidate] = []
        for _ in range(MOST_LOOKS):
            missing = limit - len(found)
            if not missing:
                break
            examined = await self._examined(queue, missing)
            found += [candidate for candidate in examined if candidate]
            if len(examined) < missing:
                break
        return found

    async def _examined(self, queue: str, limit: int) -> list[Candidate | None]:
        messages = await self._queues.receive(queue, limit, hidden_for=HIDDEN_WHILE_CLAIMING)
        return [await self._examine(message) for message in messages]

    async def _examine(self, message: Message) -> Candidate | None:
        try:
            id_ = task_in(message.body)
            case = await self._store.load(reference_of(id_))
            if case is None or id_ not in case.tasks:
                await self._without_task(message, is_there=case is not None and id_ in case.unreadable)
                return None
            if message.queue not in queues_of(case.tasks[id_].team):
                raise NeverPossible("the task of another team: the sender must send it to the queue of that team")
        except NeverPossible as error:
            await self._give_up(message, str(error))
            return None
        except UNUSABLE:
            await self._without_task(message, is_there=True)
            return None
        task = case.tasks[id_]
        now = self._clock()
        if is_claimable(task, now):
            return Candidate(case, task, message)
        if is_held(task, now) and task.status == "open" and task.lease is not None:
            until_free = times.seconds_between(now, task.lease.until) + HIDDEN_AFTER_LEASE
            await self._queues.hide(message, max(until_free, HIDDEN_AFTER_LEASE))
        else:
            await self._queues.delete(message)
        return None

    async def _without_task(self, message: Message, *, is_there: bool) -> None:
        """Leave a message whose task is not there (yet); reads may lag. After some deliveries it is a failure.

        One whose task is there and cannot be used waits until it is mended, or a later version of the app is back.
        """
        if is_there:
            await self._queues.hide(message, HIDDEN_WHILE_UNUSABLE)
        elif message.deliveries >= DELIVERIES_WITHOUT_TASK:
            await self._give_up(message, "no such task: replay it once the task is there")

    async def _give_up(self, message: Message, why: str) -> None:
        await record_failure(
            self._failures,
            message.queue,
            message.body,
            why,
            tries=message.deliveries,
            message=message.id,
            clock=self._clock,
        )
        await self._queues.delete(message)


def queues_of(team: str) -> tuple[str, str]:
    """Return a team's queues, the urgent one first."""
    return queue_of(team, "urgent"), queue_of(team, "normal")


def normal_share(counted: int, limit: int) -> int:
    """Return how many of the next `limit` tasks are every fifth one, after so many were counted."""
    return (counted + limit) // NORMAL_EVERY - counted // NORMAL_EVERY


def task_in(body: str) -> str:
    """Return the id of the task that a message delivers; raises NeverPossible where it is no task message."""
    message = messages.read(body, TaskMessage, "a task message")
    try:
        reference_of(message.task)
    except ValueError:
        raise NeverPossible("not a task message: task is not the id of a task") from None
    return message.task
