"""Moving requests on: taking due steps one by one, and the sweeper that wakes what nobody woke."""

import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from services import side_by_side, times
from services.advance.model import QUEUE, SWEEP_LIMIT, TaskMessage, is_queued, next_look, wake_up
from services.case import request as requests
from services.case.documents import must_not_be_newer
from services.case.ports import Due, Queues, RequestStore
from services.case.request import Case, Step
from services.case.task import queue_of
from services.errors import DocumentFull, NeverPossible, StoreUnavailable, UnknownRequest
from services.times import Clock

SWEPT_SIDE_BY_SIDE = 16

log = logging.getLogger("madoguchi.advance")


type Take = Callable[[Case, str, Step], Awaitable[Case]]
"""Takes a step (by its id) of a case and clears it; it may run twice, or in two places at once."""


class Advance:
    """Take the due steps of requests, each as `steps` says for its kind."""

    def __init__(self, store: RequestStore, queues: Queues, steps: Mapping[str, Take], clock: Clock) -> None:
        self._store = store
        self._queues = queues
        self._steps = steps
        self._clock = clock

    async def advance(self, reference: str) -> None:
        """Take every due step of a request; raises UnknownRequest where it is not there (yet)."""
        case = await self._store.load(reference)
        if case is None:
            raise UnknownRequest()
        must_not_be_newer(reference, case.request.schema_version)
        while due := requests.due_steps(case.request, self._clock()):
            id_, step = due[0]
            if step.kind not in self._steps:
                raise NeverPossible(f"nobody takes steps of the kind {step.kind!r}")
            case = await self._steps[step.kind](case, id_, step)

    async def woken(self, reference: str) -> None:
        """Advance a request that was woken up; where a store does not answer, the sweeper wakes it up again.

        A message sent here would only add to the sweeper's, and the more messages there are, the slower the queue.
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
            except StoreUnavailable as error:
                log.warning("%s is not moved on now: %s", item.id, error)
            return False

        return sum(await side_by_side.each(due, one, SWEPT_SIDE_BY_SIDE))

    async def _wake_again(self, due: Due) -> bool:
        """Move `dueAt` before sending, so that only one sweeper sends; a crash in between costs one interval."""
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
