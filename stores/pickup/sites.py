"""Pickup sites, slots and stock in Cosmos DB, and the quotas of households."""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from services.errors import WriteConflict
from services.pickup.entitlement.quotas import Quota
from services.pickup.sharing.split_rules import Decision, decision_id
from services.pickup.slots.turns import Opening, Turn
from services.pickup.stock.sites import Move, Site, Slot, Stock, WholeSite
from services.times import Instant
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos, plain, read_item

SITES = ContainerSpec("sites", "/siteId", ("/type/?", "/starts/?", "/dueAt/?", "/at/?"))
QUOTAS = ContainerSpec("quotas", "/id", ())
OPERATIONS_IN_A_PATCH = 10
_OPENING = (
    "SELECT c.id, c.siteId, c.starts, c.ends, c.method, c.fill, c.isOpen, c.places, c.freePlaces, c.allotted, c.free,"
    " c.hasLine, ARRAY_LENGTH(ObjectToArray(c.entries)) AS entryCount, c._etag"
)


class CosmosSites:
    """Keep sites, slots, stock and its moves in the container `sites`."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def openings(self, now: Instant) -> list[Opening]:
        """List the slots that have not begun, the earliest first."""
        sql = f"{_OPENING} FROM c WHERE c.type = 'slot' AND c.starts > @now ORDER BY c.starts"
        return msgspec.convert(await self._cosmos.find(SITES, sql, now=now), list[Opening])

    async def due_slots(self, now: Instant, limit: int) -> list[Opening]:
        """List the slots to look after, the most overdue first."""
        sql = f"{_OPENING} FROM c WHERE c.type = 'slot' AND c.dueAt <= @now ORDER BY c.dueAt OFFSET 0 LIMIT @limit"
        return msgspec.convert(await self._cosmos.find(SITES, sql, now=now, limit=limit), list[Opening])

    async def site(self, site: str) -> Site | None:
        """Read what is said of a site."""
        item = await read_item(self._cosmos, SITES, "site", site)
        return msgspec.convert(item, Site) if item else None

    async def whole_site(self, site: str) -> WholeSite | None:
        """Read a site with its stock and its slots."""
        items = await self._cosmos.find(SITES, "SELECT * FROM c WHERE c.type IN ('site', 'stock', 'slot')", site)
        documents = msgspec.convert(items, list[Site | Stock | Slot])
        found = next((document for document in documents if isinstance(document, Site)), None)
        stock = next((document for document in documents if isinstance(document, Stock)), None)
        slots = sorted((d for d in documents if isinstance(d, Slot)), key=lambda slot: (slot.starts, slot.id))
        return WholeSite(found, stock, {slot.id: slot for slot in slots}) if found and stock else None

    async def sites(self) -> list[Site]:
        """List all sites."""
        items = await self._cosmos.find(SITES, "SELECT * FROM c WHERE c.type = 'site'")
        return sorted(msgspec.convert(items, list[Site]), key=lambda site: site.site_id)

    async def moves(self, site: str) -> list[Move]:
        """List the moves of a site's stock, the earliest first."""
        items = await self._cosmos.find(SITES, "SELECT * FROM c WHERE c.type = 'move' ORDER BY c.at", site)
        return msgspec.convert(items, list[Move])

    async def move(self, site: str, id_: str) -> Move | None:
        """Read one move of stock."""
        item = await read_item(self._cosmos, SITES, id_, site)
        return msgspec.convert(item, Move) if item else None

    async def decision(self, site: str, slot: str) -> Decision | None:
        """Read how the stock of a slot was split."""
        item = await read_item(self._cosmos, SITES, decision_id(slot), site)
        return msgspec.convert(item, Decision) if item else None

    async def slot(self, site: str, slot: str) -> Slot | None:
        """Read a slot with its entries."""
        item = await read_item(self._cosmos, SITES, slot, site)
        return msgspec.convert(item, Slot) if item else None

    async def turn(self, site: str, slot: str, turn: Turn, move: Move | None = None) -> bool:
        """Make a turn, and with it a move of stock, in one write; False where the slot's state does not admit it."""
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
        return True

    async def mark_line(self, site: str, slot: str) -> None:
        """Keep what comes back to a slot for those who wait."""
        await self._set_line(site, slot, True, filter_predicate="FROM c WHERE c.hasLine = false")

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

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def read(self, id_: str) -> Quota | None:
        """Read a quota."""
        item = await read_item(self._cosmos, QUOTAS, id_, id_)
        return msgspec.convert(item, Quota) if item else None

    async def save(self, quota: Quota) -> None:
        """Write a quota over the state that was read; raises WriteConflict otherwise."""
        await self._cosmos.batch(QUOTAS, [_written(quota)], quota.id)


def _operations(turn: Turn) -> list[dict[str, Any]]:
    """Write the entry, then count it out of what is free: at most ten operations."""
    entry = {"op": "set", "path": f"/entries/{turn.key}", "value": msgspec.to_builtins(turn.entry)}
    ended = [{"op": "set", "path": f"/entries/{turn.ends}", "value": {"state": "ended"}}] if turn.ends else []
    places = [{"op": "incr", "path": "/freePlaces", "value": -turn.places}] if turn.places else []
    units = [{"op": "incr", "path": f"/free/{item}", "value": -units} for item, units in turn.takes.items() if units]
    return [entry, *ended, *places, *units]


def _condition(turn: Turn) -> str:
    entry = f'c.entries["{turn.key}"]'
    terms = [f"{entry}.state = '{turn.before}'" if turn.before else f"NOT IS_DEFINED({entry})"]
    if turn.places > 0:
        terms += ["c.isOpen = true", f"c.freePlaces >= {turn.places}"]
    terms += [f'c.free["{item}"] >= {units}' for item, units in turn.takes.items() if units > 0]
    if turn.ends:
        terms.append(f"c.entries[\"{turn.ends}\"].state = '{turn.entry.state}'")
    if turn.is_newcomer:
        terms.append("c.hasLine = false")
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
    yield ("create", (plain(move),))


def _written(document: Site | Slot | Stock | Move | Decision | Quota) -> tuple[Any, ...]:
    etag = "" if isinstance(document, Move | Decision) else document.etag
    if not etag:
        return ("create", (plain(document),))
    return ("replace", (document.id, plain(document)), {"if_match_etag": etag})
