"""The catalog of services: what is current, what is still accepted, and publishing."""

import asyncio
import logging
from collections.abc import Collection, Mapping

import msgspec

from services import times
from services.case.documents import must_not_be_newer
from services.case.ports import Queues, SetAside
from services.case.task import SUPERVISORS, Staff, queue_of
from services.catalog import publishing
from services.catalog.forms import FormError
from services.catalog.model import (
    Current,
    Damaged,
    Definition,
    Edition,
    Paused,
    Sections,
    next_edition,
    state_of,
)
from services.catalog.ports import EditionCopy, EditionSource, EditionStore
from services.catalog.routing import CompiledService
from services.catalog.rules import RuleError
from services.errors import (
    UNTIL_MENDED,
    EditionDamaged,
    FieldError,
    InvalidSubmission,
    ServiceClosed,
    ServicePaused,
    ServiceStopped,
    StoreUnavailable,
    UnknownService,
    WriteConflict,
)
from services.names import is_name
from services.texts import Text
from services.times import Clock, Instant

CONTAINER = "catalog"

FRESH_FOR = 30.0
"""Seconds for which an instance trusts what it read last."""
AS_SHIPPED = 0
"""The version of a definition that stands in for the published one, unknown while no store answers."""

log = logging.getLogger("madoguchi.catalog")


