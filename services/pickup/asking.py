"""The tasks by which pickup asks a person: to judge a household, to see after a delivery, to tell a resident."""

from services.case import task as tasks
from services.case.request import Request, Step
from services.case.task import PlannedTask
from services.catalog.routing import CompiledService

OF_HOUSEHOLD = ("served_before", "possible_duplicate")
"""The reasons for which a person judges whose household a request is of."""
OF_HANDING_OVER = ("not_delivered", "partly_delivered", "delivered_without_place")
"""The reasons for which a person sees after supplies that were taken to a household."""
DELIVERED_AGAIN = "delivered_again"
"""The reason for which the task that takes supplies to a household is made once more."""
HOUSEHOLD, HANDING_OVER, NOTICE = ROUTES = ("household", "handing-over", "notice")
"""The routes of these tasks, which no definition may use."""
PLACE_HELD = "place_held"
"""The usual reason for which somebody tells a resident of a place."""
NOTICE_DUE_SECONDS = 2 * 3600.0


def next_round(request: Request, route: str) -> int:
    """Return the next round of a route: one that no task of it has, made or still to be made."""
    rounds = [tasks.round_of(t.id) for t in request.tasks if tasks.is_of_route(t.id, request.reference, route)]
    planned = [step for step in request.pending.values() if _route_of(step) == route]
    return max([*rounds, *(step.round for step in planned)], default=0) + 1


def notice(service: CompiledService, reason: str) -> PlannedTask:
    """Describe the task by which somebody tells a resident that a place is held until it is confirmed, and why."""
    return PlannedTask(
        route=NOTICE,
        kind="notice",
        team=service.definition.first_team,
        priority="urgent",
        due_seconds=NOTICE_DUE_SECONDS,
        reason=reason,
    )


def _route_of(step: Step) -> str | None:
    if step.kind == "notice":
        return NOTICE
    if step.kind != "review":
        return None
    if step.reason in OF_HOUSEHOLD:
        return HOUSEHOLD
    return HANDING_OVER if step.reason in OF_HANDING_OVER else None
