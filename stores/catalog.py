"""Published service definitions in Cosmos DB."""

from typing import Any

from services.catalog.documents import body_of, body_of_current, current_of, edition_of
from services.catalog.model import Current, Edition, Sections
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos, all_items, read_item

CATALOG = ContainerSpec("catalog", "/kind", ("/current/?",))
CATALOG_WITHIN = 1.0
"""Seconds for reading the catalog, for which a copy stands ready."""


class CosmosEditions:
    """Keep published definitions in the container `catalog`: every edition, and which one is current."""

    _KIND = "service"

    def __init__(self, cosmos: Cosmos, sections: Sections) -> None:
        self._cosmos = cosmos
        self._sections = sections

    async def current(self) -> tuple[Current, ...]:
        """Read the current edition of every service."""
        sql = "SELECT * FROM c WHERE c.current = true ORDER BY c.id"
        items = await self._cosmos.ask(CATALOG, lambda c: all_items(c, sql, partition_key=self._KIND), CATALOG_WITHIN)
        return tuple(current_of(item, self._sections) for item in items)

    async def edition(self, service: str, version: int) -> Edition | None:
        """Read one edition."""
        item = await read_item(self._cosmos, CATALOG, f"{service}.{version}", self._KIND)
        return edition_of(item["edition"], self._sections) if item else None

    async def publish(self, current: Current) -> None:
        """Store the edition and make it current, in one batch."""
        edition = current.edition
        pointer = body_of_current(current) | {"id": current.service, "kind": self._KIND, "current": True}
        kept = {
            "id": f"{edition.service}.{edition.version}",
            "kind": self._KIND,
            "current": False,
            "edition": body_of(edition),
        }
        point: tuple[Any, ...] = ("create", (pointer,))
        if current.etag:
            point = ("replace", (current.service, pointer), {"if_match_etag": current.etag})
        await self._cosmos.batch(CATALOG, [("create", (kept,)), point], self._KIND)
