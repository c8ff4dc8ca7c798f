"""Our own ports in memory, with a switch for each way in which a store fails."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from services import times
from services.case.ports import AuditRecord, Due, Message, QueueNumbers
from services.case.request import Case, Changes, Request
from services.case.task import Priority, Task, TaskStatus, is_claimable
from services.catalog.documents import current_in, edition_in
from services.catalog.model import Current, Damaged, Edition
from services.errors import DocumentFull, StoreUnavailable, WriteConflict
from services.failures.model import Failure, FailureSummary, Selection
from services.operations.reconciliation.model import OpenTasks
from services.tasks.claims import Claim
from services.times import Instant
from wiring import SECTIONS


class FakeClock:
    """Stand still until a test moves it."""

    def __init__(self, start: Instant = "2026-11-23T00:00:00.000000Z") -> None:
        self.now = start

    def __call__(self) -> Instant:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now = times.later(self.now, seconds)


class Switch:
    """Let a fake store fail: `away` for every call, `lose_replies` after a write was applied.

    `asks_to_wait` is there where the store is away because it throttles; `full` are the ids of documents that are as
    large as a store takes.
    """

    def __init__(self) -> None:
        self.away = False
        self.full: set[str] = set()
        self.asks_to_wait: float | None = None
        self.lose_replies = 0
        self.calls: list[str] = []

    def ask(self, call: str) -> None:
        self.calls.append(call)
        if self.away:
            raise StoreUnavailable("switched off", wait=self.asks_to_wait)

    def fit(self, *ids: str) -> None:
        if self.full.intersection(ids):
            raise DocumentFull("413")

    def reply(self, error: Exception | None = None) -> None:
        if self.lose_replies:
            self.lose_replies -= 1
            raise error or StoreUnavailable("reply lost")


class Noted:
    """Remember which documents could not be read."""

    def __init__(self) -> None:
        self.documents: list[str] = []

    async def note(self, container: str, damaged: Mapping[str, str]) -> None:
        self.documents += [f"{container}/{id_}: {reason}" for id_, reason in damaged.items()]


class FakeRequests(Switch):
    """Keep cases, and each as it was before the last write, for reads that lag (`..._behind`)."""

    def __init__(self) -> None:
        super().__init__()
        self.cases: dict[str, Case] = {}
        self.before: dict[str, Case] = {}
        self._etags = itertools.count(1)

    async def create(self, request: Request) -> None:
        self.ask("create")
        if request.reference in self.cases:
            raise WriteConflict("409")
        self.cases[request.reference] = Case(self._stored(request), {})
        self.reply(WriteConflict("409 of the SDK's second try"))

    async def read(self, reference: str) -> Request | None:
        self.ask("read")
        return self.cases[reference].request if reference in self.cases else None

    async def read_behind(self, reference: str) -> Request | None:
        self.ask("read")
        return self.before[reference].request if reference in self.before else None

    async def load(self, reference: str) -> Case | None:
        self.ask("load")
        return self.cases.get(reference)

    async def load_behind(self, reference: str) -> Case | None:
        self.ask("load")
        return self.before.get(reference)

    async def save(self, case: Case, changes: Changes) -> Case:
        self.ask("save")
        stored = self.cases[case.request.reference]
        self.fit(*(document.id for document in changes))
        for document in changes:
            known = stored.request if isinstance(document, Request) else stored.tasks.get(document.id)
            if (known.etag if known else "") != document.etag:
                raise WriteConflict("412")
        written = tuple(self._stored(document) for document in changes)
        self.before[case.request.reference] = stored
        self.cases[case.request.reference] = stored.with_documents(written)
        self.reply(WriteConflict("412 of the SDK's second try"))
        return case.with_documents(written)

    async def due(self, now: Instant, limit: int) -> list[Due]:
        self.ask("due")
        documents = [d for c in self.cases.values() for d in (c.request, *c.tasks.values())]
        due = [_due(d) for d in documents if d.due_at and d.due_at <= now]
        return sorted(due, key=lambda d: d.due_at)[:limit]

    async def postpone(self, due: Due, until: Instant) -> bool:
        self.ask("postpone")
        self.fit(due.id)
        case = self.cases[due.reference]
        document = case.tasks.get(due.id) or case.request
        if document.due_at != due.due_at:
            return False
        moved = msgspec.structs.replace(document, due_at=until, sweeps=due.sweeps + 1)
        self.cases[due.reference] = case.with_documents((self._stored(moved),))
        return True

    async def tasks_of_team(self, team: str, status: TaskStatus, limit: int) -> list[Task]:
        self.ask("tasks_of_team")
        found = [t for t in self.tasks if t.team == team and t.status == status]
        return sorted(found, key=lambda t: t.deadline)[:limit]

    async def claimable_tasks(self, team: str, now: Instant, limit: int) -> list[Task]:
        self.ask("claimable_tasks")
        found = [t for t in self.tasks if t.team == team and is_claimable(t, now)]
        return sorted(found, key=lambda t: t.priority, reverse=True)[:limit]

    @property
    def tasks(self) -> list[Task]:
        return [task for case in self.cases.values() for task in case.tasks.values()]

    def _stored[T: (Request, Task)](self, document: T) -> T:
        return msgspec.structs.replace(document, etag=f"e{next(self._etags)}")


class FakeBacklog:
    """Count and list what stands in the fake requests."""

    def __init__(self, requests: FakeRequests) -> None:
        self._requests = requests

    async def open_tasks(self, team: str, priority: Priority, now: Instant) -> OpenTasks:
        claimable = [is_claimable(t, now) for t in self._open() if (t.team, t.priority) == (team, priority)]
        return OpenTasks(free=sum(claimable), held=len(claimable) - sum(claimable))

    async def free_tasks(self, team: str, priority: Priority, now: Instant, limit: int) -> list[Due]:
        found = [t for t in self._open() if (t.team, t.priority) == (team, priority) and is_claimable(t, now)]
        return sorted((_due(t) for t in found), key=lambda d: d.due_at)[:limit]

    async def open_among(self, ids: Sequence[str]) -> set[str]:
        return {t.id for t in self._open()} & set(ids)

    async def overdue_requests(self, before: Instant, limit: int) -> list[Due]:
        return sorted((_due(r) for r in self._overdue(before)), key=lambda d: d.due_at)[:limit]

    async def count_overdue_requests(self, before: Instant) -> int:
        return len(self._overdue(before))

    async def count_stalled_requests(self) -> int:
        accepted = [r for r in self._all() if r.status == "accepted" and not r.due_at]
        accepted = [r for r in accepted if not any(part.lasts for part in r.parts.values())]
        return sum(all(t.status != "open" for t in r.tasks) for r in accepted)

    def _open(self) -> list[Task]:
        return [t for t in self._requests.tasks if t.status == "open"]

    def _overdue(self, before: Instant) -> list[Request]:
        return [r for r in self._all() if r.due_at and r.due_at < before]

    def _all(self) -> list[Request]:
        return [case.request for case in self._requests.cases.values()]


class FakeQueues(Switch):
    """Keep messages by queue; `clock` decides which are visible."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self._ids = itertools.count(1)
        self.messages: dict[str, list[dict[str, Any]]] = {}

    async def send(self, queue: str, body: dict[str, Any], *, delay: float = 0) -> None:
        self.ask(f"send {queue}")
        self.put(queue, msgspec.json.encode(body).decode(), delay)

    async def send_text(self, queue: str, body: str, *, delay: float = 0) -> None:
        self.ask(f"send {queue}")
        self.put(queue, body, delay)

    def put(self, queue: str, body: str, delay: float = 0) -> None:
        visible = times.later(self._clock(), delay)
        message = {"id": str(next(self._ids)), "receipt": "0", "body": body, "visible": visible, "deliveries": 0}
        self.messages.setdefault(queue, []).append(message | {"inserted": self._clock()})

    async def receive(self, queue: str, limit: int, *, hidden_for: float) -> list[Message]:
        self.ask(f"receive {queue}")
        visible = [m for m in self.messages.get(queue, []) if m["visible"] <= self._clock()][:limit]
        for message in visible:
            message["visible"] = times.later(self._clock(), hidden_for)
            message["receipt"] = str(next(self._ids))
            message["deliveries"] += 1
        return [Message(queue, m["id"], m["receipt"], m["body"], m["deliveries"]) for m in visible]

    async def peek(self, queue: str, limit: int) -> list[str]:
        self.ask(f"peek {queue}")
        return [m["body"] for m in self.messages.get(queue, []) if m["visible"] <= self._clock()][:limit]

    async def hide(self, message: Message, seconds: float) -> Message | None:
        self.ask(f"hide {message.queue}")
        found = self._delivery(message)
        if found is None:
            return None
        found["visible"] = times.later(self._clock(), seconds)
        found["receipt"] = str(next(self._ids))
        return msgspec.structs.replace(message, receipt=found["receipt"])

    async def delete(self, message: Message) -> None:
        self.ask(f"delete {message.queue}")
        found = self._delivery(message)
        if found is not None:
            self.messages[message.queue].remove(found)

    async def ensure(self, queues: Sequence[str]) -> None:
        self.ask("ensure")
        for queue in queues:
            self.messages.setdefault(queue, [])

    async def numbers(self, queue: str) -> QueueNumbers | None:
        self.ask(f"numbers {queue}")
        if queue not in self.messages:
            return None
        oldest = next((m["inserted"] for m in self.messages[queue] if m["visible"] <= self._clock()), None)
        return QueueNumbers(queue, len(self.messages[queue]), oldest)

    async def names(self) -> list[str]:
        return list(self.messages)

    def visible(self, queue: str) -> list[dict[str, Any]]:
        """Decode the bodies of the messages that a receiver would get now."""
        return [msgspec.json.decode(m["body"]) for m in self.messages.get(queue, []) if m["visible"] <= self._clock()]

    def _delivery(self, message: Message) -> dict[str, Any] | None:
        known = self.messages.get(message.queue, [])
        return next((m for m in known if (m["id"], m["receipt"]) == (message.id, message.receipt)), None)


