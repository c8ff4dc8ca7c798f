"""What staff see of tasks, and of the requests that they hold tasks of."""

from typing import Any

import msgspec

from services.case.documents import Event
from services.case.task import Task
from services.tasks.service import ClaimedTask


def task(shown: Task) -> dict[str, Any]:
    """Show a task to staff, without anything of the resident but its ids."""
    lease = shown.lease
    return {
        "id": shown.id,
        "reference": shown.reference,
        "service": shown.service,
        "kind": shown.kind,
        "team": shown.team,
        "priority": shown.priority,
        "status": shown.status,
        "outcome": shown.outcome,
        "reason": shown.reason,
        "createdAt": shown.created_at,
        "deadline": shown.deadline,
        "lease": {"token": lease.token, "until": lease.until, "holder": lease.holder_name} if lease else None,
        "history": [_own_event(event) for event in shown.history],
    }


def claimed_task(claimed: ClaimedTask) -> dict[str, Any]:
    """Show a task to its holder, with the request it belongs to."""
    request = claimed.request
    shown = {
        "reference": request.reference,
        "service": request.service,
        "version": request.version,
        "status": request.status,
        "receivedAt": request.received_at,
        "channel": request.channel,
        "locale": request.locale,
        "answers": request.answers,
        "contact": request.contact,
        "variants": request.variants,
        "tasks": [{"kind": t.kind, "team": t.team, "status": t.status, "outcome": t.outcome} for t in request.tasks],
    }
    return task(claimed.task) | {"request": msgspec.to_builtins(shown)}


def _own_event(event: Event) -> dict[str, Any]:
    """Show staff an event of a task, with the name of who made it and without the id."""
    shown: dict[str, Any] = msgspec.to_builtins(event)
    return {key: value for key, value in shown.items() if key != "byId"}
