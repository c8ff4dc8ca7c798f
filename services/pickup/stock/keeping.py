"""Sites, slots and stock as the supplies officer keeps them; every unit moves by a recorded event."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from services import conflicts
from services.case.task import Staff
from services.catalog.service import Catalog
from services.errors import UNUSABLE, DocumentFull, FieldError, InvalidSubmission, WriteConflict
from services.names import is_name
from services.pickup.entitlement.section import pickup_of
from services.pickup.entitlement.supplies import Item
from services.pickup.errors import UnknownSite
from services.pickup.ports import SiteStore
from services.pickup.stock import ledger
from services.pickup.stock.fields import (
    AllotFields,
    SiteFields,
    SlotFields,
    StockFields,
    problems_of_allotment,
    problems_of_site,
    problems_of_slot,
    problems_of_stock,
    refuse,
    span,
)
from services.pickup.stock.ledger import Documents
from services.pickup.stock.sites import Move, Site, Slot, Stock, WholeSite
from services.times import Clock, Instant

log = logging.getLogger("madoguchi.pickup")


class Keeping:
    """Let officers keep sites, slots and stock; every write is over the state that was read."""

    def __init__(self, store: SiteStore, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock

    async def sites(self) -> list[Site]:
        """List all sites."""
        return await self._store.sites()

    async def site(self, site: str) -> WholeSite:
        """Read a site with its stock and slots; raises UnknownSite."""
        whole = await self._store.whole_site(site) if is_name(site) else None
        if whole is None:
            raise UnknownSite()
        return whole

    async def moves(self, site: str) -> list[Move]:
        """List the moves of a site's stock, the earliest first; raises UnknownSite."""
        await self.site(site)
        return await self._store.moves(site)

    async def put_site(self, site: str, fields: SiteFields, staff: Staff) -> Site:
        """Open a site, or change what is said of it; raises InvalidSubmission.

        The slots of a site that closes are closed. Whoever has a place at one that has moved is asked (see tending).
        """
        refuse(problems_of_site(site, fields))
        now = self._clock()
        whole = await self._change(site, lambda read: ledger.described(read, site, fields, staff, now))
        return await self._follow(whole) if whole.site.due_at else whole.site

    async def catch_up(self) -> None:
        """Change the slots of every site that was closed or moved, as far as they have not followed it yet.

        Where one site cannot be read or written now, the others go on.
        """
        for site in await self._store.sites():
            if site.due_at:
                try:
                    await self._follow(await self.site(site.site_id))
                except (DocumentFull, WriteConflict, *UNUSABLE) as error:
                    log.error("%s is left for another time: %s", site.site_id, error)

    async def move(self, site: str, fields: StockFields, staff: Staff) -> Stock:
        """Enter units that came or were counted, or kits that were packed; raises what `enter` raises."""
        return await self.enter(site, [fields], staff)

    async def enter(self, site: str, entries: Sequence[StockFields], staff: Staff, *, dry_run: bool = False) -> Stock:
        """Make several entries of stock, all or none, or see whether they could be made.

        Raises UnknownSite, InvalidSubmission, and NotEnoughStock where units go that are not there or are allotted.
        """
        items = await self.items()
        refuse(problem for fields in entries for problem in problems_of_stock(fields, items))
        now = self._clock()
        moves = tuple(m for fields in entries for m in ledger.moves_of(site, fields, items, staff, now))
        whole = await self.site(site)
        if await self._is_known(moves[0]):
            return whole.stock
        if dry_run:
            ledger.entered(whole, moves)
            return whole.stock
        return (await self._change(site, lambda read: ledger.entered(_there(read), moves))).stock

    async def open_slot(self, site: str, fields: SlotFields, staff: Staff) -> Slot:
        """Open a slot and allot units of the site's stock to it; raises what `open_slots` raises."""
        [slot] = await self.open_slots(site, [fields], staff)
        return slot

    async def open_slots(
        self, site: str, several: Sequence[SlotFields], staff: Staff, *, dry_run: bool = False
    ) -> list[Slot]:
        """Open several slots, all or none, or see whether they could be opened; a repeat gives them as they are now.

        Raises UnknownSite, InvalidSubmission (in the past, overlapping, unknown items) and NotEnoughStock.
        """
        now, whole, items = self._clock(), await self.site(site), await self.items()
        new = [fields for fields in several if not ledger.is_opened(whole, fields)]
        refuse(problem for fields in new for problem in problems_of_slot(fields, items, now))

        def decide(read: WholeSite | None) -> Documents:
            return ledger.opened_together(_there(read), several, staff, now)

        if dry_run:
            decide(whole)
            return []
        whole = await self._change(site, decide)
        return [whole.slots[ledger.slot_id(span(fields)[0], fields.method)] for fields in several]

    async def allot(self, site: str, slot: str, fields: AllotFields, staff: Staff) -> Slot:
        """Give a slot more places and units, or take back what nobody was promised.

        Raises UnknownSite, UnknownSlot, SlotClosed, InvalidSubmission and NotEnoughStock.
        """
        refuse(problems_of_allotment(fields, await self.items()))
        await self.site(site)
        now = self._clock()
        whole = await self._change(site, lambda read: ledger.reallotted(_there(read), slot, fields, staff, now))
        return whole.slots[slot]

    async def close_slot(self, site: str, slot: str, staff: Staff) -> Slot:
        """Close a slot before its time; whoever has a place there is given another (see tending).

        Raises UnknownSite and UnknownSlot.
        """
        await self.site(site)
        now = self._clock()
        whole = await self._change(site, lambda read: ledger.closed(_there(read), slot, staff, now))
        return whole.slots[slot]

    async def items(self) -> dict[str, Item]:
        """Return every item that a published service hands out, by its id."""
        found = [pickup_of(current.edition.definition) for current in await self._catalog.services()]
        return {item.id: item for pickup in found if pickup for item in pickup.supplies.items}

    async def _follow(self, whole: WholeSite) -> Site:
        """Change the slots of a site one by one; the site stays due until all have followed, even after a crash."""
        site, now = whole.site, self._clock()
        for slot in whole.slots:
            await self._change(site.site_id, partial(_followed, site, slot, now))

        def done(read: WholeSite | None) -> Documents:
            stands = _there(read).site
            return (msgspec.structs.replace(stands, due_at=None),) if stands.due_at == site.due_at else ()

        return (await self._change(site.site_id, done)).site

    async def _is_known(self, move: Move) -> bool:
        """Tell whether this move was made before; raises InvalidSubmission where its id stands for another."""
        known = await self._store.move(move.site_id, move.id)
        if known and (known.lines, known.reason) != (move.lines, move.reason):
            raise InvalidSubmission((FieldError("/id", "used_before"),))
        return known is not None

    async def _change(self, site: str, decide: Callable[[WholeSite | None], Documents]) -> WholeSite:
        """Write what `decide` makes of the site, and decide again where another was first."""
        for attempt in range(conflicts.ATTEMPTS):
            whole = await self._store.whole_site(site)
            documents = decide(whole)
            if not documents and whole:
                return whole
            try:
                await self._store.save(site, documents)
            except WriteConflict:
                await conflicts.pause(attempt)
        raise WriteConflict(conflicts.OVERTAKEN)


def _followed(site: Site, slot: str, now: Instant, whole: WholeSite | None) -> Documents:
    """Let a slot follow this site, which may be read as it was before it closed or moved."""
    return ledger.followed(WholeSite(site, _there(whole).stock, _there(whole).slots), slot, now)


def _there(whole: WholeSite | None) -> WholeSite:
    if whole is None:
        raise UnknownSite()
    return whole
