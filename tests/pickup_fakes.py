"""The ports of pickup in memory, with a switch for each way in which a store fails."""

import itertools
from collections.abc import Mapping, Sequence

import msgspec

from services.case.request import Case, Request
from services.errors import WriteConflict
from services.pickup.entitlement.quotas import Quota
from services.pickup.households.alike import Alike
from services.pickup.households.households import kind_of
from services.pickup.part import booked, booking_of
from services.pickup.sharing.split_rules import Decision, decision_id
from services.pickup.slots import turns
from services.pickup.slots.turns import HouseholdInLine, Opening, Turn
from services.pickup.stock.sites import Move, Site, Slot, Stock, WholeSite, after
from services.times import Instant
from tests.fakes import FakeRequests, Switch


class FakeBookings:
    """Find the bookings of the fake requests, and fail where these do."""

    def __init__(self, requests: FakeRequests) -> None:
        self._requests = requests

    async def sharing(self, blocks: Sequence[str], kinds: int, after: str, limit: int) -> list[Alike]:
        self._requests.ask("sharing")
        shared = [(r, {kind_of(b) for b in booked(r).blocks if b in blocks}) for r in self._booked(after)]
        return [_alike(request) for request, found in shared if len(found) >= kinds][:limit]

    async def folded_before(self, folding: int, after: str, limit: int) -> list[str]:
        self._requests.ask("folded_before")
        return [r.reference for r in self._booked(after) if booked(r).folding < folding][:limit]

    async def waiting(self, method: str, limit: int) -> list[HouseholdInLine]:
        return self._line(self._requests.cases, method, limit)

    async def waiting_behind(self, method: str, limit: int) -> list[HouseholdInLine]:
        return self._line(self._requests.before, method, limit)

    def _line(self, cases: Mapping[str, Case], method: str, limit: int) -> list[HouseholdInLine]:
        self._requests.ask("waiting")
        live = [case.request for case in cases.values() if case.request.status == "accepted"]
        found = [(booking, r.reference) for r in live if (booking := booking_of(r))]
        line = [pair for pair in found if pair[0].state in ("waiting", "called")]
        line = sorted((pair for pair in line if pair[0].method == method), key=lambda pair: (pair[0].since, pair[1]))
        return [
            HouseholdInLine(reference=reference, since=b.since, members=b.members, flagged=b.flagged, lines=b.lines)
            for b, reference in line[:limit]
        ]

    def _booked(self, after: str) -> list[Request]:
        found = [case.request for case in self._requests.cases.values() if booking_of(case.request)]
        return sorted((r for r in found if r.reference > after), key=lambda r: r.reference)


type Kept = Site | Stock | Slot | Move | Decision