class FakeEditions(Switch):
    def __init__(self, *current: Current) -> None:
        super().__init__()
        self._current = {c.service: c for c in current}
        self._editions = {(c.service, c.edition.version): c.edition for c in current}
        self.damaged: dict[str, Any] = {}
        """Documents as they are stored, by their ids, in place of those that can be read."""

    def add(self, document: str) -> None:
        """Hold a document of nothing that anybody knows."""
        self._current |= {document: None}
        self.damaged[document] = None

    def forget(self) -> None:
        """Hold nothing any more."""
        self._current, self._editions = {}, {}

    async def current(self) -> tuple[Current | Damaged, ...]:
        self.ask("current")
        return tuple([self._pointer(service) for service in self._current])

    async def current_of(self, service: str) -> Current | Damaged | None:
        self.ask("current_of")
        return self._pointer(service) if service in self._current else None

    async def newest(self, service: str) -> int:
        self.ask("newest")
        return max((version for of, version in self._editions if of == service), default=0)

    async def edition(self, service: str, version: int) -> Edition | Damaged | None:
        self.ask("edition")
        document = f"{service}.{version}"
        if document in self.damaged:
            return edition_in(self.damaged[document], service, version, SECTIONS)
        return self._editions.get((service, version))

    async def publish(self, current: Current) -> None:
        self.ask("publish")
        edition = current.edition
        self.damaged.pop(current.service, None)
        self._current[current.service] = msgspec.structs.replace(current, etag=f"e{edition.version}")
        self._editions[edition.service, edition.version] = edition
        self.reply(WriteConflict("409 of the SDK's second try"))

    async def mark(self, current: Current) -> None:
        self.ask("mark")
        self._current[current.service] = current

    def _pointer(self, service: str) -> Current | Damaged:
        if service in self.damaged:
            return current_in(self.damaged[service], service, SECTIONS)
        return self._current[service]


