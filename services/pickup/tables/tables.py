"""Tables of sites, stock and slots, to export and import: a table with a wrong line changes nothing."""

import asyncio

import msgspec

from services.case.task import Staff
from services.errors import UNUSABLE, InvalidSubmission
from services.pickup.stock.fields import SiteFields
from services.pickup.stock.keeping import Keeping
from services.pickup.stock.numbers import SiteNumbers, count
from services.pickup.stock.sites import Site
from services.pickup.tables import exports, imports
from services.texts import Text
from services.times import Clock


class Taken(msgspec.Struct, frozen=True):
    """Say how many entries a table made, or would make."""

    entries: int
    applied: bool


class Tables:
    """Write the tables of sites, stock and slots, and take up those that officers send.

    A table is read beside the loop, which goes on to answer other calls meanwhile.
    """

    def __init__(self, keeping: Keeping, clock: Clock) -> None:
        self._keeping = keeping
        self._clock = clock

    async def sites(self) -> bytes:
        """Write all sites."""
        return exports.of_sites(await self._keeping.sites())

    async def stock(self, site: str) -> bytes:
        """Write the stock of a site; raises UnknownSite."""
        return exports.of_stock(await self._numbers(site))

    async def slots(self, site: str) -> bytes:
        """Write the slots of a site; raises UnknownSite."""
        return exports.of_slots(await self._numbers(site))

    async def moves(self, site: str) -> bytes:
        """Write the moves of a site's stock; raises UnknownSite."""
        return exports.of_moves(await self._keeping.moves(site))

    async def for_b_plo(self) -> bytes:
        """Write the stock of all sites as the national supply system asks for it."""
        numbers = [one for site in await self._keeping.sites() if (one := await self._readable(site.site_id))]
        return exports.for_b_plo(numbers, await self._keeping.items())

    async def put_sites(self, content: bytes, staff: Staff, *, dry_run: bool) -> Taken:
        """Open sites, or change what is said of them, one after the other once all lines fit; raises SheetRefused."""
        found = await asyncio.to_thread(imports.sites_in, content)
        known = {site.site_id: site for site in await self._keeping.sites()}
        for id_, fields in found.items() if not dry_run else ():
            await self._keeping.put_site(id_, _with_translations(fields, known.get(id_)), staff)
        return Taken(len(found), not dry_run)

    async def enter_stock(self, site: str, content: bytes, staff: Staff, *, dry_run: bool) -> Taken:
        """Enter stock at a site in one write; raises UnknownSite, SheetRefused, NotEnoughStock."""
        await self._keeping.site(site)
        entries = await asyncio.to_thread(imports.stock_in, content, await self._keeping.items())
        try:
            await self._keeping.enter(site, entries, staff, dry_run=dry_run)
        except InvalidSubmission as error:
            raise imports.refused_at_start(error) from error
        return Taken(sum(len(entry.lines) for entry in entries), not dry_run)

    async def open_slots(self, site: str, content: bytes, staff: Staff, *, dry_run: bool) -> Taken:
        """Open slots at a site in one write; raises UnknownSite, SheetRefused, NotEnoughStock."""
        whole = await self._keeping.site(site)
        items = await self._keeping.items()
        slots = await asyncio.to_thread(imports.slots_in, content, whole, items, self._clock())
        await self._keeping.open_slots(site, slots, staff, dry_run=dry_run)
        return Taken(len(slots), not dry_run)

    async def _readable(self, site: str) -> SiteNumbers | None:
        """Count what a site has; None where it cannot be read, so that the others are told."""
        try:
            return await self._numbers(site)
        except UNUSABLE:
            return None

    async def _numbers(self, site: str) -> SiteNumbers:
        return count(await self._keeping.site(site), await self._keeping.items(), self._clock())


def _with_translations(fields: SiteFields, known: Site | None) -> SiteFields:
    """Keep the translations of texts whose Japanese did not change: the table has Japanese alone."""
    if known is None:
        return fields
    return msgspec.structs.replace(
        fields, hours=_translated(fields.hours, known.hours), access=_translated(fields.access, known.access)
    )


def _translated(text: Text, known: Text) -> Text:
    return known if text.get("ja") == known.get("ja") else text
