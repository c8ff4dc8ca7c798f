"""What residents are shown: the slots that are open now, and the place that a request has."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from services import times
from services.case.request import Request
from services.catalog.service import Catalog
from services.errors import StoreUnavailable, UnknownService
from services.pickup.booking.state import Booking, Place
from services.pickup.entitlement.section import pickup_of
from services.pickup.entitlement.supplies import Item
from services.pickup.part import booking_of
from services.pickup.ports import SiteStore
from services.pickup.slots import turns
from services.pickup.slots.slots import Slots
from services.pickup.slots.turns import Opening
from services.pickup.stock.sites import Method, Site
from services.texts import Text
from services.times import Clock

SITES_LISTED_FOR = 2.0
"""Seconds for which an instance shows the sites that it listed last."""
WITHIN = 1.0
"""Seconds after which a page goes without slots and sites."""
NOT_TOLD = ("already", "ended")
"""States whose details a resident is not shown: they are those of another request, or of none."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Name so many units of an item."""

    item: str
    title: Text
    unit: Text
    units: int


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Offer a slot at its site, with the units that are free."""

    opening: Opening
    site: Site
    lines: tuple[Line, ...]


class Appointment(msgspec.Struct, frozen=True, kw_only=True):
    """Show a booking: where its place is, what is due or was handed over there, and what is not to be had there."""

    booking: Booking
    site: Site | None = None
    lines: tuple[Line, ...] = ()
    missing: tuple[Line, ...] = ()

    @property
    def place(self) -> Place | None:
        """Return the place to show."""
        return None if self.booking.state in NOT_TOLD else self.booking.place


class Offers:
    """Show residents slots and places; nothing is written."""

    def __init__(self, store: SiteStore, slots: Slots, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._slots = slots
        self._catalog = catalog
        self._clock = clock
        self._listed: dict[str, Site] = {}
        self._listed_at = times.NEVER

    async def open(self, method: Method) -> list[Offer]:
        """List the slots that take newcomers now, site by site; raises StoreUnavailable."""
        return await self._offers(lambda opening: opening.method == method and _is_open(opening))

    async def choices(self, request: Request) -> list[Offer]:
        """List the slots that a request may change to, and the one it has; raises StoreUnavailable."""
        booking = booking_of(request)
        if booking is None:
            return []
        own = booking.place.name if booking.place else None

        def fits(opening: Opening) -> bool:
            takes = _is_open(opening) and turns.has_room(opening, booking.lines)
            return opening.method == booking.method and (takes or opening.name == own)

        return await self._offers(fits)

    async def appointment(self, request: Request) -> Appointment | None:
        """Show a request's booking, as far as the stores answer; where its state is one of NOT_TOLD, only that."""
        booking = booking_of(request)
        if booking is None or booking.state in NOT_TOLD:
            return Appointment(booking=booking) if booking else None
        site, lines = await self._at(booking.place, request.reference) if booking.place else (None, {})
        lines = lines or booking.lines
        missing = {item: units for item, units in booking.lines.items() if item not in lines}
        items = await self._items_of(request)
        return Appointment(booking=booking, site=site, lines=_lines(lines, items), missing=_lines(missing, items))

    async def _offers(self, fits: Callable[[Opening], bool]) -> list[Offer]:
        try:
            async with asyncio.timeout(WITHIN):
                openings, sites = await asyncio.gather(self._slots.recent(), self._sites())
        except TimeoutError as error:
            raise StoreUnavailable(f"no slots within {WITHIN} s") from error
        items = await self._items()
        found = [
            Offer(opening=opening, site=sites[opening.site_id], lines=_lines(opening.free, items))
            for opening in openings
            if fits(opening) and opening.site_id in sites and sites[opening.site_id].is_open
        ]
        return sorted(found, key=lambda offer: (offer.site.site_id, offer.opening.starts))

    async def _sites(self) -> dict[str, Site]:
        if times.later(self._listed_at, SITES_LISTED_FOR) <= self._clock():
            self._listed = {site.site_id: site for site in await self._store.sites()}
            self._listed_at = self._clock()
        return self._listed

    async def _at(self, place: Place, reference: str) -> tuple[Site | None, dict[str, int]]:
        """Return the site of a place and the units of its entry, nothing where the stores do not answer."""
        try:
            async with asyncio.timeout(WITHIN):
                sites, slot = await asyncio.gather(self._sites(), self._store.slot(place.site, place.slot))
        except (StoreUnavailable, TimeoutError):
            return None, {}
        return sites.get(place.site), slot.lines(turns.key_of(reference, place.round)) if slot else {}

    async def _items(self) -> dict[str, Item]:
        """Return every item that a published service hands out, by id."""
        found = [pickup_of(current.edition.definition) for current in await self._catalog.services()]
        return {item.id: item for pickup in found if pickup for item in pickup.supplies.items}

    async def _items_of(self, request: Request) -> dict[str, Item]:
        """Return the items of the edition that was answered."""
        try:
            pickup = pickup_of((await self._catalog.edition(request.service, request.version)).definition)
        except (UnknownService, StoreUnavailable):
            return {}
        return {item.id: item for item in pickup.supplies.items} if pickup else {}


def _is_open(opening: Opening) -> bool:
    has_units = any(opening.free.values())
    return opening.admits() and opening.free_places > 0 and has_units and not opening.has_line


def _lines(units: Mapping[str, int], items: Mapping[str, Item]) -> tuple[Line, ...]:
    """Name units in the order of the definition; an item it does not know keeps its id."""
    known = [id_ for id_ in items if id_ in units]
    unknown = [id_ for id_ in units if id_ not in items]
    return tuple(_line(id_, items.get(id_), units[id_]) for id_ in (*known, *unknown))


def _line(id_: str, item: Item | None, units: int) -> Line:
    title, unit = (item.title, item.unit) if item else ({"ja": id_}, {})
    return Line(item=id_, title=title, unit=unit, units=units)
