"""What the services need from the outside, as protocols; `stores/` has one class for each.

Every call raises StoreUnavailable where the store does not answer in time. The outcome of a write is then not known.
Every write raises DocumentFull where a document would grow over what the store takes; nothing is written then.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from services.advance.model import Due
from services.catalog.model import Current, Edition
from services.failures.model import Failure, FailureSummary, Selection
from services.pickup.alike import Alike
from services.pickup.places import Opening, Turn, Waiting
from services.pickup.quotas import Quota
from services.pickup.sites import Depot, Move, Site, Slot, Stock
from services.pickup.split import Decision
from services.reconciliation.model import OpenTasks
from services.requests.model import Case, Changes, Request
from services.tasks.model import Priority, Task, TaskStatus
from services.times import Instant


class RequestStore(Protocol):
    """Keep requests and their tasks; one logical partition each."""

    async def create(self, request: Request) -> None:
        """Store a new request; raises WriteConflict where its reference is taken."""

    async def read(self, reference: str) -> Request | None:
        """Read a request alone."""

    async def load(self, reference: str) -> Case | None:
        """Read a request with all its tasks."""

    async def save(self, case: Case, changes: Changes) -> Case:
        """Write all changes or none, each only over the state that was read; raises WriteConflict otherwise."""

    async def due(self, now: Instant, limit: int) -> list[Due]:
        """List what is due, the oldest first."""

    async def postpone(self, due: Due, until: Instant) -> bool:
        """Move `dueAt` where it still has the listed value and count the sweep; False where another moved it."""

    async def tasks_of_team(self, team: str, status: TaskStatus, limit: int) -> list[Task]:
        """List a team's tasks of a status, the earliest deadline first."""

    async def claimable_tasks(self, team: str, now: Instant, limit: int) -> list[Task]:
        """List a team's open tasks that nobody holds, the urgent ones first."""

    async def tasks_claimed_with(self, claim_id: str) -> list[Task]:
        """List the tasks whose lease was given to this claim."""


class Bookings(Protocol):
    """Find bookings among the requests."""

    async def sharing(self, blocks: Sequence[str], kinds: int, after: str, limit: int) -> list[Alike]:
        """List who shares at least so many kinds of evidence (`Booking.blocks`), by reference, after a reference."""

    async def folded_before(self, folding: int, after: str, limit: int) -> list[str]:
        """List the references whose booking is of an older folding, in their order, after a reference."""

    async def waiting(self, method: str, limit: int) -> list[Waiting]:
        """List the households that wait for a place or were called to one, in the order of their receipts."""


class SiteStore(Protocol):
    """Keep pickup sites, their slots and their stock; one logical partition per site."""

    async def openings(self, now: Instant) -> list[Opening]:
        """List the slots that have not begun, the earliest first."""

    async def site(self, site: str) -> Depot | None:
        """Read a site with its stock and its slots."""

    async def sites(self) -> list[Site]:
        """List all sites."""

    async def slot(self, site: str, slot: str) -> Slot | None:
        """Read a slot with its entries."""

    async def turn(self, site: str, slot: str, turn: Turn, move: Move | None = None) -> bool:
        """Make a turn, and with it a move of stock, in one write; False where the slot's state does not admit it."""

    async def mark_line(self, site: str, slot: str) -> None:
        """Keep what comes back to a slot for those who wait."""

    async def clear_line(self, opening: Opening) -> None:
        """Let newcomers in again, unless the slot changed since it was listed."""

    async def save(self, site: str, documents: Sequence[Site | Slot | Stock | Move | Decision]) -> None:
        """Write all documents or none, each only over the state that was read; raises WriteConflict otherwise."""

    async def due_slots(self, now: Instant, limit: int) -> list[Opening]:
        """List the slots to look after, the most overdue first."""

    async def move(self, site: str, id_: str) -> Move | None:
        """Read one move of stock."""

    async def moves(self, site: str) -> list[Move]:
        """List the moves of a site's stock, the earliest first."""

    async def decision(self, site: str, slot: str) -> Decision | None:
        """Read how the stock of a slot was split."""


class QuotaStore(Protocol):
    """Keep the quotas of households."""

    async def read(self, id_: str) -> Quota | None:
        """Read a quota."""

    async def save(self, quota: Quota) -> None:
        """Write a quota over the state that was read; raises WriteConflict otherwise."""


class Backlog(Protocol):
    """Count and list what is still open, over all requests."""

    async def open_tasks(self, team: str, priority: Priority, now: Instant) -> OpenTasks:
        """Count the open tasks of a team and priority, those that nobody holds and those that somebody does."""

    async def free_tasks(self, team: str, priority: Priority, now: Instant, limit: int) -> list[Due]:
        """List the open tasks of a team and priority that nobody holds, the earliest `dueAt` first."""

    async def open_among(self, ids: Sequence[str]) -> set[str]:
        """Return those of these ids that are open tasks."""

    async def overdue_requests(self, before: Instant, limit: int) -> list[Due]:
        """List the requests whose `dueAt` lies before this instant, the oldest first."""

    async def count_overdue_requests(self, before: Instant) -> int:
        """Count the requests whose `dueAt` lies before this instant."""

    async def count_stalled_requests(self) -> int:
        """Count the accepted requests of which nothing is pending and no task is open."""


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


class EditionSource(Protocol):
    """Read published service definitions."""

    async def current(self) -> tuple[Current, ...]:
        """Read the current edition of every service."""

    async def edition(self, service: str, version: int) -> Edition | None:
        """Read one edition."""


class EditionStore(EditionSource, Protocol):
    """Keep published service definitions."""

    async def publish(self, current: Current) -> None:
        """Store the edition and make it current; raises WriteConflict where another was published meanwhile."""


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


class FailureStore(Protocol):
    """Keep failures."""

    async def save(self, failure: Failure) -> None:
        """Store a new failure (without an ETag), or a changed one over the state read; raises WriteConflict."""

    async def read(self, queue: str, id_: str) -> Failure | None:
        """Read a failure."""

    async def find(self, ids: Sequence[str]) -> Sequence[FailureSummary]:
        """Find failures of any queue by their ids, those that are there."""

    async def list(self, selection: Selection, limit: int) -> Sequence[FailureSummary]:
        """List failures, the latest first."""

    async def count(self, selection: Selection) -> int:
        """Count failures."""
