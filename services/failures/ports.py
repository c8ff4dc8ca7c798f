"""Where failures are kept, as a protocol; services/case/ports.py says what every port raises."""

from collections.abc import Sequence
from typing import Protocol

from services.failures.model import Failure, FailureSummary, Selection


class FailureStore(Protocol):
    """Keep failures."""

    async def save(self, failure: Failure) -> None:
        """Store a new failure (without an ETag), or a changed one over the state read; raises WriteConflict."""

    async def read(self, queue: str, id_: str) -> Failure | None:
        """Read a failure."""

    async def find(self, ids: Sequence[str]) -> Sequence[FailureSummary]:
        """Find failures of any queue by their ids, those that are there."""

    async def list(self, selection: Selection, limit: int) -> Sequence[FailureSummary]:
        """List failures, the latest first."""

    async def count(self, selection: Selection) -> int:
        """Count failures."""
