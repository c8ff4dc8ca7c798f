"""Our own ports in memory, with a switch for each way in which a store fails."""

import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from services import times
from services.case.ports import AuditRecord, Due, Message, QueueNumbers
from services.case.request import Case, Changes, Request
from services.case.task import Priority, Task, TaskStatus, is_claimable
from services.catalog.model import Current, Edition
from services.errors import DocumentFull, StoreUnavailable, WriteConflict
from services.failures.model import Failure, FailureSummary, Selection
from services.operations.reconciliation.model import OpenTasks
from services.pickup.entitlement.quotas import Quota
from services.pickup.households.alike import Alike
from services.pickup.households.households import kind_of
from services.pickup.part import booked, booking_of
from services.pickup.sharing.split import Decision, decision_id
from services.pickup.slots import places
from services.pickup.slots.places import Opening, Turn, Waiting
from services.pickup.stock.sites import Depot, Move, Site, Slot, Stock, after
from services.times import Instant


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


class FakeRequests(Switch):
    def __init__(self) -> None:
        super().__init__()
        self.cases: dict[str, Case] = {}
        self.lists_behind: list[Task] | None = None
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

    async def load(self, reference: str) -> Case | None:
        self.ask("load")
        return self.cases.get(reference)

    async def save(self, case: Case, changes: Changes) -> Case:
        self.ask("save")
        stored = self.cases[case.request.reference]
        self.fit(*(document.id for document in changes))
        for document in changes:
            known = stored.request if isinstance(document, Request) else stored.tasks.get(document.id)
            if (known.etag if known else "") != document.etag:
                raise WriteConflict("412")
        written = tuple(self._stored(document) for document in changes)
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

    async def sharing(self, blocks: Sequence[str], kinds: int, after: str, limit: int) -> list[Alike]:
        self.ask("sharing")
        shared = [(r, {kind_of(b) for b in booked(r).blocks if b in blocks}) for r in self._booked(after)]
        return [_alike(request) for request, found in shared if len(found) >= kinds][:limit]

    async def folded_before(self, folding: int, after: str, limit: int) -> list[str]:
        self.ask("folded_before")
        return [r.reference for r in self._booked(after) if booked(r).folding < folding][:limit]

    async def waiting(self, method: str, limit: int) -> list[Waiting]:
        self.ask("waiting")
        live = [case.request for case in self.cases.values() if case.request.status == "accepted"]
        found = [(booking, r.reference) for r in live if (booking := booking_of(r))]
        line = [pair for pair in found if pair[0].state in ("waiting", "called")]
        line = sorted((pair for pair in line if pair[0].method == method), key=lambda pair: (pair[0].since, pair[1]))
        return [
            Waiting(reference=reference, since=b.since, members=b.members, flagged=b.flagged, lines=b.lines)
            for b, reference in line[:limit]
        ]

    async def tasks_claimed_with(self, claim_id: str) -> list[Task]:
        self.ask("tasks_claimed_with")
        listed = self.tasks if self.lists_behind is None else self.lists_behind
        return [t for t in listed if t.lease and t.lease.claim_id == claim_id]

    def _booked(self, after: str) -> list[Request]:
        found = [case.request for case in self.cases.values() if booking_of(case.request)]
        return sorted((r for r in found if r.reference > after), key=lambda r: r.reference)

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

    async def current(self) -> tuple[Current, ...]:
        self.ask("current")
        return tuple(self._current.values())

    async def edition(self, service: str, version: int) -> Edition | None:
        self.ask("edition")
        return self._editions.get((service, version))

    async def publish(self, current: Current) -> None:
        self.ask("publish")
        edition = current.edition
        self._current[current.service] = msgspec.structs.replace(current, etag=f"e{edition.version}")
        self._editions[edition.service, edition.version] = edition


class FakeAudit(Switch):
    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, AuditRecord] = {}

    async def append(self, record: AuditRecord) -> None:
        self.ask("append")
        self.records.setdefault(record.id, record)


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


def _alike(request: Request) -> Alike:
    return Alike(
        reference=request.reference,
        service=request.service,
        version=request.version,
        status=request.status,
        answers=request.answers,
        phone=request.contact.phone,
        household=booked(request).household,
        formerly=booked(request).formerly,
    )


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


