"""What operators and editors call: health, readiness, queues, failures, publishing."""

import re
from pathlib import Path
from typing import Annotated, Any

import azure.functions as func
import msgspec
from msgspec import UNSET, Meta, UnsetType

from functions.edge.access import ANYONE
from functions.edge.web import Call, answer, api
from functions.operations import views
from services import times
from services.errors import DefinitionRefused, FieldError, InvalidSubmission
from services.failures.model import FailureStatus, Selection
from services.times import Instant

MAX_DEFINITION = 512 * 1024
MOST_VALUES = 20_000
"""Values in a definition; the shipped ones have about 1,100."""
_OF_THE_PACKAGE = Path(__file__).parents[2] / "commit.txt"
COMMIT = _OF_THE_PACKAGE.read_text(encoding="utf-8").strip() if _OF_THE_PACKAGE.exists() else None
"""Which commit this is, as `make package` wrote it; None where it did not."""
QUEUE_NAME = "^[a-z0-9-]{3,63}$"
STATUSES: tuple[FailureStatus, ...] = ("open", "replayed", "dismissed")

type FailureIds = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(min_length=1)]
type QueueName = Annotated[str, Meta(pattern=QUEUE_NAME)]
type Reason = Annotated[str, Meta(min_length=1, max_length=500)]
type Said = Annotated[dict[Annotated[str, Meta(max_length=20)], Reason], Meta(min_length=1, max_length=10)]

bp = func.Blueprint()


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class Reconcile(_Body, frozen=True, kw_only=True):
    """Say whether to repair, or only to tell what would be repaired."""

    dry_run: bool


class Replay(_Body, frozen=True, kw_only=True):
    """Ask for failures by their ids, or for the open ones of a queue that failed last within a time."""

    ids: FailureIds | UnsetType = UNSET
    queue: QueueName | UnsetType = UNSET
    since: str | UnsetType = msgspec.field(default=UNSET, name="from")
    until: str | UnsetType = msgspec.field(default=UNSET, name="to")
    dry_run: bool = False


class Dismiss(_Body, frozen=True, kw_only=True):
    """Say about which failures nothing is to be done, and why."""

    ids: FailureIds
    reason: Reason


class Pause(_Body, frozen=True, kw_only=True):
    """Say why a service stops, in words that residents read; Japanese at least."""

    reason: Said


@bp.route("api/health", methods=["GET"])
@api(access=ANYONE)
async def health(call: Call) -> func.HttpResponse:
    """Tell that this instance is alive, and which commit it runs."""
    return answer({"status": "alive", "at": call.app.clock(), "commit": COMMIT})


@bp.route("api/ready", methods=["GET"])
@api(access=ANYONE, limit="look")
async def ready(call: Call) -> func.HttpResponse:
    """Tell whether every dependency answers and a catalog is published; one damaged definition stops no other."""
    checks = await call.app.readiness.look()
    is_ready = all(check in ("ready", "partly ready") for check in checks.values())
    return answer({"status": "ready" if is_ready else "not ready", "checks": checks}, 200 if is_ready else 503)


@bp.route("api/operations/queues", methods=["GET"])
@api(access="Operator")
async def list_queues(call: Call) -> func.HttpResponse:
    """Show the depth of every queue, the age of its oldest message, how many of its messages failed for good, and how
    many documents cannot be read.
    """
    measuring = call.app.measuring
    queues = [views.queue(one) for one in await measuring.queues()]
    return answer({"at": call.app.clock(), "queues": queues, "damagedDocuments": await measuring.damaged_documents()})


@bp.route("api/operations/failures", methods=["GET"])
@api(access="Operator")
async def list_failures(call: Call) -> func.HttpResponse:
    """List what could never succeed and why; the bodies, which may be a resident's, stay in the store."""
    asked = call.request.params
    selection = Selection(
        queue=_queue(asked.get("queue")),
        status=_status(asked.get("status", "open")),
        since=_instant("/from", asked["from"]) if "from" in asked else None,
        until=_instant("/to", asked["to"]) if "to" in asked else None,
    )
    return answer({"failures": [views.failure(one) for one in await call.app.failures.list(selection)]})