class FakeAudit(Switch):
    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, AuditRecord] = {}

    async def append(self, record: AuditRecord) -> None:
        self.ask("append")
        self.records.setdefault(record.id, record)


class FakeClaims(Switch):
    def __init__(self) -> None:
        super().__init__()
        self.claims: dict[str, Claim] = {}

    async def create(self, claim: Claim) -> None:
        self.ask("create")
        if claim.claim_id in self.claims:
            raise WriteConflict("409")
        self.claims[claim.claim_id] = claim
        self.reply(WriteConflict("409 of the SDK's second try"))

    async def read(self, claim_id: str) -> Claim | None:
        self.ask("read")
        return self.claims.get(claim_id)

    async def read_behind(self, claim_id: str) -> Claim | None:
        """Read as where the copy that is asked has not seen the claim yet."""
        return None


class FakeFailures(Switch):
    def __init__(self) -> None:
        super().__init__()
        self.failures: dict[str, Failure] = {}
        self._etags = itertools.count(1)

    async def save(self, failure: Failure) -> None:
        self.ask("save")
        known = self.failures.get(failure.id)
        if (known.etag if known else "") != failure.etag:
            raise WriteConflict("409 or 412")
        self.failures[failure.id] = msgspec.structs.replace(failure, etag=f"e{next(self._etags)}")
        self.reply(WriteConflict("409 or 412 of the SDK's second try"))

    async def read(self, queue: str, id_: str) -> Failure | None:
        self.ask("read")
        known = self.failures.get(id_)
        return known if known and known.queue == queue else None

    async def find(self, ids: Sequence[str]) -> Sequence[FailureSummary]:
        self.ask("find")
        return [self.failures[id_] for id_ in ids if id_ in self.failures]

    async def list(self, selection: Selection, limit: int) -> Sequence[FailureSummary]:
        self.ask("list")
        return sorted(self._selected(selection), key=lambda f: f.last_at, reverse=True)[:limit]

    async def count(self, selection: Selection) -> int:
        self.ask("count")
        return len(self._selected(selection))

    def _selected(self, wanted: Selection) -> Sequence[Failure]:
        return [
            f
            for f in self.failures.values()
            if f.status == wanted.status
            and wanted.queue in (None, f.queue)
            and (wanted.since or f.last_at) <= f.last_at < (wanted.until or "9999")
        ]


def _due(document: Request | Task) -> Due:
    is_task = isinstance(document, Task)
    return Due(
        id=document.id,
        reference=document.reference,
        due_at=document.due_at or "",
        sweeps=document.sweeps,
        team=document.team if is_task else None,
        priority=document.priority if is_task else "normal",
        lease_until=document.lease.until if is_task and document.lease else None,
        traceparent=document.traceparent,
    )
