"""The bookings of requests, found by household and by their place in the line."""

import itertools
from collections.abc import Callable, Sequence

import msgspec

from services.case.ports import SetAside
from services.pickup.booking.state import LASTS, STANDS_STILL
from services.pickup.households.alike import Alike
from services.pickup.households.households import kind_of
from services.pickup.slots.turns import HouseholdInLine
from stores.case import REQUESTS
from stores.cosmos import Cosmos, without_nulls
from stores.documents import Documents, Item

INDEXED = (
    "/booking/state/?",
    "/booking/method/?",
    "/booking/since/?",
    "/booking/blocks/[]/?",
    "/booking/folding/?",
)
_MOVES_ON = [state for state in LASTS if state not in STANDS_STILL]
STILL_LASTS = f"(IS_DEFINED(c.booking.state) AND c.booking.state IN ({', '.join(map(repr, _MOVES_ON))}))"
"""Holds for the requests whose booking lasts, with nothing pending and no task open."""
_FOLDED_BEFORE = (
    "SELECT c.id FROM c WHERE c.type = 'request' AND c.id > @after AND IS_DEFINED(c.booking.state)"
    " AND (NOT IS_DEFINED(c.booking.folding) OR c.booking.folding < @folding)"
    " ORDER BY c.id OFFSET 0 LIMIT @limit"
)
_ALIKE = (
    "SELECT c.id, c.reference, c.service, c.version, c.status, c.answers, c.contact.phone, c.booking.household,"
    " c.booking.formerly, c.schemaVersion FROM c"
)


class CosmosBookings:
    """Query the container `requests`."""

    def __init__(self, cosmos: Cosmos, set_aside: SetAside) -> None:
        self._cosmos = cosmos
        self._documents = Documents(cosmos, REQUESTS, set_aside)

    async def sharing(self, blocks: Sequence[str], kinds: int, after: str, limit: int) -> list[Alike]:
        """List who shares at least so many kinds of evidence, by reference, after a reference."""
        sql, named = _sharing(blocks, kinds)
        return await self._list(sql, _alike_of, limit, **named, after=after) if sql else []

    async def folded_before(self, folding: int, after: str, limit: int) -> list[str]:
        """List the references whose booking is of an older folding, in their order, after a reference."""
        parameters = {"folding": folding, "after": after, "limit": limit}
        found = await self._cosmos.find(REQUESTS, _FOLDED_BEFORE, **parameters)
        return [item["id"] for item in found]

    async def waiting(self, method: str, limit: int) -> list[HouseholdInLine]:
        """List the households that wait for a place or were called to one, in the order of their receipts."""
        sql = (
            "SELECT c.id, c.reference, c.booking.since, c.booking.members, c.booking.flagged, c.booking.lines,"
            " c.schemaVersion FROM c"
            " WHERE c.type = 'request' AND c.status = 'accepted'"
            " AND c.booking.state IN ('waiting', 'called') AND c.booking.method = @method"
            " ORDER BY c.booking.since OFFSET @passed LIMIT @limit"
        )
        return await self._list(sql, _household_of, limit, method=method)

    async def _list[T](self, sql: str, read: Callable[[Item], T], limit: int, **parameters: object) -> list[T]:
        async def query(passed: int) -> list[Item]:
            return await self._cosmos.find(REQUESTS, sql, passed=passed, limit=limit, **parameters)

        return await self._documents.some(query, read, limit)


def _alike_of(item: Item) -> Alike:
    return msgspec.convert(without_nulls(item), Alike)


def _household_of(item: Item) -> HouseholdInLine:
    return msgspec.convert(without_nulls(item), HouseholdInLine)


def _sharing(blocks: Sequence[str], kinds: int) -> tuple[str, dict[str, str]]:
    """Ask who shares at least so many kinds of blocks; nothing where the blocks themselves are of fewer kinds.

    Returns the query and its parameters, besides `after` and `limit`.
    """
    named = {f"b{n}": block for n, block in enumerate(blocks)}
    several = [
        chosen
        for chosen in itertools.combinations(named, kinds)
        if len({kind_of(named[name]) for name in chosen}) == kinds
    ]
    shared = " OR ".join(" AND ".join(f"ARRAY_CONTAINS(c.booking.blocks, @{n})" for n in chosen) for chosen in several)
    if not shared:
        return "", {}
    return (
        f"{_ALIKE} WHERE c.type = 'request' AND c.id > @after AND ({shared}) ORDER BY c.id OFFSET @passed LIMIT @limit",
        named,
    )
