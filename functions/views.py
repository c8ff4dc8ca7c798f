"""What callers see of requests, tasks and services: the JSON of every success answer."""

from collections.abc import Mapping
from typing import Any

import msgspec

from functions.texts import Texts
from services.catalog.controls import kind_of
from services.catalog.forms import field_at
from services.catalog.model import Current, state_of
from services.documents import Event
from services.failures.model import FailureSummary
from services.pickup.booking import HAS_PLACE, Booking
from services.pickup.counter import Card
from services.pickup.offers import Appointment, Line, Offer
from services.pickup.plan import household_of, read
from services.pickup.rosters import Due
from services.pickup.searching import Found
from services.pickup.sites import Move, Site
from services.pickup.supplies import Item
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


def card(shown: Card) -> dict[str, Any]:
    """Show the counter a household and what is due to it, in the words of the service."""
    request, pickup = shown.request, shown.definition.pickup
    household = household_of(pickup, request.answers, None) if pickup else None
    return {
        "reference": request.reference,
        "service": {"id": request.service, "title": shown.definition.title},
        "head": household.name if household else "",
        "members": shown.booking.members,
        "household": _household(shown),
        "state": shown.booking.state,
        "due": _lines(shown, shown.due),
        "place": _place(shown.booking) | {"siteName": shown.site.name} if shown.site else None,
        "handedOver": _handed_over(shown, shown.handed_over) if shown.handed_over else None,
    }


def due(shown: Due, items: Mapping[str, Item]) -> dict[str, Any]:
    """Show what is due to a request, without a word of whom it is."""
    lines = [_line(id_, units, items.get(id_)) for id_, units in shown.lines.items()]
    return {**msgspec.to_builtins(shown), "lines": lines}


def found_card(found: Found) -> dict[str, Any]:
    """Show as much of a request as it takes to recognise whom it is of."""
    return {
        "reference": found.request.reference,
        "head": found.household.name,
        "kana": found.household.kana,
        "address": found.household.address,
        "members": found.booking.members,
        "state": found.booking.state,
        "place": _place(found.booking) if found.booking.place else None,
        "isBornThen": found.is_born_then,
        "likeness": found.likeness,
    }


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


def _place(booking: Booking) -> dict[str, Any]:
    place = booking.place
    return {
        "site": place.site if place else None,
        "slot": place.slot if place else None,
        "starts": booking.starts,
        "ends": booking.ends,
        "method": booking.method,
    }


def _household(shown: Card) -> list[dict[str, Any]]:
    """Show what was answered of the household, with the words of the form it stands in."""
    definition, answers = shown.definition, shown.request.answers
    pointers = definition.pickup.answers.of_household() if definition.pickup else ()
    return [_answer(pointer, field_at(definition.form, pointer) or {}, read(answers, pointer)) for pointer in pointers]


def _answer(pointer: str, field: dict[str, Any], value: Any) -> dict[str, Any]:
    said = field.get("x-text", {})
    offered = field.get("enum") or field.get("items", {}).get("enum", ())
    options = [{"value": one, "label": said.get("options", {}).get(str(one), {"ja": str(one)})} for one in offered]
    return {
        "pointer": pointer,
        "kind": kind_of(field),
        "label": said.get("label", {}),
        "options": options,
        "value": value,
    }


def _lines(shown: Card, lines: dict[str, int]) -> list[dict[str, Any]]:
    supplies = shown.definition.pickup.supplies if shown.definition.pickup else None
    return [_line(id_, units, supplies.item(id_) if supplies else None) for id_, units in lines.items()]


def _line(id_: str, units: int, item: Item | None) -> dict[str, Any]:
    """Show a line in the words of the service; one it has not is shown by its id."""
    title, unit = (item.title, item.unit) if item else ({"ja": id_}, {})
    return {"item": id_, "title": title, "unit": unit, "units": units}


def _handed_over(shown: Card, move: Move) -> dict[str, Any]:
    given = {item: -units for item, units in move.lines.items() if units}
    return {"at": move.at, "by": move.by, "lines": _lines(shown, given), "receiver": move.receiver}


def _event(event: Event, texts: Texts) -> dict[str, str]:
    return {"at": event.at, "event": event.event, "text": texts(f"event.{event.event}")}


def _next(request: Request, phone: str, texts: Texts) -> str:
    """Say what comes next; what could not be done does not read as done."""
    if request.status == "completed" and any(task.outcome == "not_done" for task in request.tasks):
        return texts("next.not_done", phone=phone)
    booking = request.booking
    if request.status == "accepted" and booking and booking.method == "pickup":
        if booking.state in HAS_PLACE:
            return texts("next.place")
        if booking.state == "collected":
            return texts("next.collected")
    return texts(f"next.{request.status}")
