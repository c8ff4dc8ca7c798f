"""What the services need from the outside, as protocols; `stores/` has one class for each.

Every call raises StoreUnavailable where the store does not answer in time. The outcome of a write is then not known.
Every read of one document raises DocumentDamaged where it cannot be read.
Every write raises DocumentFull where a document would grow over what the store takes; nothing is written then.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from services.case.request import Case, Changes, Request
from services.case.task import Priority, Task, TaskStatus
from services.names import Name
from services.times import Instant


class Due(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Describe a request or task whose `dueAt` has passed; a request has no team."""

    id: str
    reference: str
    due_at: Instant
    sweeps: int = 0
    team: Name | None = None
    priority: Priority = "normal"
    lease_until: Instant | None = None
    traceparent: str | None = None


class SetAside(Protocol):
    """Take note of documents that cannot be read."""

    async def note(self, container: str, damaged: Mapping[str, str]) -> None:
        """Record each once by its id, with the reason, for operators; never raises."""


class RequestStore(Protocol):
    """Keep requests and their tasks; one logical partition each.

    Lists leave out what cannot be read, after taking note of it.
    """

    async def create(self, request: Request) -> None:
        """Store a new request; raises WriteConflict where its reference is taken."""

    async def read(self, reference: str) -> Request | None:
        """Read a request alone; raises DocumentDamaged, DocumentNewer."""

    async def load(self, reference: str) -> Case | None:
        """Read a request with all its tasks; raises DocumentDamaged and DocumentNewer for the request."""

    async def save(self, case: Case, changes: Changes) -> Case:
        """Write all changes or none, each only over the state that was read.

        Raises WriteConflict otherwise, and DocumentNewer.
        """

    async def due(self, now: Instant, limit: int) -> list[Due]:
        """List what is due, the oldest first; what cannot be read is due again an hour later."""

    async def postpone(self, due: Due, until: Instant) -> bool:
        """Move `dueAt` where it still has the listed value and count the sweep; False where another moved it."""

    async def tasks_of_team(self, team: str, status: TaskStatus, limit: int) -> list[Task]:
        """List a team's tasks of a status, the earliest deadline first."""

    async def claimable_tasks(self, team: str, now: Instant, limit: int) -> list[Task]:
        """List a team's open tasks that nobody holds, the urgent ones first."""


class Message(msgspec.Struct, frozen=True):
    """Hold one delivery of a queue message."""

    queue: str
    id: str
    receipt: str
    body: str
    deliveries: int


class QueueNumbers(msgspec.Struct, frozen=True, rename="camel"):
    """Count a queue's messages (hidden ones included) and tell when its oldest visible one came."""

    queue: str
    depth: int
    oldest_inserted_at: Instant | None


class Queues(Protocol):
    """Send and receive queue messages."""

    async def send(self, queue: str, body: dict[str, Any], *, delay: float = 0) -> None:
        """Send a message that stays until it is taken; visible after the delay (seconds)."""

    async def send_text(self, queue: str, body: str, *, delay: float = 0) -> None:
        """Send a message as it is, JSON or not; otherwise as `send`."""

    async def receive(self, queue: str, limit: int, *, hidden_for: float) -> list[Message]:
        """Take up to `limit` messages and hide them for so many seconds; a missing queue is empty."""

    async def peek(self, queue: str, limit: int) -> list[str]:
        """Read the bodies of up to `limit` visible messages and leave them as they are; a missing queue is empty."""

    async def hide(self, message: Message, seconds: float) -> Message | None:
        """Hide a taken message for so many seconds from now; None where this delivery is no longer ours."""

    async def delete(self, message: Message) -> None:
        """Delete a taken message; it is no error where this delivery is no longer ours."""

    async def ensure(self, queues: Sequence[str]) -> None:
        """Create what is missing of these queues."""

    async def numbers(self, queue: str) -> QueueNumbers | None:
        """Measure a queue; None where it does not exist."""

    async def names(self) -> list[str]:
        """List all queues."""


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Record who saw or changed what and why, ids only.

    `operation` is the id that stands in the history for it, `listed` how many requests a roster told the references of.
    """

    id: str
    subject: str
    at: Instant
    who: str
    action: str
    task: str | None = None
    reason: str | None = None
    operation: str | None = None
    listed: int | None = None


class AuditLog(Protocol):
    """Append audit records."""

    async def append(self, record: AuditRecord) -> None:
        """Append a record; one that is there already is no error; raises StoreUnavailable where none is then."""