class FakeSites(Switch):
    """Keep sites, slots, stock and moves; a turn is decided by the rule that the store's condition states.

    `before` is each document as it was before its last write, for reads that lag (`..._behind`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[tuple[str, str], Kept] = {}
        self.before: dict[tuple[str, str], Kept] = {}
        self._partitions: dict[str, dict[str, Kept]] = {}
        self.overtaken = 0
        self._etags = itertools.count(1)

    async def openings(self, now: Instant) -> list[Opening]:
        self.ask("openings")
        found = [_opening(slot) for slot in self._slots() if slot.starts > now]
        return sorted(found, key=lambda opening: opening.starts)

    async def openings_behind(self, now: Instant) -> list[Opening]:
        self.ask("openings")
        found = [_opening(slot) for slot in self.before.values() if isinstance(slot, Slot) and slot.starts > now]
        return sorted(found, key=lambda opening: opening.starts)

    async def due_slots(self, now: Instant, limit: int) -> list[Opening]:
        self.ask("due_slots")
        due = [slot for slot in self._slots() if slot.due_at and slot.due_at <= now]
        return [_opening(slot) for slot in sorted(due, key=lambda slot: slot.due_at or "")][:limit]

    async def site(self, site: str) -> Site | None:
        self.ask("site")
        found = self.documents.get((site, "site"))
        return found if isinstance(found, Site) else None

    async def whole_site(self, site: str) -> WholeSite | None:
        self.ask("whole_site")
        found, stock = self.documents.get((site, "site")), self.documents.get((site, "stock"))
        slots = {slot.id: slot for slot in self._slots() if slot.site_id == site}
        return WholeSite(found, stock, slots) if isinstance(found, Site) and isinstance(stock, Stock) else None

    async def whole_site_behind(self, site: str) -> WholeSite | None:
        """Read the partition as a replica has it that lacks the last write there."""
        self.ask("whole_site")
        kept = self._partitions.get(site, {})
        found, stock = kept.get("site"), kept.get("stock")
        slots = {document.id: document for document in kept.values() if isinstance(document, Slot)}
        return WholeSite(found, stock, slots) if isinstance(found, Site) and isinstance(stock, Stock) else None

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

    async def move_behind(self, site: str, id_: str) -> Move | None:
        self.ask("move")
        return None

    async def slot(self, site: str, slot: str) -> Slot | None:
        self.ask("slot")
        found = self.documents.get((site, slot))
        return found if isinstance(found, Slot) else None

    async def slot_behind(self, site: str, slot: str) -> Slot | None:
        self.ask("slot")
        found = self.before.get((site, slot))
        return found if isinstance(found, Slot) else None

    async def turn(self, site: str, slot: str, turn: Turn, move: Move | None = None) -> bool:
        self.ask("turn")
        self.fit(slot)
        found = self.documents.get((site, slot))
        changed = turns.after(found, turn) if isinstance(found, Slot) else None
        if self.overtaken:
            self.overtaken -= 1
            return False
        if changed is None or (move and (site, move.id) in self.documents):
            return False
        self._remember(site)
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

    async def save(self, site: str, documents: Sequence[Kept]) -> None:
        self.ask("save")
        self.fit(*(document.id for document in documents))
        for document in documents:
            known = self.documents.get((site, document.id))
            if (getattr(known, "etag", "") if known else "") != getattr(document, "etag", ""):
                raise WriteConflict("412")
            if isinstance(document, Move | Decision) and known:
                raise WriteConflict("409")
        self._remember(site)
        for document in documents:
            self._keep(site, document)
        self.reply(WriteConflict("412 of the SDK's second try"))

    def _set_line(self, site: str, slot: str, has_line: bool) -> None:
        found = self.documents.get((site, slot))
        if isinstance(found, Slot) and found.has_line != has_line:
            self._remember(site)
            self._keep(site, msgspec.structs.replace(found, has_line=has_line))

    def _remember(self, site: str) -> None:
        """Keep what a partition holds before a write."""
        self._partitions[site] = {id_: document for (at, id_), document in self.documents.items() if at == site}

    def _keep(self, site: str, document: Kept) -> None:
        known = self.documents.get((site, document.id))
        if known:
            self.before[site, document.id] = known
        if not isinstance(document, Move | Decision):
            document = msgspec.structs.replace(document, etag=f"e{next(self._etags)}")
        self.documents[site, document.id] = document

    def _slots(self) -> list[Slot]:
        return [document for document in self.documents.values() if isinstance(document, Slot)]


class FakeQuotas(Switch):
    def __init__(self) -> None:
        super().__init__()
        self.quotas: dict[str, Quota] = {}
        self.before: dict[str, Quota] = {}
        self._etags = itertools.count(1)

    async def read(self, id_: str) -> Quota | None:
        self.ask("read")
        return self.quotas.get(id_)

    async def read_behind(self, id_: str) -> Quota | None:
        self.ask("read")
        return self.before.get(id_)

    async def save(self, quota: Quota) -> None:
        self.ask("save")
        known = self.quotas.get(quota.id)
        if (known.etag if known else "") != quota.etag:
            raise WriteConflict("412")
        if known:
            self.before[quota.id] = known
        self.quotas[quota.id] = msgspec.structs.replace(quota, etag=f"e{next(self._etags)}")
        self.reply(WriteConflict("412 of the SDK's second try"))


def _opening(slot: Slot) -> Opening:
    names = set(Opening.__struct_fields__) - {"entry_count"}
    return Opening(**{name: getattr(slot, name) for name in names}, entry_count=len(slot.entries))


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
