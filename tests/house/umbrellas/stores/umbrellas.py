"""Umbrellas in Cosmos DB."""

from typing import Any

from services.errors import WriteConflict
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos

UMBRELLAS = ContainerSpec("umbrellas", "/kind", ("/holder/?",))
_KIND = "umbrella"


class CosmosUmbrellas:
    """Keep umbrellas in one partition of the container `umbrellas`."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def add(self, umbrella: str) -> None:
        """Add an umbrella; one that is there already stays as it is."""
        try:
            await self._cosmos.batch(UMBRELLAS, [("create", (_body(umbrella, ""),))], _KIND)
        except WriteConflict:
            return

    async def free(self) -> list[str]:
        """List the umbrellas that nobody has."""
        return [str(item["id"]) for item in await self._of("")]

    async def lend(self, reference: str) -> str | None:
        """Give a request an umbrella, the same again; None where none is free."""
        if has := await self._of(reference):
            return str(has[0]["id"])
        for item in await self._of(""):
            over = {"if_match_etag": item["_etag"]}
            await self._cosmos.batch(UMBRELLAS, [("replace", (item["id"], _body(item["id"], reference)), over)], _KIND)
            return str(item["id"])
        return None

    async def take_back(self, umbrella: str) -> None:
        """Let nobody have an umbrella."""
        await self._cosmos.batch(UMBRELLAS, [("replace", (umbrella, _body(umbrella, "")))], _KIND)

    async def _of(self, holder: str) -> list[dict[str, Any]]:
        sql = "SELECT * FROM c WHERE c.holder = @holder ORDER BY c.holder"
        return await self._cosmos.find(UMBRELLAS, sql, _KIND, holder=holder)


def _body(umbrella: str, holder: str) -> dict[str, str]:
    return {"id": umbrella, "kind": _KIND, "holder": holder}
