"""Where the catalog keeps definitions, as protocols; services/case/ports.py says what holds for all of them."""

from typing import Protocol

from services.catalog.model import Current, Damaged, Edition


class EditionSource(Protocol):
    """Read published service definitions."""

    async def current(self) -> tuple[Current | Damaged, ...]:
        """Read the current edition of every service, each by itself."""

    async def edition(self, service: str, version: int) -> Edition | Damaged | None:
        """Read one edition."""


class EditionCopy(EditionSource, Protocol):
    """Keep what is published, for when the store does not answer or cannot be read."""

    async def publish(self, current: Current) -> None:
        """Store the edition and make it current; raises WriteConflict where another was published meanwhile."""

    async def mark(self, current: Current) -> None:
        """Store what is said of a service beside its edition; raises WriteConflict as `publish` does."""


class EditionStore(EditionCopy, Protocol):
    """Keep published service definitions."""

    async def current_of(self, service: str) -> Current | Damaged | None:
        """Read the current edition of one service."""

    async def newest(self, service: str) -> int:
        """Return the highest version of a service that was ever stored, 0 where there is none."""
