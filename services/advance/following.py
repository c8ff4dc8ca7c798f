"""What follows a task that ended without an end: a person of the supervisors looks at the request."""

from collections.abc import Sequence

from services.case import request as requests
from services.case.request import Request, Step
from services.case.task import SUPERVISORS, PlannedTask, Task, is_of_route, round_of
from services.catalog.model import FOLLOW_UP
from services.catalog.routing import REVIEW_DUE_SECONDS
from services.times import Instant

NOT_ENDED = "not_ended"
"""The reason for a follow-up of an outcome that is no end."""
STANDS_STILL = "stands_still"
"""The reason for a follow-up of a request that nobody and no clock would move on."""
_BEFORE = "follow-up."


def after(before: Request, request: Request, task: Task, *, is_end: bool, now: Instant) -> Request:
    """Return a request whose task has ended, with a step that asks the supervisors where nothing else follows.

    `before` is the request as it was before its sections followed the end. What the supervisors end, has ended.
    """
    if task.team == SUPERVISORS:
        return request
    if not is_end:
        return request if request.pending != before.pending else _asked(request, task, NOT_ENDED, now)
    still = requests.stands_still(requests.mirrored(request, task))
    return _asked(request, task, STANDS_STILL, now) if still else request


def plan(reason: str) -> Sequence[PlannedTask]:
    """Plan the task of the supervisors."""
    return (
        PlannedTask(
            route=FOLLOW_UP,
            kind="follow-up",
            team=SUPERVISORS,
            priority="normal",
            due_seconds=REVIEW_DUE_SECONDS,
            reason=reason,
        ),
    )


def _asked(request: Request, task: Task, reason: str, now: Instant) -> Request:
    made = [round_of(one.id) for one in request.tasks if is_of_route(one.id, request.reference, FOLLOW_UP)]
    planned = [step.round for id_, step in request.pending.items() if id_.startswith(_BEFORE)]
    step = Step(kind="review", at=now, round=max([*made, *planned], default=0) + 1, reason=reason)
    return requests.with_step(request, f"{_BEFORE}{task.id}", step)
