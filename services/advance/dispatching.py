"""Making the tasks of a step, and delivering them to the queues of their teams."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from services.advance import following
from services.advance.model import TaskMessage
from services.case import cases
from services.case import request as requests
from services.case.ports import Queues, RequestStore
from services.case.request import Case, Request, Step
from services.case.task import PlannedTask, Task, queue_of
from services.catalog.routing import CompiledService, review
from services.catalog.service import Catalog
from services.times import Clock

type Plan = Callable[[CompiledService, Request], Sequence[PlannedTask]]
"""Says which tasks a step makes."""


class Dispatching:
    """Make tasks; `plans` are those for the reasons that capabilities give to a dispatch or a review.

    Each call may run twice, or in two places at once.
    """

    def __init__(
        self, store: RequestStore, queues: Queues, catalog: Catalog, plans: Mapping[str, Plan], clock: Clock
    ) -> None:
        self._store = store
        self._queues = queues
        self._catalog = catalog
        self._plans = plans
        self._clock = clock

    async def dispatch(self, case: Case, id_: str, step: Step) -> Case:
        """Make every task that the answers lead to."""
        return await self.make(case, id_, step, self._plans.get(step.reason or "", _of_answers))

    async def review(self, case: Case, id_: str, step: Step) -> Case:
        """Let a person look at a request."""
        reason = step.reason or "review"
        return await self.make(case, id_, step, self._plans.get(reason, _reviewed_for(reason)))

    async def make(self, case: Case, id_: str, step: Step, plan: Plan) -> Case:
        """Make the tasks of a step, deliver them, and only then clear the step."""
        reference = case.request.reference
        planned = plan(await self._catalog.edition(case.request.service, case.request.version), case.request)

        def make(read: Case) -> requests.Changes:
            return requests.dispatch(read, id_, step, planned, self._clock()) if id_ in read.request.pending else ()

        def clear(read: Case) -> requests.Changes:
            done = id_ not in read.request.pending
            return () if done else (requests.without_step(read.request, id_, self._clock()),)

        case = await cases.change(self._store, reference, make, case)
        if id_ in case.request.pending:
            await self._deliver(requests.tasks_of_step(case, step, planned))
        return await cases.change(self._store, reference, clear, case)

    async def _deliver(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            if task.status == "open":
                await self._queues.send(queue_of(task.team, task.priority), message_of(task))


def message_of(task: Task) -> dict[str, Any]:
    """Return the message that delivers a task."""
    message = TaskMessage(task=task.id, team=task.team, priority=task.priority, traceparent=task.traceparent)
    return dict(msgspec.to_builtins(message))


def _of_answers(service: CompiledService, request: Request) -> Sequence[PlannedTask]:
    return service.plan_of(request)


def _reviewed_for(reason: str) -> Plan:
    if reason in (following.NOT_ENDED, following.STANDS_STILL):
        return lambda _, __: following.plan(reason)
    return lambda service, _: (review(service.definition, "review", reason),)
