"""Published service definitions in Cosmos DB."""

import re
from typing import Any

from services.case.documents import SCHEMA_VERSION, version_of
from services.catalog.documents import body_of, body_of_current, current_in, edition_in
from services.catalog.model import Current, Damaged, Edition, Sections
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos

_NUMBER = re.compile("[0-9]{1,9}")

CATALOG = ContainerSpec("catalog", "/kind", ("/current/?",))
CATALOG_WITHIN = 1.0
"""Seconds for reading the catalog, for which a copy stands ready."""


class CosmosEditions:
    """Keep published definitions in the container `catalog`: every edition, and which one is current."""

    _KIND = "service"

    def __init__(self, cosmos: Cosmos, sections: Sections) -> None:
        self._cosmos = cosmos
        self._sections = sections

    async def current(self) -> tuple[Current | Damaged, ...]:
        """Read the current edition of every service, each by itself."""
        sql = "SELECT * FROM c WHERE c.current = true ORDER BY c.id"
        items = await self._cosmos.find(CATALOG, sql, self._KIND, CATALOG_WITHIN)
        return tuple(current_in(item, str(item["id"]), self._sections) for item in items)

    async def current_of(self, service: str) -> Current | Damaged | None:
        """Read the current edition of one service."""
        item = await self._cosmos.item(CATALOG, service, self._KIND)
        if item is None:
            return None
        known = current_in(item, service, self._sections)
        is_found = item.get("current") is True
        return known if is_found or isinstance(known, Damaged) else _lost(service, item)

    async def edition(self, service: str, version: int) -> Edition | Damaged | None:
        """Read one edition."""
        item = await self._cosmos.item(CATALOG, f"{service}.{version}", self._KIND)
        return edition_in(item.get("edition"), service, version, self._sections) if item else None

    async def newest(self, service: str) -> int:
        """Return the highest version of a service that was ever stored, 0 where there is none."""
        sql = "SELECT VALUE c.id FROM c"
        ids: list[str] = await self._cosmos.find(CATALOG, sql, self._KIND)
        parts = (id_.rpartition(".") for id_ in ids)
        return max((int(n) for of, _, n in parts if of == service and _NUMBER.fullmatch(n)), default=0)

    async def publish(self, current: Current) -> None:
        """Store the edition and make it current, in one batch."""
        edition = current.edition
        kept = {
            "id": f"{edition.service}.{edition.version}",
            "kind": self._KIND,
            "current": False,
            "schemaVersion": SCHEMA_VERSION,
            "edition": body_of(edition),
        }
        point: tuple[Any, ...] = ("create", (self._pointer(current),))
        if current.etag:
            point = self._replacing(current)
        await self._cosmos.batch(CATALOG, [("create", (kept,)), point], self._KIND)

    async def mark(self, current: Current) -> None:
        """Store what is said of a service beside its edition."""
        await self._cosmos.batch(CATALOG, [self._replacing(current)], self._KIND)

    def _replacing(self, current: Current) -> tuple[Any, ...]:
        return ("replace", (current.service, self._pointer(current)), {"if_match_etag": current.etag})

    def _pointer(self, current: Current) -> dict[str, Any]:
        return body_of_current(current) | {"id": current.service, "kind": self._KIND, "current": True}


def _lost(service: str, item: dict[str, Any]) -> Damaged:
    """Stand for a pointer that no list finds any more."""
    reason = "unknown field, or value out of range at $.current"
    return Damaged(
        service=service, document=service, reason=reason, schema_version=version_of(item), etag=str(item["_etag"])
    )
