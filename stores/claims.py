"""Claims in Cosmos DB, each a logical partition of its own."""

import msgspec

from services.case.ports import SetAside
from services.tasks.claims import Claim
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos
from stores.documents import Documents, Item, plain

CLAIMS = ContainerSpec("claims", "/claimId", (), expires=True)


class CosmosClaims:
    """Keep claims in the container `claims`, where each expires by its own `ttl`."""

    def __init__(self, cosmos: Cosmos, set_aside: SetAside) -> None:
        self._cosmos = cosmos
        self._documents = Documents(cosmos, CLAIMS, set_aside)

    async def create(self, claim: Claim) -> None:
        """Store a claim."""
        body = plain(claim) | {"id": claim.claim_id}
        await self._cosmos.ask(CLAIMS, lambda c: c.create_item(body, no_response=True))

    async def read(self, claim_id: str) -> Claim | None:
        """Read a claim."""
        item = await self._cosmos.item(CLAIMS, claim_id, claim_id)
        return await self._documents.one(item, _claim_of) if item else None


def _claim_of(item: Item) -> Claim:
    return msgspec.convert(item, Claim)
