"""What staff call: claiming, renewing, releasing and completing tasks, and who is working on what."""

from typing import Annotated

import azure.functions as func
import msgspec
from msgspec import Meta

from functions.edge import telemetry
from functions.edge.access import ANY_TEAM, SIGNED_IN
from functions.edge.ids import ClaimId
from functions.edge.web import Call, answer, api
from functions.tasks import views
from services import door
from services.case.task import TaskStatus
from services.errors import FieldError, Forbidden, InvalidSubmission
from services.names import is_name

type LeaseSeconds = Annotated[int, Meta(ge=30, le=28_800)]
type Note = Annotated[str, Meta(max_length=2000)]
STATUSES: tuple[TaskStatus, ...] = ("open", "completed", "cancelled")

bp = func.Blueprint()


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class ClaimNext(_Body, frozen=True, kw_only=True):
    """Ask for up to `max` tasks."""

    claim_id: ClaimId
    max: Annotated[int, Meta(ge=1, le=32)] = 1
    lease_seconds: LeaseSeconds = 900


class Claim(_Body, frozen=True, kw_only=True):
    """Ask for one named task."""

    claim_id: ClaimId
    lease_seconds: LeaseSeconds = 900


class Renew(_Body, frozen=True, kw_only=True):
    """Ask for more time."""

    token: int
    lease_seconds: LeaseSeconds = 900


class GiveBack(_Body, frozen=True, kw_only=True):
    """Give a task back, or take it from its holder."""

    token: int
    note: Note | None = None


class Complete(_Body, frozen=True, kw_only=True):
    """Finish a task."""

    token: int
    outcome: Annotated[str, Meta(max_length=40)] = "done"
    note: Note | None = None


@bp.route("api/staff/me", methods=["GET"])
@api(access=SIGNED_IN)
async def who_am_i(call: Call) -> func.HttpResponse:
    """Show the caller its name and roles, as its token says them."""
    return answer({"id": call.caller.id, "name": call.caller.name, "roles": sorted(call.caller.roles)})


@bp.route("api/staff/teams/{team}/claims", methods=["POST"])
@api(access=ANY_TEAM)
async def claim_tasks(call: Call) -> func.HttpResponse:
    """Lease the next tasks of a team of the caller's; supervisors have their own, and those that nobody has."""
    team = call.route("team")
    if not is_name(team):
        raise Forbidden(f"no role opens {door.step(team)}")
    body = call.json(ClaimNext)
    claimed = await call.app.tasks.claim_next(
        team, call.caller, claim_id=body.claim_id, limit=body.max, seconds=body.lease_seconds
    )
    telemetry.record_claims(claimed, call.app.clock())
    return answer({"tasks": [views.claimed_task(one) for one in claimed]})


@bp.route("api/staff/tasks/{id}/claim", methods=["POST"])
@api(access=ANY_TEAM)
async def claim_task(call: Call) -> func.HttpResponse:
    """Lease one task, for a staff app that polls the queue itself."""
    body = call.json(Claim)
    claimed = await call.app.tasks.claim(
        call.route("id"), call.caller, claim_id=body.claim_id, seconds=body.lease_seconds
    )
    telemetry.record_claims([claimed], call.app.clock())
    return answer(views.claimed_task(claimed))


@bp.route("api/staff/tasks/{id}/renew", methods=["POST"])
@api(access=ANY_TEAM)
async def renew_task(call: Call) -> func.HttpResponse:
    """Move the end of a lease."""
    body = call.json(Renew)
    task = await call.app.tasks.renew(call.route("id"), call.caller, body.token, seconds=body.lease_seconds)
    return answer(views.task(task))


@bp.route("api/staff/tasks/{id}/release", methods=["POST"])
@api(access=ANY_TEAM)
async def release_task(call: Call) -> func.HttpResponse:
    """Give a task back to its team."""
    body = call.json(GiveBack)
    return answer(views.task(await call.app.tasks.release(call.route("id"), call.caller, body.token, note=body.note)))


@bp.route("api/staff/tasks/{id}/revoke", methods=["POST"])
@api(access="Supervisor")
async def revoke_task(call: Call) -> func.HttpResponse:
    """Take a task from its holder."""
    body = call.json(GiveBack)
    return answer(views.task(await call.app.tasks.revoke(call.route("id"), call.caller, body.token, note=body.note)))


@bp.route("api/staff/tasks/{id}/complete", methods=["POST"])
@api(access=ANY_TEAM)
async def complete_task(call: Call) -> func.HttpResponse:
    """Finish a task with an outcome."""
    body = call.json(Complete)
    task = await call.app.tasks.complete(
        call.route("id"), call.caller, body.token, outcome=body.outcome, note=body.note
    )
    telemetry.join("complete", task.traceparent)
    return answer(views.task(task))


@bp.route("api/staff/teams/{team}/tasks", methods=["GET"])
@api(access=ANY_TEAM)
async def list_tasks(call: Call) -> func.HttpResponse:
    """List a team's tasks: who is working on what."""
    tasks = await call.app.tasks.of_team(_team(call), call.caller, _status(call))
    return answer({"tasks": [views.task(task) for task in tasks]})


def _team(call: Call) -> str:
    team = call.route("team")
    if not is_name(team):
        raise InvalidSubmission((FieldError("/team", "pattern"),))
    return team


def _status(call: Call) -> TaskStatus:
    wanted = call.request.params.get("status", "open")
    for status in STATUSES:
        if status == wanted:
            return status
    raise InvalidSubmission((FieldError("/status", "enum"),))
