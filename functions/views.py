"""What callers see of requests, places, tasks and services; what the counter sees stands in `counter_views`."""

from typing import Any

import msgspec

from functions.texts import Texts
from services.catalog.model import Current, state_of
from services.documents import Event
from services.failures.model import FailureSummary
from services.pickup.booking import HAS_PLACE
from services.pickup.offers import Appointment, Line, Offer
from services.pickup.part import booking_of
from services.pickup.sites import Site
from services.requests.model import Request
from services.tasks.model import Task
from services.tasks.service import ClaimedTask
from services.times import Instant

PUBLIC_EVENTS = (
    "accepted",
    "dispatched",
    "task_completed",
    "completed",
    "withdrawn",
    "waiting",
    "place_held",
    "place_confirmed",
    "place_expired",
    "place_missed",
    "not_delivered",
    "place_moved",
    "place_kept",
    "apportioned",
    "site_moved",
    "corrected",
    "collected",
)
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


def status_of_request(
    request: Request, phone: str, texts: Texts, appointment: Appointment | None = None
) -> dict[str, Any]:
    """Show a resident how a request stands."""
    open_tasks = [task.deadline for task in request.tasks if task.status == "open"]
    has_time = appointment is not None and appointment.place is not None
    shown = {
        "reference": request.reference,
        "service": request.service,
        "version": request.version,
        "status": request.status,
        "history": [_event(event, texts) for event in request.history if event.event in PUBLIC_EVENTS],
        "next": {"text": _next(request, phone, texts), "by": None if has_time else min(open_tasks, default=None)},
        "phone": phone,
    }
    return shown | {"booking": booking(appointment)} if appointment else shown


def status_of_receipt(reference: str, phone: str, texts: Texts) -> dict[str, Any]:
    """Show that a genuine receipt waits for its document."""
    return {
        "reference": reference,
        "status": "received",
        "history": [],
        "next": {"text": texts("next.received"), "by": None},
        "phone": phone,
    }


def booking(shown: Appointment) -> dict[str, Any]:
    """Show a resident how the pickup of a request stands; a household served before is told no more than that."""
    stands, place = shown.booking, shown.place
    return {
        "state": stands.state,
        "method": stands.method,
        "place": {
            "slot": place.name,
            "site": site(shown.site) if shown.site else {"id": place.site},
            "starts": stands.starts,
            "ends": stands.ends,
        }
        if place
        else None,
        "until": stands.until,
        "lines": [_named(line, "item", "units") for line in shown.lines],
        "missing": [_named(line, "item", "units") for line in shown.missing],
    }


def slot(shown: Offer) -> dict[str, Any]:
    """Show a slot that is open to whoever looks for a place."""
    opening = shown.opening
    return {
        "name": opening.name,
        "site": site(shown.site),
        "starts": opening.starts,
        "ends": opening.ends,
        "method": opening.method,
        "items": [_named(line, "id", "free") for line in shown.lines],
        "freePlaces": opening.free_places,
    }


def site(shown: Site) -> dict[str, Any]:
    """Show where supplies are handed out."""
    return {
        "id": shown.site_id,
        "name": shown.name,
        "address": shown.address,
        "access": shown.access,
        "hours": shown.hours,
        "lat": shown.lat,
        "lon": shown.lon,
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


def _named(line: Line, id_: str, units: str) -> dict[str, Any]:
    return {id_: line.item, "title": line.title, "unit": line.unit, units: line.units}


def _event(event: Event, texts: Texts) -> dict[str, str]:
    return {"at": event.at, "event": event.event, "text": texts(f"event.{event.event}")}


def _own_event(event: Event) -> dict[str, Any]:
    """Show staff an event of a task, with the name of who made it and without the id."""
    shown: dict[str, Any] = msgspec.to_builtins(event)
    return {key: value for key, value in shown.items() if key != "byId"}


def _next(request: Request, phone: str, texts: Texts) -> str:
    """Say what comes next; what could not be done does not read as done."""
    if request.status == "completed" and any(task.outcome == "not_done" for task in request.tasks):
        return texts("next.not_done", phone=phone)
    booking = booking_of(request)
    if request.status == "accepted" and booking and booking.method == "pickup":
        if booking.state in HAS_PLACE:
            return texts("next.place")
        if booking.state == "collected":
            return texts("next.collected")
    return texts(f"next.{request.status}")
