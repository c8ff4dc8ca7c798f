"""The catalog of services: what is current, what is still accepted, and publishing."""

import asyncio
import logging

from services import times
from services.case.ports import Queues
from services.case.task import queue_of
from services.catalog import publishing
from services.catalog.model import Current, Edition, Sections, next_edition
from services.catalog.ports import EditionSource, EditionStore
from services.catalog.routing import CompiledService
from services.errors import FieldError, InvalidSubmission, StoreUnavailable, UnknownService
from services.times import Clock, Instant

FRESH_FOR = 30.0
"""Seconds for which an instance trusts what it read last."""
AS_SHIPPED = 0
"""The version of a definition that stands in for the published one, unknown while no store answers."""

log = logging.getLogger("madoguchi.catalog")


class Catalog:
    """Read definitions from Cosmos DB, else from their copy in Blob storage, else as shipped; publish new ones."""

    def __init__(
        self,
        store: EditionStore,
        copy: EditionStore,
        shipped: EditionSource,
        queues: Queues,
        sections: Sections,
        clock: Clock,
    ) -> None:
        self._store = store
        self._copy = copy
        self._shipped = shipped
        self._queues = queues
        self._sections = sections
        self._clock = clock
        self._current: dict[str, Current] = {}
        self._read_at: Instant | None = None
        self._compiled: dict[tuple[str, int], CompiledService] = {}
        self._reading = asyncio.Lock()

    async def services(self) -> tuple[Current, ...]:
        """Return the current edition of every service, at most 30 seconds old while the store answers."""
        async with self._reading:
            if self._read_at is None or times.later(self._read_at, FRESH_FOR) <= self._clock():
                self._current = {current.service: current for current in await self._read()}
                self._read_at = self._clock()
        return tuple(self._current.values())

    async def service(self, id_: str) -> Current:
        """Return the current edition of a service; raises UnknownService, StoreUnavailable where that is not known."""
        await self.services()
        if id_ in self._current:
            return self._current[id_]
        if any(current.edition.version == AS_SHIPPED for current in self._current.values()):
            raise StoreUnavailable(f"{id_} is not shipped, and what is published cannot be read")
        raise UnknownService(id_)

    async def accepted(self, id_: str, version: int | None) -> CompiledService:
        """Return the edition that answers are taken for; raises UnknownService, or InvalidSubmission if outdated."""
        current = await self.service(id_)
        if version is None or current.edition.version in (version, AS_SHIPPED):
            return self._compile(current.edition)
        if not current.accepts(version, self._clock()):
            error = FieldError("/version", "outdated", {"current": current.edition.version})
            raise InvalidSubmission((error,), phone=current.edition.definition.phone)
        return await self.edition(id_, version)

    async def edition(self, id_: str, version: int) -> CompiledService:
        """Return any edition, current or not; raises UnknownService where it was never published."""
        if (id_, version) in self._compiled:
            return self._compiled[id_, version]
        current = await self.service(id_)
        if current.edition.version == version:
            return self._compile(current.edition)
        edition = await self._read_edition(id_, version)
        if edition is None:
            raise UnknownService(f"{id_} has no version {version}")
        return self._compile(edition)

    async def publish(self, raw: object) -> tuple[Current, bool]:
        """Publish a definition and tell whether it is new; the one that is current already stays the version it is.

        It is checked beside the loop, which goes on to answer other calls meanwhile. The queues of its teams are there
        before it becomes current. Raises DefinitionRefused, and WriteConflict where
        another was published at the same moment.
        """
        definition = await asyncio.to_thread(publishing.checked, raw, self._sections)
        known = {current.service: current for current in await self._store.current()}.get(definition.id)
        await self._queues.ensure([queue_of(team, p) for team in definition.teams for p in ("urgent", "normal")])
        is_new = known is None or known.edition.definition != definition
        current = next_edition(known, definition, self._clock()) if is_new or known is None else known
        if is_new:
            await self._store.publish(current)
        await self._copy.publish(current)
        self._read_at = None
        return current, is_new

    async def _read(self) -> tuple[Current, ...]:
        try:
            return await self._store.current()
        except StoreUnavailable:
            log.warning("the catalog does not answer; using %s", "what was read last" if self._current else "its copy")
        if self._current:
            return tuple(self._current.values())
        try:
            copied = await self._copy.current()
        except StoreUnavailable:
            log.warning("the copy of the catalog does not answer either; using what was shipped")
            copied = ()
        return copied or await self._shipped.current()

    async def _read_edition(self, id_: str, version: int) -> Edition | None:
        try:
            return await self._store.edition(id_, version)
        except StoreUnavailable:
            copied = await self._copy.edition(id_, version)
            if copied is None:
                raise
            return copied

    def _compile(self, edition: Edition) -> CompiledService:
        key = (edition.service, edition.version)
        if key not in self._compiled:
            self._compiled[key] = CompiledService.of(edition)
        return self._compiled[key]