class Catalog:
    """Read definitions from Cosmos DB, else from their copy in Blob storage, else as shipped; publish new ones.

    Each is read by itself. Of one that cannot be read, the last good edition in memory stands in, else its copy, else
    the shipped one; a service without any is paused.
    """

    def __init__(
        self,
        store: EditionStore,
        copy: EditionCopy,
        shipped: EditionSource,
        queues: Queues,
        set_aside: SetAside,
        sections: Sections,
        clock: Clock,
    ) -> None:
        self._store = store
        self._copy = copy
        self._shipped = shipped
        self._queues = queues
        self._set_aside = set_aside
        self._sections = sections
        self._clock = clock
        self._current: dict[str, Current] = {}
        self._damaged: dict[str, Damaged] = {}
        self._is_as_shipped = False
        self._read_at: Instant | None = None
        self._compiled: dict[tuple[str, int], CompiledService] = {}
        self._reading = asyncio.Lock()

    async def services(self) -> tuple[Current, ...]:
        """Return the current edition of every service, at most 30 seconds old while the store answers."""
        async with self._reading:
            if self._read_at is None or times.later(self._read_at, FRESH_FOR) <= self._clock():
                await self._renew()
                self._read_at = self._clock()
        return tuple(self._current.values())

    async def teams(self) -> frozenset[str]:
        """Return the teams to which current editions send tasks, and that of the supervisors."""
        found = (team for current in await self.services() for team in current.edition.definition.teams)
        return frozenset((SUPERVISORS, *found))

    async def damaged(self) -> tuple[Damaged, ...]:
        """Return what cannot be read of current editions, whether another edition stands in or not."""
        await self.services()
        return tuple(self._damaged.values())

    async def paused(self) -> tuple[Damaged, ...]:
        """Return the services of which no edition can be read."""
        return tuple(d for d in await self.damaged() if d.service not in self._current and is_name(d.service))

    async def service(self, id_: str) -> Current:
        """Return the current edition of a service.

        Raises UnknownService, ServicePaused, and StoreUnavailable where none of that is known.
        """
        await self.services()
        if id_ in self._current:
            return self._current[id_]
        if id_ in self._damaged:
            raise ServicePaused(f"{CONTAINER}/{id_}", wait=UNTIL_MENDED)
        if self._is_as_shipped:
            raise StoreUnavailable(f"{id_} is not shipped, and what is published cannot be read")
        raise UnknownService(id_)

    async def must_be_open(self, id_: str) -> None:
        """Refuse what comes for a service while it takes nothing, by what is current, for every version.

        Raises ServiceStopped, ServiceClosed, and what `service` raises.
        """
        current = await self.service(id_)
        definition = current.edition.definition
        if current.paused:
            raise ServiceStopped(current.paused.reason, phone=definition.phone)
        if state_of(definition, self._clock()) == "closed":
            raise ServiceClosed(opens=definition.opens, closes=definition.closes, phone=definition.phone)

    async def accepted(self, id_: str, version: int | None) -> CompiledService:
        """Return the edition that answers are taken for.

        Raises UnknownService, ServicePaused, EditionDamaged, or InvalidSubmission if outdated.
        """
        current = await self.service(id_)
        if version is None or current.edition.version in (version, AS_SHIPPED):
            return self._compile(current.edition)
        if not current.accepts(version, self._clock()):
            error = FieldError("/version", "outdated", {"current": current.edition.version})
            raise InvalidSubmission((error,), phone=current.edition.definition.phone)
        return await self.edition(id_, version)

    async def edition(self, id_: str, version: int) -> CompiledService:
        """Return any edition, current or not; raises UnknownService where it was never published, EditionDamaged."""
        if (id_, version) in self._compiled:
            return self._compiled[id_, version]
        await self.services()
        current = self._current.get(id_)
        if current and current.edition.version == version:
            return self._compile(current.edition)
        edition = await self._read_edition(id_, version)
        if edition is None:
            raise UnknownService(f"{id_} has no version {version}")
        return edition

    async def publish(self, raw: object) -> tuple[Current, bool]:
        """Publish a definition and tell whether it is new; the one that is current already stays the version it is.

        It is checked beside the loop, which goes on to answer other calls meanwhile. The queues of its teams are there
        before it becomes current. Over what cannot be read, it is the next version after all that were stored. Raises
        DefinitionRefused, DocumentNewer, and WriteConflict where another was published at the same moment.
        """
        definition = await asyncio.to_thread(publishing.checked, raw, self._sections)
        known = await self._store.current_of(definition.id)
        if known:
            must_not_be_newer(f"{CONTAINER}/{definition.id}", known.schema_version)
        await self._queues.ensure(
            [queue_of(team, p) for team in (*definition.teams, SUPERVISORS) for p in ("urgent", "normal")]
        )
        if isinstance(known, Current) and known.edition.definition == definition:
            current, is_new = known, False
        else:
            current, is_new = await self._next(known, definition), True
            await self._publish(current)
        await self._copy.publish(current)
        self._read_at = None
        return current, is_new

    async def pause(self, id_: str, reason: Text, by: Staff) -> Current:
        """Let a service take nothing from now on, in other instances within 30 seconds; sent again, it changes nothing.

        Raises UnknownService, EditionDamaged, DocumentNewer, and WriteConflict where it was changed at the same moment.
        """
        known = await self._known(id_)
        if known.paused and known.paused.reason == reason:
            return known
        return await self._mark(known, Paused(reason=reason, at=self._clock(), by_id=by.id))

    async def resume(self, id_: str) -> Current:
        """Let a paused service go on; raises as `pause`."""
        known = await self._known(id_)
        return await self._mark(known, None) if known.paused else known

    async def _known(self, id_: str) -> Current:
        known = await self._store.current_of(id_)
        if known is None:
            raise UnknownService(id_)
        must_not_be_newer(f"{CONTAINER}/{id_}", known.schema_version)
        if isinstance(known, Damaged):
            raise EditionDamaged(f"{CONTAINER}/{known.document}: {known.reason}", wait=UNTIL_MENDED)
        return known

    async def _mark(self, known: Current, paused: Paused | None) -> Current:
        """Write the store, then its copy; a copy that cannot be written is mended when this is sent again."""
        marked = msgspec.structs.replace(known, paused=paused)
        await self._store.mark(marked)
        self._read_at = None
        await self._copy.mark(marked)
        return marked

    async def _publish(self, current: Current) -> None:
        """Store what is to be current; what is in its way may be itself, written by a call whose reply was lost."""
        try:
            await self._store.publish(current)
        except WriteConflict:
            known = await self._store.current_of(current.service)
            if not isinstance(known, Current) or known.edition != current.edition:
                raise

    async def _next(self, known: Current | Damaged | None, definition: Definition) -> Current:
        """Make the next edition; over a damaged one, the next after all that were stored, in its place."""
        now = self._clock()
        if not isinstance(known, Damaged):
            return next_edition(known, definition, now)
        newest = await self._store.newest(definition.id)
        made = next_edition(self._published(definition.id), definition, now, newest)
        return msgspec.structs.replace(made, etag=known.etag)

    async def _renew(self) -> None:
        """Read what is current, or its copy while the store does not answer; as shipped where neither ever did.

        What was read before is never forgotten for an older edition, nor for none: a read may be old.
        """
        known_damaged: dict[str, Damaged] = {}
        try:
            found, is_as_shipped = await self._store.current(), False
        except StoreUnavailable:
            log.warning("the catalog does not answer; using its copy and what was read last")
            known_damaged = self._damaged
            found = await self._copied()
            is_as_shipped = not found
            if is_as_shipped and (self._current or self._damaged):
                return
            found = found or await self._shipped.current()
        usable = [self._usable(one) for one in found]
        current = {one.service: one for one in usable if isinstance(one, Current)}
        damaged = {one.service: one for one in usable if isinstance(one, Damaged)}
        await self._note(*damaged.values())
        damaged |= {id_: one for id_, one in known_damaged.items() if id_ not in current}
        if damaged:
            current |= await self._stand_ins(damaged)
        self._current = dict(sorted((current | self._newer_than(current)).items()))
        self._damaged, self._is_as_shipped = damaged, is_as_shipped

    def _newer_than(self, current: Mapping[str, Current]) -> dict[str, Current]:
        """Return the published editions that were read before and that these are older than, or lack."""
        known = {id_: one for id_ in self._current if (one := self._published(id_))}
        return {
            id_: one
            for id_, one in known.items()
            if id_ not in current or current[id_].edition.version < one.edition.version
        }

    async def _copied(self) -> tuple[Current | Damaged, ...]:
        try:
            return await self._copy.current()
        except StoreUnavailable:
            log.warning("the copy of the catalog does not answer either; using what was shipped")
            return ()

    async def _stand_ins(self, services: Collection[str]) -> dict[str, Current]:
        """Return for each service its last good edition in memory, else its copy, else the shipped one."""
        found = {id_: known for id_ in services if (known := self._published(id_))}
        for read in (self._copied, self._shipped.current):
            missing = {id_ for id_ in services if id_ not in found}
            if missing:
                good = [self._usable(one) for one in await read() if one.service in missing]
                found |= {one.service: one for one in good if isinstance(one, Current)}
        return found

    def _published(self, id_: str) -> Current | None:
        """Return the published edition of a service that was read last."""
        known = self._current.get(id_)
        return known if known and known.edition.version != AS_SHIPPED else None

    def _usable(self, one: Current | Damaged) -> Current | Damaged:
        """Return what is current where its form and rules compile."""
        tried = self._tried(one.edition) if isinstance(one, Current) else None
        return msgspec.structs.replace(tried, document=one.service) if isinstance(tried, Damaged) else one

    async def _note(self, *damaged: Damaged) -> None:
        for one in damaged:
            log.warning("%s/%s cannot be read: %s", CONTAINER, one.document, one.reason)
            await self._set_aside.note(CONTAINER, {one.document: one.reason})

    async def _read_edition(self, id_: str, version: int) -> CompiledService | None:
        """Read an edition, or its copy where the store does not answer or what it keeps cannot be read."""
        try:
            found = self._tried(await self._store.edition(id_, version))
        except StoreUnavailable:
            found = self._tried(await self._copy.edition(id_, version))
            if found is None:
                raise
        else:
            if isinstance(found, Damaged):
                await self._note(found)
                found = self._tried(await self._copy.edition(id_, version)) or found
        if isinstance(found, Damaged):
            raise EditionDamaged(f"{CONTAINER}/{found.document}: {found.reason}", wait=UNTIL_MENDED)
        return found

    def _tried(self, edition: Edition | Damaged | None) -> CompiledService | Damaged | None:
        """Compile what was read, or say why it cannot be; an edition changes only where somebody mends it by hand."""
        if not isinstance(edition, Edition):
            return edition
        known = self._compiled.get((edition.service, edition.version))
        if known and known.edition != edition:
            del self._compiled[edition.service, edition.version]
        try:
            return self._compile(edition)
        except (FormError, RuleError) as error:
            return Damaged(
                service=edition.service,
                document=f"{edition.service}.{edition.version}",
                reason="its form is no JSON Schema" if isinstance(error, FormError) else "a rule does not compile",
                title=edition.definition.title,
            )

    def _compile(self, edition: Edition) -> CompiledService:
        key = (edition.service, edition.version)
        if key not in self._compiled:
            self._compiled[key] = CompiledService.of(edition)
        return self._compiled[key]
