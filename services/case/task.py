"""A staff task and the rules of its lease: who may hold it, until when, and what each verb makes of it."""

from typing import Annotated, Literal

import msgspec

from services import times
from services.case.documents import Document, Event
from services.case.receipts import is_reference
from services.errors import RequestWithdrawn, StaleToken, TaskClosed, TaskHeld
from services.names import Name, is_name
from services.times import Instant

CLOCKS_DIFFER_BY = 5.0
"""Seconds by which the clocks of two instances may differ without harm."""
TAKEOVER_AFTER = CLOCKS_DIFFER_BY
"""Seconds that a lease must be over, by the server's clock, before another may take the task."""
HIDDEN_AFTER_LEASE = 60.0
"""Seconds that a message stays hidden after the lease it belongs to."""
SWEEP_HELD_AFTER = 600.0
"""Seconds after the end of a lease at which the sweeper delivers the task again."""
SWEEP_OPEN_AFTER = 3600.0
"""Seconds after which the sweeper delivers an open task again; doubles with each sweep."""
LONGEST_ID = 64
"""Characters of a task's id: a reference (14), a route (40) and a round."""

SUPERVISORS = "supervisors"
"""The team of whoever has the role of a supervisor; what no outcome has ended comes to it."""
TEAM = "Team."
"""Stands before the name of a team in the role of those who work for it."""

type TaskId = Annotated[str, msgspec.Meta(pattern=r"\.[0-9]{1,9}\Z")]
"""Ends in the round in which a route made the task (`task_id`)."""
type Priority = Literal["urgent", "normal"]
type TaskStatus = Literal["open", "completed", "cancelled"]


class MessageHandle(msgspec.Struct, frozen=True, rename="camel"):
    """Address one delivery of a queue message: id and pop receipt."""

    queue: str
    id: str
    receipt: str


