"""What callers see of services and of how a request stands."""

from collections.abc import Sequence
from typing import Any

from functions.edge import capabilities
from functions.edge.capabilities import Standing
from functions.edge.texts import Texts
from services.case.documents import Event
from services.case.request import Request
from services.case.task import SUPERVISORS
from services.catalog.model import Current, Damaged
from services.times import Instant

PUBLIC_EVENTS = ("accepted", "dispatched", "task_completed", "completed", "withdrawn")
"""The events a resident reads about, besides those of capabilities; the others are staff's own."""


def service(current: Current, now: Instant) -> dict[str, Any]:
    """Show a service in the list."""
    definition = current.edition.definition
    shown = {
        "id": definition.id,
        "version": current.edition.version,
        "title": definition.title,
        "summary": definition.summary,
        "purpose": definition.purpose,
        "phone": definition.phone,
        "state": current.state(now),
        "reason": current.paused.reason if current.paused else None,
        "opens": definition.opens,
        "closes": definition.closes,
    }
    return {key: value for key, value in shown.items() if value is not None}


def stopped(current: Current) -> dict[str, Any]:
    """Show a service that an editor has paused, with the reason."""
    definition, paused = current.edition.definition, current.paused
    reason = paused.reason if paused else {}
    return {"id": definition.id, "title": definition.title, "phone": definition.phone, "reason": reason}


def paused(damaged: Damaged, phone: str) -> dict[str, Any]:
    """Show a service of which no edition can be read, with the number that can help meanwhile."""
    return {"id": damaged.service, "title": damaged.title or {"ja": damaged.service}, "phone": phone}


def service_with_form(current: Current, now: Instant) -> dict[str, Any]:
    """Show a service with the form that its requests must fit."""
    return service(current, now) | {"form": current.edition.definition.form}


def status_of_request(request: Request, phone: str, texts: Texts, standings: Sequence[Standing] = ()) -> dict[str, Any]:
    """Show a resident how a request stands."""
    open_tasks = [task.deadline for task in request.tasks if task.status == "open"]
    has_time = any(standing.has_time for standing in standings)
    public = {*PUBLIC_EVENTS, *capabilities.events()}
    shown = {
        "reference": request.reference,
        "service": request.service,
        "version": request.version,
        "status": request.status,
        "history": [_event(event, texts) for event in request.history if event.event in public],
        "next": {
            "text": _next(request, phone, texts, standings),
            "by": None if has_time else min(open_tasks, default=None),
        },
        "phone": phone,
    }
    for standing in standings:
        shown |= standing.says
    return shown


def status_of_receipt(reference: str, phone: str, texts: Texts) -> dict[str, Any]:
    """Show that a genuine receipt waits for its document."""
    return {
        "reference": reference,
        "status": "received",
        "history": [],
        "next": {"text": texts("next.received"), "by": None},
        "phone": phone,
    }


def _event(event: Event, texts: Texts) -> dict[str, str]:
    return {"at": event.at, "event": event.event, "text": texts(f"event.{event.event}")}


def _next(request: Request, phone: str, texts: Texts, standings: Sequence[Standing]) -> str:
    """Say what comes next; what could not be done does not read as done."""
    if request.status == "completed" and _is_left_undone(request):
        return texts("next.not_done", phone=phone)
    said = next((standing.next for standing in standings if standing.next), f"next.{request.status}")
    return texts(said)


def _is_left_undone(request: Request) -> bool:
    """Tell whether something ended undone: as the supervisors said where they were asked, else as the tasks did."""
    of_supervisors = [task for task in request.tasks if task.team == SUPERVISORS and task.status == "completed"]
    if of_supervisors:
        return any(task.outcome != "done" and not task.final for task in of_supervisors)
    return any(task.outcome == "not_done" for task in request.tasks)
