"""Where claims are kept, as a protocol; services/case/ports.py says what holds for all of them."""

from typing import Protocol

from services.tasks.claims import Claim


class ClaimStore(Protocol):
    """Keep claims for a day."""

    async def create(self, claim: Claim) -> None:
        """Store a claim; raises WriteConflict where one stands under its id."""

    async def read(self, claim_id: str) -> Claim | None:
        """Read a claim."""
