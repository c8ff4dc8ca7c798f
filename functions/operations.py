"""What operators and editors call: health, readiness, queues, failures, publishing."""

from collections.abc import Awaitable
from typing import Any

import azure.functions as func
import msgspec

from functions.access import ANYONE
from functions.web import Call, answer, api
from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.errors import DefinitionRefused, StoreUnavailable
from services.requests.intake import QUEUE as INTAKE_QUEUE

MAX_DEFINITION = 512 * 1024
LIST_LIMIT = 500

bp = func.Blueprint()


class Reconcile(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Say whether to repair, or only to tell what would be repaired."""

    dry_run: bool


@bp.route("api/health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE)
async def health(call: Call) -> func.HttpResponse:
    """Tell that this instance is alive."""
    return answer({"status": "alive", "at": call.app.clock()})


@bp.route("api/ready", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access=ANYONE)
async def ready(call: Call) -> func.HttpResponse:
    """Tell whether every dependency answers and a catalog is published."""
    checks = {
        "cosmos": await _reached(call.app.failures.list(None, 1)),
        "queues": await _reached(_both(call)),
        "catalog": await _reached(call.app.catalog.services()),
    }
    if not await call.app.catalog.services():
        checks["catalog"] = "nothing published"
    is_ready = all(check == "ready" for check in checks.values())
    return answer({"status": "ready" if is_ready else "not ready", "checks": checks}, 200 if is_ready else 503)


@bp.route("api/operations/queues", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access="Operator")
async def list_queues(call: Call) -> func.HttpResponse:
    """Show the depth of every queue and the age of its oldest message."""
    measured = [await call.app.queues.numbers(name) for name in await call.app.queues.names()]
    return answer({"at": call.app.clock(), "queues": [numbers for numbers in measured if numbers]})


@bp.route("api/operations/failures", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access="Operator")
async def list_failures(call: Call) -> func.HttpResponse:
    """List what could never succeed and why; the bodies, which may be a resident's, stay in the store."""
    failures = await call.app.failures.list(call.request.params.get("queue"), LIST_LIMIT)
    shown = [
        {"id": f.id, "queue": f.queue, "error": f.error, "tries": f.tries, "firstAt": f.first_at, "lastAt": f.last_at}
        for f in failures
    ]
    return answer({"failures": shown})


@bp.route("api/operations/reconciliation", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access="Operator")
async def reconcile_now(call: Call) -> func.HttpResponse:
    """Compare requests, tasks and queues now, and repair what is safe to repair unless it is a dry run."""
    return answer(await call.app.reconciliation.run(dry_run=call.json(Reconcile).dry_run))


@bp.route("api/catalog/services/{id}", methods=["PUT"], auth_level=func.AuthLevel.ANONYMOUS)
@api(access="Editor")
async def publish_service(call: Call) -> func.HttpResponse:
    """Publish a service definition; publishing what is current already answers 200 and its version."""
    definition = call.json(dict[str, Any], MAX_DEFINITION)
    if definition.get("id") != call.route("id"):
        raise DefinitionRefused((f"id: {definition.get('id')!r} is not the id in the address",))
    current, is_new = await call.app.catalog.publish(definition)
    return answer({"version": current.edition.version}, 201 if is_new else 200)


async def _both(call: Call) -> None:
    for queue in (INTAKE_QUEUE, ADVANCE_QUEUE):
        if await call.app.queues.numbers(queue) is None:
            raise StoreUnavailable(f"{queue} does not exist")


async def _reached(question: Awaitable[object]) -> str:
    try:
        await question
    except StoreUnavailable as error:
        return str(error)
    return "ready"
