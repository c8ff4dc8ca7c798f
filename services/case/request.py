"""A resident's request, its tasks beside it, and the rules by which it moves on."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from services import times
from services.case import task as tasks
from services.case.documents import Document, Event
from services.case.task import PlannedTask, Staff, Task, TaskId, TaskStatus
from services.errors import HandedOver
from services.times import Instant

FIRST_SWEEP_AFTER = 60.0
"""Seconds for which a step is left to its wake-up message before the sweeper sends another."""

MOST_OPEN_TASKS = 40
"""Open tasks at which a request gets no further one: whoever takes one of them sees what there is to do."""

type RequestStatus = Literal["accepted", "completed", "withdrawn"]


class KeptContact(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the resident is reached; at least one is given, as people type it."""

    phone: str | None = None
    email: str | None = None
    name: str | None = None


class Contact(KeptContact, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say how the resident is reached, as a submission sends it."""

    @property
    def kept(self) -> KeptContact:
        """Return it as a request keeps it."""
        return KeptContact(phone=self.phone, email=self.email, name=self.name)


class Submission(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold what a resident sends; `version` is the edition of the form it answers, the current one where absent."""

    service: str
    answers: dict[str, Any]
    contact: Contact
    version: int | None = None
    locale: str = "ja"
    channel: str = "web"


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Hold one thing still to be done, from the instant `at` on, by whoever takes steps of this kind."""

    kind: str
    at: Instant
    round: int = 1
    reason: str | None = None
    slot: str | None = None


class RequestTask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Mirror on the request how one of its tasks stands; `final` is an outcome that its definition names as an end."""

    id: TaskId
    kind: str
    team: str
    deadline: Instant
    status: TaskStatus = "open"
    outcome: str | None = None
    final: bool = False


class Variant(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Keep another body that came through the queue under the same key, for a person to judge."""

    body_hash: str
    received_at: Instant
    answers: dict[str, Any]
    contact: KeptContact


class Part(Protocol):
    """What a capability keeps on a request: the fields of a struct, which are keys of the request's document."""

    @property
    def lasts(self) -> bool:
        """Tell whether the request is not completed yet although nothing is pending and no task is open."""

    @property
    def stands_still(self) -> bool:
        """Tell whether it lasts and no clock moves it on: without a task or a step, a person has to look at it."""

    @property
    def is_served(self) -> bool | None:
        """Tell whether what was asked for was given for good; None where the tasks alone say so."""

    def let_go(self, pending: Mapping[str, Step], now: Instant) -> tuple["Part", dict[str, Step]]:
        """Return the part of a request that is withdrawn, and the steps that are left to do for it."""


class Request(Document, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="request"):
    """Hold one request; its id is its reference (受付番号), its `parts` are what capabilities keep, by their names."""

    reference: str
    key_hash: str
    body_hash: str
    access_version: int
    access_epoch: int = 0
    service: str
    version: int
    channel: str
    locale: str
    answers: dict[str, Any]
    contact: KeptContact
    received_at: Instant
    status: RequestStatus = "accepted"
    tasks: tuple[RequestTask, ...] = ()
    pending: dict[str, Step] = {}
    variants: tuple[Variant, ...] = ()
    sweeps: int = 0
    traceparent: str | None = None
    parts: dict[str, Part] = {}


class Case(msgspec.Struct, frozen=True):
    """Hold a request and its tasks: what one logical partition contains and one batch can change.

    `unreadable` are the ids of tasks that cannot be read: they stay as they are, and open on the request.
    """

    request: Request
    tasks: dict[str, Task]
    unreadable: frozenset[str] = frozenset()

    def with_documents(self, documents: tuple[Request | Task, ...]) -> "Case":
        """Return the case after these documents were written."""
        request, changed = self.request, dict(self.tasks)
        for document in documents:
            if isinstance(document, Request):
                request = document
            else:
                changed[document.id] = document
        return Case(request, changed, self.unreadable)


type Changes = tuple[Request | Task, ...]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is derived from a submission's key and body."""

    reference: str
    key_hash: str
    body_hash: str
    access_version: int


def accept(
    submission: Submission,
    identity: Identity,
    *,
    version: int,
    received_at: Instant,
    now: Instant,
    steps: Mapping[str, Step],
    traceparent: str | None = None,
    by: Staff | None = None,
) -> Request:
    """Make the request of a submission, with its first steps pending; `by` is who made it in the resident's place."""
    name, id_ = (by.name, by.id) if by else (None, None)
    request = Request(
        id=identity.reference,
        reference=identity.reference,
        key_hash=identity.key_hash,
        body_hash=identity.body_hash,
        access_version=identity.access_version,
        service=submission.service,
        version=version,
        channel=submission.channel,
        locale=submission.locale,
        answers=submission.answers,
        contact=submission.contact.kept,
        received_at=received_at,
        history=(Event(id="accept", at=received_at, event="accepted", by=name, by_id=id_),),
        traceparent=traceparent,
    )
    return with_pending(request, {id_: msgspec.structs.replace(step, at=now) for id_, step in steps.items()})


def with_step(request: Request, id_: str, step: Step) -> Request:
    """Add a step that is still to be done."""
    return with_pending(request, {**request.pending, id_: step})


def without_step(request: Request, id_: str, now: Instant) -> Request:
    """Clear a step that is done; with the last one, the request may be completed."""
    left = {name: step for name, step in request.pending.items() if name != id_}
    return completed_if_done(with_pending(request, left), f"completed.{id_}", now)


def due_steps(request: Request, now: Instant) -> list[tuple[str, Step]]:
    """Return the due steps, the earliest first; allow for the clock of another instance that set their time."""
    soon = times.later(now, tasks.CLOCKS_DIFFER_BY)
    due = [(id_, step) for id_, step in request.pending.items() if step.at <= soon]
    return sorted(due, key=lambda item: (item[1].at, item[0]))


def dispatch(case: Case, step_id: str, step: Step, plan: Sequence[PlannedTask], now: Instant) -> Changes:
    """Make the tasks of a step and record them on the request.

    A withdrawn request gets none, nor does one with so many open tasks that withdrawing it would not fit into a batch.
    """
    operation = f"dispatch.{step_id}"
    request = case.request
    if request.has(operation) or request.status == "withdrawn":
        return ()
    has_enough = sum(task.status == "open" for task in request.tasks) >= MOST_OPEN_TASKS
    made = tuple(_task(request, planned, step.round, now) for planned in plan if not has_enough)
    mirrored = tuple(RequestTask(id=t.id, kind=t.kind, team=t.team, deadline=t.deadline) for t in made)
    event = Event(id=operation, at=now, event="dispatched" if step.kind == "dispatch" else "person_asked")
    changed = msgspec.structs.replace(
        request, tasks=(*request.tasks, *mirrored), status="accepted", history=(*request.history, event)
    )
    return (changed, *made)


def tasks_of_step(case: Case, step: Step, plan: Sequence[PlannedTask]) -> list[Task]:
    """Return the tasks that a step has made, whether in this run or an earlier one."""
    ids = (tasks.task_id(case.request.reference, planned.route, step.round) for planned in plan)
    return [case.tasks[id_] for id_ in ids if id_ in case.tasks]


def withdraw(case: Case, now: Instant) -> Changes:
    """Withdraw the request, cancel its open tasks and give back what it holds; raises HandedOver once it was served."""
    request = case.request
    if request.status == "withdrawn":
        return ()
    if _is_served(request):
        raise HandedOver()
    cancelled = tuple(tasks.cancel(t, "withdraw", now) for t in case.tasks.values() if t.status == "open")
    gone = {t.id for t in cancelled}
    let_go = {name: part.let_go(request.pending, now) for name, part in request.parts.items()}
    changed = msgspec.structs.replace(
        request,
        status="withdrawn",
        tasks=tuple(msgspec.structs.replace(t, status="cancelled") if t.id in gone else t for t in request.tasks),
        history=(*request.history, Event(id="withdraw", at=now, event="withdrawn")),
        parts={name: part for name, (part, _) in let_go.items()},
    )
    left = {id_: step for _, steps in let_go.values() for id_, step in steps.items()}
    return (with_pending(changed, left), *cancelled)


def _is_served(request: Request) -> bool:
    """Tell whether the request was served for good: its parts say so, or else a completed task does."""
    said = [part.is_served for part in request.parts.values()]
    if request.status == "completed" or True in said:
        return True
    if False in said:
        return False
    return any(task.outcome == "done" or task.final for task in request.tasks)


def stands_still(request: Request) -> bool:
    """Tell whether nothing of a request is pending or open although a part of it waits for a person."""
    if request.status != "accepted" or request.pending or any(task.status == "open" for task in request.tasks):
        return False
    return any(part.stands_still for part in request.parts.values())


def mirrored(request: Request, task: Task, *, final: bool = False) -> Request:
    """Return a request that knows of the end of a task."""
    ended = tuple(
        msgspec.structs.replace(t, status="completed", outcome=task.outcome, final=final) if t.id == task.id else t
        for t in request.tasks
    )
    return msgspec.structs.replace(request, tasks=ended)


def record_completion(request: Request, task: Task, now: Instant, *, final: bool = False) -> Request:
    """Mirror a completed task on the request; with the last one, the request is completed."""
    event = Event(id=f"{task.id}.{task.history[-1].id}", at=now, event="task_completed", task=task.kind)
    known = mirrored(request, task, final=final)
    changed = msgspec.structs.replace(known, history=(*request.history, event))
    return completed_if_done(changed, f"completed.{task.id}", now)


def _task(request: Request, planned: PlannedTask, round_: int, now: Instant) -> Task:
    return Task(
        id=tasks.task_id(request.reference, planned.route, round_),
        reference=request.reference,
        service=request.service,
        version=request.version,
        route=planned.route,
        kind=planned.kind,
        team=planned.team,
        priority=planned.priority,
        deadline=times.later(request.received_at, planned.due_seconds),
        created_at=now,
        reason=planned.reason,
        due_at=times.later(now, tasks.SWEEP_OPEN_AFTER),
        history=(Event(id="created", at=now, event="created"),),
        traceparent=request.traceparent,
    )


def completed_if_done(request: Request, operation: str, now: Instant) -> Request:
    """Complete a request of which nothing is open or pending, and no part lasts."""
    if request.status != "accepted" or request.pending or any(task.status == "open" for task in request.tasks):
        return request
    if any(part.lasts for part in request.parts.values()):
        return request
    event = Event(id=operation, at=now, event="completed")
    return msgspec.structs.replace(request, status="completed", history=(*request.history, event))


def with_pending(request: Request, pending: dict[str, Step]) -> Request:
    """Let a request have these steps to do, and no others."""
    due_at = times.later(min(step.at for step in pending.values()), FIRST_SWEEP_AFTER) if pending else None
    return msgspec.structs.replace(request, pending=pending, due_at=due_at, sweeps=0)


def with_part(request: Request, name: str, part: Part) -> Request:
    """Let a capability keep this on a request, in place of what it kept."""
    return msgspec.structs.replace(request, parts={**request.parts, name: part})
