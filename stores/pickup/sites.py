"""Pickup sites, slots and stock in Cosmos DB, and the quotas of households."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from azure.core.exceptions import HttpResponseError

from services.case.documents import SCHEMA_VERSION, Stored
from services.case.ports import SetAside
from services.errors import WriteConflict
from services.pickup.entitlement.quotas import Quota
from services.pickup.sharing.split_rules import Decision, decision_id
from services.pickup.slots.turns import Opening, Turn
from services.pickup.stock.sites import Move, Site, Slot, Stock, WholeSite
from services.times import Instant
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos
from stores.documents import Documents, Item, created, own, plain, rewritten

SITES = ContainerSpec("sites", "/siteId", ("/type/?", "/starts/?", "/dueAt/?", "/at/?"))
QUOTAS = ContainerSpec("quotas", "/id", ())
OPERATIONS_IN_A_PATCH = 10
_NO_SUCH_PATH = 400
"""A patch of what is not there: of an entry among entries that are none, of a sum that is no number."""
_NOT_NEWER = f"c.schemaVersion <= {SCHEMA_VERSION}"
_OPENING = (
    "SELECT c.id, c.siteId, c.starts, c.ends, c.method, c.fill, c.isOpen, c.places, c.freePlaces, c.allotted, c.free,"
    " c.hasLine, ARRAY_LENGTH(ObjectToArray(c.entries)) AS entryCount, c.schemaVersion, c._etag"
)


class CosmosSites:
    """Keep sites, slots, stock and its moves in the container `sites`."""

    def __init__(self, cosmos: Cosmos, set_aside: SetAside) -> None:
        self._cosmos = cosmos
        self._documents = Documents(cosmos, SITES, set_aside)

    async def openings(self, now: Instant) -> list[Opening]:
        """List the slots that have not begun, the earliest first."""
        sql = f"{_OPENING} FROM c WHERE c.type = 'slot' AND c.starts > @now ORDER BY c.starts"
        return await self._documents.each(await self._cosmos.find(SITES, sql, now=now), _opening_of)

    async def due_slots(self, now: Instant, limit: int) -> list[Opening]:
        """List the slots to look after, the most overdue first; what cannot be read is due again an hour later."""
        sql = f"{_OPENING} FROM c WHERE c.type = 'slot' AND c.dueAt <= @now ORDER BY c.dueAt OFFSET 0 LIMIT @limit"
        return await self._documents.due(
            lambda: self._cosmos.find(SITES, sql, now=now, limit=limit), _opening_of, limit, now
        )

    async def put_off(self, opening: Opening, now: Instant) -> None:
        """Let a slot that cannot be used be due again an hour later, unless it changed since it was listed."""
        item = {"id": opening.id, "siteId": opening.site_id, "_etag": opening.etag}
        await self._documents.move_away(item, now)

    async def site(self, site: str) -> Site | None:
        """Read what is said of a site."""
        item = await self._cosmos.item(SITES, "site", site)
        return await self._documents.one(item, _site_of) if item else None

    async def whole_site(self, site: str) -> WholeSite | None:
        """Read a site with its stock and its slots."""
        items = await self._cosmos.find(SITES, "SELECT * FROM c WHERE c.type IN ('site', 'stock', 'slot')", site)
        of_type = {kind: [item for item in items if item["type"] == kind] for kind in ("site", "stock", "slot")}
        if not (of_type["site"] and of_type["stock"]):
            return None
        found = await self._documents.one(of_type["site"][0], _site_of)
        stock = await self._documents.one(of_type["stock"][0], _stock_of)
        slots = sorted(await self._documents.each(of_type["slot"], _slot_of), key=lambda slot: (slot.starts, slot.id))
        return WholeSite(found, stock, {slot.id: slot for slot in slots})

    async def sites(self) -> list[Site]:
        """List all sites."""
        items = await self._cosmos.find(SITES, "SELECT * FROM c WHERE c.type = 'site'")
        return sorted(await self._documents.each(items, _site_of), key=lambda site: site.site_id)

    async def moves(self, site: str) -> list[Move]:
        """List the moves of a site's stock, the earliest first."""
        items = await self._cosmos.find(SITES, "SELECT * FROM c WHERE c.type = 'move' ORDER BY c.at", site)
        return await self._documents.each(items, _move_of)

    async def move(self, site: str, id_: str) -> Move | None:
        """Read one move of stock."""
        item = await self._cosmos.item(SITES, id_, site)
        return await self._documents.one(item, _move_of) if item else None

    async def decision(self, site: str, slot: str) -> Decision | None:
        """Read how the stock of a slot was split."""
        item = await self._cosmos.item(SITES, decision_id(slot), site)
        return await self._documents.one(item, _decision_of) if item else None

    async def slot(self, site: str, slot: str) -> Slot | None:
        """Read a slot with its entries."""
        item = await self._cosmos.item(SITES, slot, site)
        return await self._documents.one(item, _slot_of) if item else None

    async def turn(self, site: str, slot: str, turn: Turn, move: Move | None = None) -> bool:
        """Make a turn, and with it a move of stock, in one write; False where the slot's state does not admit it.

        Raises DocumentDamaged where the slot or the stock cannot be changed.
        """
        operations, condition = _operations(turn), _condition(turn)
        try:
            if move is None:
                await self._cosmos.ask(
                    SITES,
                    lambda c: c.patch_item(slot, site, operations, filter_predicate=condition, no_response=True),
                )
            else:
                batch = [("patch", (slot, operations), {"filter_predicate": condition}), *_of_stock(move)]
                await self._cosmos.batch(SITES, batch, site)
        except WriteConflict:
            return False
        except HttpResponseError as error:
            if error.status_code != _NO_SUCH_PATH:
                raise
            raise await self._documents.refused({"id": slot, "siteId": site}) from error
        return True

    async def mark_line(self, site: str, slot: str) -> None:
        """Keep what comes back to a slot for those who wait."""
        await self._set_line(site, slot, True, filter_predicate=f"FROM c WHERE c.hasLine = false AND {_NOT_NEWER}")

    async def clear_line(self, opening: Opening) -> None:
        """Let newcomers in again, unless the slot changed since it was listed."""
        from azure.core import MatchConditions

        condition = MatchConditions.IfNotModified
        await self._set_line(opening.site_id, opening.id, False, etag=opening.etag, match_condition=condition)

    async def save(self, site: str, documents: Sequence[Site | Slot | Stock | Move | Decision]) -> None:
        """Write all documents or none, each only over the state that was read; raises WriteConflict otherwise."""
        await self._cosmos.batch(SITES, [_written(d) for d in documents], site)

    async def _set_line(self, site: str, slot: str, has_line: bool, **condition: Any) -> None:
        change = [{"op": "set", "path": "/hasLine", "value": has_line}]
        try:
            await self._cosmos.ask(SITES, lambda c: c.patch_item(slot, site, change, no_response=True, **condition))
        except WriteConflict:
            return


