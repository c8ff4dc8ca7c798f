"""What callers see of requests, tasks and services: the JSON of every success answer."""

from typing import Any

import msgspec

from functions.texts import Texts
from services.catalog.model import Current, state_of
from services.documents import Event
from services.failures.model import FailureSummary
from services.requests.model import Request
from services.tasks.model import Task
from services.tasks.service import ClaimedTask
from services.times import Instant

PUBLIC_EVENTS = ("accepted", "dispatched", "task_completed", "completed", "withdrawn")
"""The events a resident reads about; the others are staff's own."""


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
        "state": state_of(definition, now),
        "opens": definition.opens,
        "closes": definition.closes,
    }
    return {key: value for key, value in shown.items() if value is not None}


def service_with_form(current: Current, now: Instant) -> dict[str, Any]:
    """Show a service with the form that its requests must fit."""
    return service(current, now) | {"form": current.edition.definition.form}


def status_of_request(request: Request, phone: str, texts: Texts) -> dict[str, Any]:
    """Show a resident how a request stands."""
    open_tasks = [task.deadline for task in request.tasks if task.status == "open"]
    return {
        "reference": request.reference,
        "service": request.service,
        "version": request.version,
        "status": request.status,
        "history": [_event(event, texts) for event in request.history if event.event in PUBLIC_EVENTS],
        "next": {"text": _next(request, phone, texts), "by": min(open_tasks, default=None)},
        "phone": phone,
    }


def status_of_receipt(reference: str, phone: str, texts: Texts) -> dict[str, Any]:
    """Show that a genuine receipt waits for its document."""
    return {
        "reference": reference,
        "status": "received",
        "history": [],
        "next": {"text": texts("next.received"), "by": None},
        "phone": phone,
    }


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
        "history": msgspec.to_builtins(shown.history),
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
    }
    return task(claimed.task) | {"request": msgspec.to_builtins(shown)}


def failure(shown: FailureSummary) -> dict[str, Any]:
    """Show operators a failure: why, when, what was done about it and by whom."""
    events = [{"at": e.at, "event": e.event, "by": e.by, "reason": e.reason} for e in shown.history]
    return {
        "id": shown.id,
        "queue": shown.queue,
        "status": shown.status,
        "error": shown.error,
        "tries": shown.tries,
        "firstAt": shown.first_at,
        "lastAt": shown.last_at,
        "history": events,
    }


def _event(event: Event, texts: Texts) -> dict[str, str]:
    return {"at": event.at, "event": event.event, "text": texts(f"event.{event.event}")}


def _next(request: Request, phone: str, texts: Texts) -> str:
    """Say what comes next; what could not be done does not read as done."""
    if request.status == "completed" and any(task.outcome == "not_done" for task in request.tasks):
        return texts("next.not_done", phone=phone)
    return texts(f"next.{request.status}")