@bp.route("api/operations/failures/replay", methods=["POST"])
@api(access="Operator")
async def replay_failures(call: Call) -> func.HttpResponse:
    """Send failed messages to their queues again, or say which ones that would be."""
    body = call.json(Replay)
    if body.ids is UNSET:
        return answer(await call.app.failures.replay_range(_range(body), call.caller, dry_run=body.dry_run))
    _none_of(queue=body.queue, **{"from": body.since, "to": body.until})
    return answer(await call.app.failures.replay(body.ids, call.caller, dry_run=body.dry_run))


@bp.route("api/operations/failures/dismiss", methods=["POST"])
@api(access="Operator")
async def dismiss_failures(call: Call) -> func.HttpResponse:
    """Resolve failures about which nothing is to be done."""
    body = call.json(Dismiss)
    return answer(await call.app.failures.dismiss(body.ids, body.reason, call.caller))


@bp.route("api/operations/reconciliation", methods=["POST"])
@api(access="Operator")
async def reconcile_now(call: Call) -> func.HttpResponse:
    """Compare requests, tasks and queues now, and repair what is safe to repair unless it is a dry run."""
    return answer(await call.app.reconciliation.run(dry_run=call.json(Reconcile).dry_run))


@bp.route("api/catalog/services/{id}", methods=["PUT"])
@api(access="Editor")
async def publish_service(call: Call) -> func.HttpResponse:
    """Publish a service definition; publishing what is current already answers 200 and its version."""
    definition = call.json(dict[str, Any], MAX_DEFINITION, MOST_VALUES)
    if definition.get("id") != call.route("id"):
        raise DefinitionRefused((f"id: アドレスの id（{call.route('id')}）と違います",))
    current, is_new = await call.app.catalog.publish(definition)
    return answer({"version": current.edition.version}, 201 if is_new else 200)


@bp.route("api/catalog/services/{id}/pause", methods=["POST"])
@api(access="Editor")
async def pause_service(call: Call) -> func.HttpResponse:
    """Stop a service at once, for every version of its form."""
    reason = call.json(Pause).reason
    if not reason.get("ja", "").strip():
        raise InvalidSubmission((FieldError("/reason/ja", "required"),))
    current = await call.app.catalog.pause(call.route("id"), reason, call.caller)
    return answer(views.pause(current))


@bp.route("api/catalog/services/{id}/resume", methods=["POST"])
@api(access="Editor")
async def resume_service(call: Call) -> func.HttpResponse:
    """Let a paused service go on."""
    return answer(views.pause(await call.app.catalog.resume(call.route("id"))))


def _status(wanted: str) -> FailureStatus:
    for status in STATUSES:
        if status == wanted:
            return status
    raise InvalidSubmission((FieldError("/status", "enum"),))


def _queue(name: str | None) -> str | None:
    if name is not None and not re.fullmatch(QUEUE_NAME, name):
        raise InvalidSubmission((FieldError("/queue", "pattern"),))
    return name


def _range(body: Replay) -> Selection:
    """Return what goes without ids: a queue and a time, all three of them."""
    given = {"queue": body.queue, "from": body.since, "to": body.until}
    missing = tuple(FieldError(f"/{name}", "required") for name, value in given.items() if value is UNSET)
    if missing:
        raise InvalidSubmission(missing)
    return Selection(
        queue=str(body.queue), since=_instant("/from", str(body.since)), until=_instant("/to", str(body.until))
    )


def _instant(pointer: str, text: str) -> Instant:
    try:
        return times.told(text)
    except ValueError:
        raise InvalidSubmission((FieldError(pointer, "format"),)) from None


def _none_of(**fields: str | UnsetType) -> None:
    """Refuse beside ids what selects as well."""
    given = tuple(FieldError(f"/{name}", "not_allowed") for name, value in fields.items() if value is not UNSET)
    if given:
        raise InvalidSubmission(given)