class CosmosQuotas:
    """Keep the quotas of households in the container `quotas`."""

    def __init__(self, cosmos: Cosmos, set_aside: SetAside) -> None:
        self._cosmos = cosmos
        self._documents = Documents(cosmos, QUOTAS, set_aside)

    async def read(self, id_: str) -> Quota | None:
        """Read a quota."""
        item = await self._cosmos.item(QUOTAS, id_, id_)
        return await self._documents.one(item, _quota_of) if item else None

    async def save(self, quota: Quota) -> None:
        """Write a quota over the state that was read; raises WriteConflict otherwise."""
        await self._cosmos.batch(QUOTAS, [_written(quota)], quota.id)


def _operations(turn: Turn) -> list[dict[str, Any]]:
    """Write the entry, then count it out of what is free: at most ten operations."""
    entry = {"op": "set", "path": f"/entries/{turn.key}", "value": turn.kept | msgspec.to_builtins(turn.entry)}
    ended = [{"op": "set", "path": f"/entries/{turn.ends}", "value": {"state": "ended"}}] if turn.ends else []
    places = [{"op": "incr", "path": "/freePlaces", "value": -turn.places}] if turn.places else []
    units = [{"op": "incr", "path": f"/free/{item}", "value": -units} for item, units in turn.takes.items() if units]
    return [entry, *ended, *places, *units]


def _condition(turn: Turn) -> str:
    entry = f'c.entries["{turn.key}"]'
    terms = [f"{entry}.state = '{turn.before}'" if turn.before else f"NOT IS_DEFINED({entry})"]
    if turn.until is not None:
        terms.append(f"{entry}.until = {turn.until}")
    if turn.places > 0:
        terms += ["c.isOpen = true", f"c.freePlaces >= {turn.places}"]
    terms += [f'c.free["{item}"] >= {units}' for item, units in turn.takes.items() if units > 0]
    if turn.ends:
        terms.append(f"c.entries[\"{turn.ends}\"].state = '{turn.entry.state}'")
    if turn.is_newcomer:
        terms.append("c.hasLine = false")
    terms.append(_NOT_NEWER)
    return "FROM c WHERE " + " AND ".join(terms)


def _of_stock(move: Move) -> Iterator[tuple[Any, ...]]:
    """Move stock together with a turn; the move's own id lets nothing count twice."""
    counts = [
        {"op": "incr", "path": f"/{sum_}/{item}", "value": units}
        for item, units in move.lines.items()
        for sum_ in ("onHand", "allotted")
        if units
    ]
    for operations in itertools.batched(counts, OPERATIONS_IN_A_PATCH, strict=False):
        yield ("patch", ("stock", list(operations)))
    yield ("create", (created(move),))


def _written(document: Site | Slot | Stock | Move | Decision | Quota) -> tuple[Any, ...]:
    if isinstance(document, Move | Decision):
        return ("create", (created(document),))
    body = rewritten(document, _reader(type(document)), plain)
    if not document.etag:
        return ("create", (body,))
    return ("replace", (document.id, body), {"if_match_etag": document.etag})


def _opening_of(item: Item) -> Opening:
    return msgspec.convert(item, Opening)


def _move_of(item: Item) -> Move:
    return msgspec.convert(item, Move)


def _decision_of(item: Item) -> Decision:
    return msgspec.convert(item, Decision)


def _reader[D: Stored](kind: type[D]) -> Callable[[Item], D]:
    """Return how documents of a kind are read that are written over."""
    return lambda item: msgspec.structs.replace(msgspec.convert(item, kind), stored=own(item))


_site_of, _slot_of, _stock_of, _quota_of = _reader(Site), _reader(Slot), _reader(Stock), _reader(Quota)
