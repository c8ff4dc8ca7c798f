"""Moving requests on: taking due steps one by one, and the sweeper that wakes what nobody woke."""

import logging
import random
from collections.abc import Sequence
from typing import Any

import msgspec

from services import cases, side_by_side, times
from services.advance.model import QUEUE, SWEEP_LIMIT, Due, TaskMessage, is_queued, next_look, wake_up
from services.catalog.model import Definition
from services.catalog.routing import PlannedTask, notice, review, route_of_review
from services.catalog.service import Catalog
from services.errors import DocumentFull, StoreUnavailable, UnknownRequest
from services.pickup.correcting import Correcting
from services.pickup.counter import Counter
from services.pickup.matching import Matching
from services.pickup.reservations import Reservations
from services.ports import Queues, RequestStore
from services.requests import model as requests
from services.requests.model import Case, Request, Step
from services.tasks.model import Task, queue_of
from services.times import Clock

SWEPT_SIDE_BY_SIDE = 16

log = logging.getLogger("madoguchi.advance")


class Advance:
    """Take the due steps of requests; each step may run twice, or in two places at once."""

    def __init__(
        self,
        store: RequestStore,
        queues: Queues,
        catalog: Catalog,
        reservations: Reservations,
        matching: Matching,
        correcting: Correcting,
        counter: Counter,
        clock: Clock,
    ) -> None:
        self._store = store
        self._queues = queues
        self._catalog = catalog
        self._reservations = reservations
        self._matching = matching
        self._correcting = correcting
        self._counter = counter
        self._clock = clock

    async def advance(self, reference: str) -> None:
        """Take every due step of a request; raises UnknownRequest where it is not there (yet)."""
        case = await self._store.load(reference)
        if case is None:
            raise UnknownRequest()
        while due := requests.due_steps(case.request, self._clock()):
            id_, step = due[0]
            case = await self._take(case, id_, step)

    async def woken(self, reference: str) -> None:
        """Advance a request that was woken up; where a store does not answer, the sweeper wakes it up again.

        Another message of our own would come beside the sweeper's, and the more of them, the slower the queue answers.
        """
        try:
            await self.advance(reference)
        except StoreUnavailable:
            log.warning("%s does not move on now; left to the sweeper", reference)

    async def wake(self, reference: str, traceparent: str | None) -> None:
        """Wake a request up at once if the queue answers; the sweeper does it a minute later otherwise."""
        try:
            await self._queues.send(QUEUE, wake_up(reference, traceparent))
        except StoreUnavailable:
            log.warning("no wake-up for %s; left to the sweeper", reference)

    async def overdue(self) -> float:
        """Return for how many seconds the oldest due document has been due, 0 where none is."""
        now = self._clock()
        oldest = await self._store.due(now, 1)
        return times.seconds_between(oldest[0].due_at, now) if oldest else 0.0

    async def sweep(self) -> int:
        """Wake up and deliver again what is due, the oldest first; return how much was moved on.

        What still waits in the queue is left there: a queue that is behind would only get longer.
        """
        due = await self._store.due(self._clock(), SWEEP_LIMIT)
        queue = await self._queues.numbers(QUEUE) if due else None
        oldest = queue.oldest_inserted_at if queue else None
        moved = await self.move_on([item for item in due if not is_queued(item, oldest)])
        if moved:
            log.warning("swept %d of %d due documents", moved, len(due))
        return moved

    async def move_on(self, due: Sequence[Due]) -> int:
        """Wake these requests up and deliver these tasks again, unless another did; return how many."""

        async def one(item: Due) -> bool:
            try:
                return await self._wake_again(item)
            except DocumentFull as error:
                log.error("%s cannot be moved on: %s", item.id, error)
                return False

        return sum(await side_by_side.each(due, one, SWEPT_SIDE_BY_SIDE))

    async def _take(self, case: Case, id_: str, step: Step) -> Case:
        match step.kind:
            case "dispatch" | "review" | "notice":
                return await self._dispatch(case, id_, step)
            case "match":
                return await self._matching.take(case, id_)
            case "correct":
                return await self._correcting.take(case, id_)
            case "delivered":
                return await self._counter.deliver(case, id_)
        return await self._reservations.take(case, id_, step)

    async def _dispatch(self, case: Case, id_: str, step: Step) -> Case:
        """Make the tasks of a step, deliver them, and only then clear the step."""
        reference = case.request.reference
        plan = await self._plan(case.request, step)

        def make(read: Case) -> requests.Changes:
            return requests.dispatch(read, id_, step, plan, self._clock()) if id_ in read.request.pending else ()

        def clear(read: Case) -> requests.Changes:
            done = id_ not in read.request.pending
            return () if done else (requests.without_step(read.request, id_, self._clock()),)

        case = await cases.change(self._store, reference, make, case)
        if id_ in case.request.pending:
            await self._deliver(requests.tasks_of_step(case, step, plan))
        return await cases.change(self._store, reference, clear, case)

    async def _plan(self, request: Request, step: Step) -> Sequence[PlannedTask]:
        service = await self._catalog.edition(request.service, request.version)
        match step.kind:
            case "notice":
                return (notice(service.definition, step.reason or "place_held"),)
            case "review":
                return (review(service.definition, route_of_review(step.reason), step.reason or "review"),)
        planned = service.plan(request.answers)
        return planned if step.reason is None else _of_delivery(service.definition, planned)

    async def _deliver(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.status == "open":
                await self._queues.send(queue_of(task.team, task.priority), message_of(task))

    async def _wake_again(self, due: Due) -> bool:
        """Move `dueAt` first, so that only one sweeper sends; a crash in between costs one interval."""
        now = self._clock()
        jitter = random.random()  # noqa: S311 - jitter, not a secret
        if not await self._store.postpone(due, next_look(due, now, jitter)):
            return False
        if due.team is None:
            await self._queues.send(QUEUE, wake_up(due.reference, due.traceparent))
        else:
            message = TaskMessage(task=due.id, team=due.team, priority=due.priority, traceparent=due.traceparent)
            await self._queues.send(queue_of(due.team, due.priority), msgspec.to_builtins(message))
        return True


def _of_delivery(definition: Definition, planned: Sequence[PlannedTask]) -> Sequence[PlannedTask]:
    """Return the task that takes supplies to a household once more; nothing else is done again."""
    route = definition.pickup.routes.get("delivery") if definition.pickup else None
    return [task for task in planned if task.route == route]


def message_of(task: Task) -> dict[str, Any]:
    """Return the message that delivers a task."""
    message = TaskMessage(task=task.id, team=task.team, priority=task.priority, traceparent=task.traceparent)
    return dict(msgspec.to_builtins(message))