class Lease(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Say who holds a task until when; `token` fences off every earlier holder."""

    holder: str
    holder_name: str
    token: int
    until: Instant
    claim_id: str
    message: MessageHandle | None = None


class Staff(msgspec.Struct, frozen=True):
    """Name a member of staff: the identity provider's stable id, the name colleagues know, and the roles held."""

    id: str
    name: str
    roles: frozenset[str] = frozenset()

    def works_for(self, team: str) -> bool:
        """Tell whether the roles include this team, or for that of the supervisors their role."""
        return f"{TEAM}{team}" in self.roles or (team == SUPERVISORS and self.supervises)

    @property
    def supervises(self) -> bool:
        """Tell whether the roles include that of a supervisor."""
        return "Supervisor" in self.roles


class PlannedTask(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a task to be made; `reason` says why where no rule asked for it."""

    route: str
    kind: str
    team: str
    priority: Priority
    due_seconds: float
    reason: str | None = None


class Task(Document, frozen=True, kw_only=True, rename="camel", tag_field="type", tag="task"):
    """Hold one piece of work of one team; `token` is the last fencing token given out."""

    id: TaskId
    reference: str
    service: str
    version: int
    route: str
    kind: str
    team: Name
    priority: Priority
    deadline: Instant
    created_at: Instant
    reason: str | None = None
    status: TaskStatus = "open"
    outcome: str | None = None
    token: int = 0
    lease: Lease | None = None
    sweeps: int = 0
    traceparent: str | None = None


def task_id(reference: str, route: str, round_: int) -> str:
    """Return the id of the task that a route makes in a round."""
    return f"{reference}.{route}.{round_}"


def reference_of(task: str) -> str:
    """Return the reference in a task's id; raises ValueError where it is no task id."""
    if len(task) > LONGEST_ID:
        raise ValueError("longer than any id of a task")
    reference, route, round_ = task.split(".")
    if not (is_reference(reference) and is_name(route) and round_.isdecimal()):
        raise ValueError("no id of a task")
    return reference


def round_of(task: str) -> int:
    """Return the round in a task's id."""
    return int(task.rpartition(".")[2])


def is_of_route(task: str, reference: str, route: str) -> bool:
    """Tell whether a task of a request is one that this route makes."""
    return task == task_id(reference, route, round_of(task))


def queue_of(team: str, priority: Priority) -> str:
    """Return the queue of a team's tasks of this priority."""
    return f"tasks-{team}-urgent" if priority == "urgent" else f"tasks-{team}"


def is_held(task: Task, now: Instant) -> bool:
    """Tell whether somebody holds the task and nobody else may take it yet."""
    return task.lease is not None and times.later(task.lease.until, TAKEOVER_AFTER) > now


def is_claimable(task: Task, now: Instant) -> bool:
    """Tell whether the task can be claimed: open, and held by nobody."""
    return task.status == "open" and not is_held(task, now)


def claim(
    task: Task, holder: Staff, claim_id: str, *, seconds: int, now: Instant, message: MessageHandle | None = None
) -> Task:
    """Lease the task to the holder under the next token; raises TaskClosed, RequestWithdrawn or TaskHeld.

    One claim gives one lease: raises StaleToken where this claim had the task before and lost or returned it.
    """
    _must_be_open(task)
    if is_held(task, now) and task.lease is not None:
        raise TaskHeld(task.lease.holder_name)
    if task.has(claim_operation(claim_id)):
        raise StaleToken(None)
    until = times.later(now, seconds)
    lease = Lease(
        holder=holder.id,
        holder_name=holder.name,
        token=task.token + 1,
        until=until,
        claim_id=claim_id,
        message=message,
    )
    event = Event(id=claim_operation(claim_id), at=now, event="claimed", by=holder.name, by_id=holder.id)
    return _changed(task, event, token=lease.token, lease=lease, due_at=times.later(until, SWEEP_HELD_AFTER))


def renew(
    task: Task, holder: Staff, token: int, *, until: Instant, now: Instant, message: MessageHandle | None = None
) -> Task:
    """Move the end of the lease; the event replaces the one of an earlier renewal of the same lease."""
    lease = _held_by(task, holder, token)
    event = Event(id=f"renew.{token}", at=now, event="renewed", by=holder.name, by_id=holder.id)
    earlier = tuple(renewal for renewal in task.history if renewal.id != event.id)
    return msgspec.structs.replace(
        task,
        lease=msgspec.structs.replace(lease, until=until, message=message),
        due_at=times.later(until, SWEEP_HELD_AFTER),
        history=(*earlier, event),
    )


def is_renewed(task: Task, token: int, until: Instant) -> bool:
    """Tell whether the lease of this token already ends at this instant."""
    return task.lease is not None and (task.lease.token, task.lease.until) == (token, until)


def release(task: Task, holder: Staff, token: int, *, note: str | None, now: Instant) -> Task:
    """Give the task back, with a word for whoever takes it next."""
    _held_by(task, holder, token)
    released = Event(id=release_operation(token), at=now, event="released", by=holder.name, by_id=holder.id, note=note)
    return _given_back(task, released)


def revoke(task: Task, supervisor: Staff, token: int, *, note: str | None, now: Instant) -> Task:
    """Take the task from its holder in a supervisor's name."""
    _must_be_open(task)
    if task.lease is None or task.lease.token != token:
        raise StaleToken(task.lease.holder_name if task.lease else None)
    revoked = Event(
        id=revoke_operation(token), at=now, event="revoked", by=supervisor.name, by_id=supervisor.id, note=note
    )
    return _given_back(task, revoked)


def complete(task: Task, holder: Staff, token: int, *, outcome: str, note: str | None, now: Instant) -> Task:
    """Finish the task with an outcome."""
    _held_by(task, holder, token)
    event = Event(id=complete_operation(token), at=now, event="completed", by=holder.name, by_id=holder.id, note=note)
    return _changed(task, event, status="completed", outcome=outcome, due_at=None)


def finish(task: Task, operation: str, *, by: str | None, by_id: str | None, now: Instant) -> Task:
    """Finish the task by what was done elsewhere, at the counter: whoever holds it finds it closed."""
    event = Event(id=operation, at=now, event="completed", by=by, by_id=by_id)
    return _changed(task, event, status="completed", outcome="done", due_at=None)


def cancel(task: Task, operation: str, now: Instant) -> Task:
    """Cancel an open task because its request was withdrawn; its last holder's token stays known."""
    return _changed(task, Event(id=operation, at=now, event="cancelled"), status="cancelled", due_at=None)


def claim_operation(claim_id: str) -> str:
    """Return the id under which a claim stands in a task's history."""
    return f"claim.{claim_id}"


def release_operation(token: int) -> str:
    """Return the id under which a release stands in a task's history."""
    return f"release.{token}"


def revoke_operation(token: int) -> str:
    """Return the id under which a revocation stands in a task's history."""
    return f"revoke.{token}"


def complete_operation(token: int) -> str:
    """Return the id under which a completion stands in a task's history."""
    return f"complete.{token}"


def _must_be_open(task: Task) -> None:
    if task.status == "cancelled":
        raise RequestWithdrawn()
    if task.status != "open":
        raise TaskClosed()


def _held_by(task: Task, holder: Staff, token: int) -> Lease:
    """Test the token, not the time: a late holder may still act while nobody has taken over."""
    lease = task.lease
    if lease is None or lease.token != token or lease.holder != holder.id:
        raise StaleToken(lease.holder_name if lease else None)
    _must_be_open(task)
    return lease


def _given_back(task: Task, event: Event) -> Task:
    return _changed(task, event, lease=None, due_at=times.later(event.at, SWEEP_OPEN_AFTER))


def _changed(task: Task, event: Event, **changes: object) -> Task:
    return msgspec.structs.replace(task, history=(*task.history, event), **changes)
