"""Claims in Cosmos DB, each a logical partition of its own."""

import msgspec

from services.tasks.claims import Claim
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos, plain, read_item

CLAIMS = ContainerSpec("claims", "/claimId", (), expires=True)


class CosmosClaims:
    """Keep claims in the container `claims`, where each expires by its own `ttl`."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def create(self, claim: Claim) -> None:
        """Store a claim."""
        body = plain(claim) | {"id": claim.claim_id}
        await self._cosmos.ask(CLAIMS, lambda c: c.create_item(body, no_response=True))

    async def read(self, claim_id: str) -> Claim | None:
        """Read a claim."""
        item = await read_item(self._cosmos, CLAIMS, claim_id, claim_id)
        return msgspec.convert(item, Claim) if item else None
