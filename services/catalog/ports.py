"""Where the catalog keeps definitions, as protocols; services/case/ports.py says what holds for all of them."""

from typing import Protocol

from services.catalog.model import Current, Edition


class EditionSource(Protocol):
    """Read published service definitions."""

    async def current(self) -> tuple[Current, ...]:
        """Read the current edition of every service."""

    async def edition(self, service: str, version: int) -> Edition | None:
        """Read one edition."""


class EditionStore(EditionSource, Protocol):
    """Keep published service definitions."""

    async def publish(self, current: Current) -> None:
        """Store the edition and make it current; raises WriteConflict where another was published meanwhile."""
