"""Supplies that are taken to a household: how the end of the delivery's task changes its booking."""

import msgspec

from services.case import request as requests
from services.case.documents import Event
from services.case.request import Request, Step
from services.case.task import Task
from services.catalog.model import Definition, Delivered
from services.pickup.asking import HANDING_OVER, next_round
from services.pickup.booking import progress, transitions
from services.pickup.part import booked, booking_of
from services.times import Instant

_STEP = "delivered."


def step_of(task: str) -> str:
    """Return the step that hands over what a task delivered."""
    return f"{_STEP}{task}"


def task_of(step: str) -> str:
    """Return the task whose supplies a step hands over."""
    return step.removeprefix(_STEP)


def delivered_by(definition: Definition, outcome: str) -> Delivered | None:
    """Return what a delivery that ended so brought to the household, None where only a person can tell."""
    offered: dict[str, Delivered | None] = {one.id: one.delivered for one in definition.outcomes}
    return {**offered, "done": "all", "not_done": "none"}.get(outcome)


def ended(request: Request, task: Task, delivered: Delivered | None, now: Instant) -> Request:
    """Change a booking after its delivery: hand over, return, or let a person ask what was handed over.

    No delivery changes what was collected at a counter.
    """
    booking = booking_of(request)
    if booking is None or booking.method != "delivery" or booking.state in ("collected", "ended"):
        return request
    if delivered == "all":
        return requests.with_step(request, step_of(task.id), Step(kind="delivered", at=now))
    if delivered == "none":
        return _returned(request, task, now)
    return _reviewed(request, f"review.{task.id}", "partly_delivered", now)


def closed(request: Request) -> Request:
    """End a booking of supplies that came back, once a supervisor has ended its request."""
    booking = booking_of(request)
    if booking is None or not transitions.CLOSE.may_happen(booking):
        return request
    return progress.after(request, transitions.CLOSE)


def without_place(request: Request, step: str, now: Instant) -> Request:
    """Mark a household as served although its supplies came out of no slot; a task asks a person to book the units."""
    if booked(request).state in ("collected", "ended"):
        return request
    served = progress.after(progress.let_go(request, now), transitions.COLLECT)
    event = Event(id=f"{step}.collected", at=now, event="collected")
    told = msgspec.structs.replace(served, history=(*request.history, event))
    return _reviewed(told, f"{step}.review", "delivered_without_place", now)


def _returned(request: Request, task: Task, now: Instant) -> Request:
    """Give the place back with its units; somebody calls, and the resident may choose again."""
    if not transitions.RETURN.may_happen(booked(request)):
        return request
    returned = progress.after(progress.let_go(request, now), transitions.RETURN)
    event = Event(id=f"returned.{task.id}", at=now, event="not_delivered")
    told = msgspec.structs.replace(returned, history=(*request.history, event))
    return _reviewed(told, f"review.{task.id}", "not_delivered", now)


def _reviewed(request: Request, step: str, reason: str, now: Instant) -> Request:
    round_ = next_round(request, HANDING_OVER)
    return requests.with_step(request, step, Step(kind="review", at=now, round=round_, reason=reason))