class FakeSites(Switch):
    """Keep sites, slots, stock and moves; a turn is decided by the rule that the store's condition states."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[tuple[str, str], Site | Stock | Slot | Move | Decision] = {}
        self.overtaken = 0
        self._etags = itertools.count(1)

    async def openings(self, now: Instant) -> list[Opening]:
        self.ask("openings")
        found = [_opening(slot) for slot in self._slots() if slot.starts > now]
        return sorted(found, key=lambda opening: opening.starts)

    async def due_slots(self, now: Instant, limit: int) -> list[Opening]:
        self.ask("due_slots")
        due = [slot for slot in self._slots() if slot.due_at and slot.due_at <= now]
        return [_opening(slot) for slot in sorted(due, key=lambda slot: slot.due_at or "")][:limit]

    async def site(self, site: str) -> Depot | None:
        self.ask("site")
        found, stock = self.documents.get((site, "site")), self.documents.get((site, "stock"))
        slots = {slot.id: slot for slot in self._slots() if slot.site_id == site}
        return Depot(found, stock, slots) if isinstance(found, Site) and isinstance(stock, Stock) else None

    async def sites(self) -> list[Site]:
        self.ask("sites")
        return [document for document in self.documents.values() if isinstance(document, Site)]

    async def moves(self, site: str) -> list[Move]:
        self.ask("moves")
        found = [d for (at, _), d in self.documents.items() if isinstance(d, Move) and at == site]
        return sorted(found, key=lambda move: move.at)

    async def move(self, site: str, id_: str) -> Move | None:
        self.ask("move")
        found = self.documents.get((site, id_))
        return found if isinstance(found, Move) else None

    async def slot(self, site: str, slot: str) -> Slot | None:
        self.ask("slot")
        found = self.documents.get((site, slot))
        return found if isinstance(found, Slot) else None

    async def turn(self, site: str, slot: str, turn: Turn, move: Move | None = None) -> bool:
        self.ask("turn")
        self.fit(slot)
        found = self.documents.get((site, slot))
        changed = places.after(found, turn) if isinstance(found, Slot) else None
        if self.overtaken:
            self.overtaken -= 1
            return False
        if changed is None or (move and (site, move.id) in self.documents):
            return False
        self._keep(site, changed)
        if move:
            stock = self.documents[site, "stock"]
            assert isinstance(stock, Stock)
            self._keep(site, after(stock, move))
            self.documents[site, move.id] = move
        if self.lose_replies:
            self.lose_replies -= 1
            return False
        return True

    async def mark_line(self, site: str, slot: str) -> None:
        self.ask("mark_line")
        self._set_line(site, slot, True)

    async def clear_line(self, opening: Opening) -> None:
        self.ask("clear_line")
        found = self.documents.get((opening.site_id, opening.id))
        if isinstance(found, Slot) and found.etag == opening.etag:
            self._set_line(opening.site_id, opening.id, False)

    async def decision(self, site: str, slot: str) -> Decision | None:
        self.ask("decision")
        found = self.documents.get((site, decision_id(slot)))
        return found if isinstance(found, Decision) else None

    async def decision_behind(self, site: str, slot: str) -> Decision | None:
        """Read as from a replica that has no decision yet."""
        self.ask("decision")
        return None

    async def save(self, site: str, documents: Sequence[Site | Slot | Stock | Move | Decision]) -> None:
        self.ask("save")
        self.fit(*(document.id for document in documents))
        for document in documents:
            known = self.documents.get((site, document.id))
            if (getattr(known, "etag", "") if known else "") != getattr(document, "etag", ""):
                raise WriteConflict("412")
            if isinstance(document, Move | Decision) and known:
                raise WriteConflict("409")
        for document in documents:
            self._keep(site, document)
        self.reply(WriteConflict("412 of the SDK's second try"))

    def _set_line(self, site: str, slot: str, has_line: bool) -> None:
        found = self.documents.get((site, slot))
        if isinstance(found, Slot) and found.has_line != has_line:
            self._keep(site, msgspec.structs.replace(found, has_line=has_line))

    def _keep(self, site: str, document: Site | Slot | Stock | Move | Decision) -> None:
        if not isinstance(document, Move | Decision):
            document = msgspec.structs.replace(document, etag=f"e{next(self._etags)}")
        self.documents[site, document.id] = document

    def _slots(self) -> list[Slot]:
        return [document for document in self.documents.values() if isinstance(document, Slot)]


class FakeQuotas(Switch):
    def __init__(self) -> None:
        super().__init__()
        self.quotas: dict[str, Quota] = {}
        self._etags = itertools.count(1)

    async def read(self, id_: str) -> Quota | None:
        self.ask("read")
        return self.quotas.get(id_)

    async def save(self, quota: Quota) -> None:
        self.ask("save")
        known = self.quotas.get(quota.id)
        if (known.etag if known else "") != quota.etag:
            raise WriteConflict("412")
        self.quotas[quota.id] = msgspec.structs.replace(quota, etag=f"e{next(self._etags)}")
        self.reply(WriteConflict("412 of the SDK's second try"))


def _opening(slot: Slot) -> Opening:
    names = set(Opening.__struct_fields__) - {"entry_count"}
    return Opening(**{name: getattr(slot, name) for name in names}, entry_count=len(slot.entries))
