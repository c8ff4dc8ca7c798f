"""Pickup: supplies that residents ask for, and that are handed over or taken to them."""

import msgspec

from services.pickup import steps
from services.pickup.booking.granting import Granting
from services.pickup.booking.offers import Offers
from services.pickup.booking.reservations import Reservations
from services.pickup.booking.residents import Residents
from services.pickup.counter.correcting import Correcting
from services.pickup.counter.counter import Counter
from services.pickup.counter.judging import Judging
from services.pickup.counter.rosters import Rosters
from services.pickup.counter.walk_ins import WalkIns
from services.pickup.entitlement.grants import Grants
from services.pickup.entitlement.section import Pickup as Section
from services.pickup.households.matching import Matching
from services.pickup.households.refolding import Refolding
from services.pickup.households.searching import Searching
from services.pickup.part import NAME, PickupPart
from services.pickup.ports import Bookings, QuotaStore, SiteStore
from services.pickup.sharing.splits import Splits
from services.pickup.slots.slots import Slots
from services.pickup.stock.keeping import Keeping
from services.pickup.tables.tables import Tables
from services.pickup.tending import Tending
from stores.cosmos import Cosmos
from stores.pickup.bookings import INDEXED, STILL_LASTS, CosmosBookings
from stores.pickup.sites import QUOTAS, SITES, CosmosQuotas, CosmosSites
from wiring.app import App
from wiring.capability import Added, Capability
from wiring.core import Core


class Pickup(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the services of pickup."""

    keeping: Keeping
    tables: Tables
    slots: Slots
    splits: Splits
    grants: Grants
    reservations: Reservations
    residents: Residents
    offers: Offers
    counter: Counter
    rosters: Rosters
    searching: Searching
    walk_ins: WalkIns
    correcting: Correcting
    judging: Judging
    refolding: Refolding
    tending: Tending


def pickup(app: App) -> Pickup:
    """Return the services of pickup."""
    added: Pickup = app.added[NAME]
    return added


def over(core: Core, sites: SiteStore, quotas: QuotaStore, bookings: Bookings) -> Added:
    """Build pickup over its stores."""
    store, queues, audit = core.stores.requests, core.stores.queues, core.stores.audit
    catalog, clock, secret = core.catalog, core.clock, core.secrets.reference
    grants = Grants(quotas, secret, clock)
    slots, keeping = Slots(sites, clock), Keeping(sites, catalog, clock)
    granting = Granting(store, slots, grants, catalog, secret)
    counter = Counter(store, sites, grants, catalog, audit, clock)
    reservations = Reservations(store, bookings, slots, grants, granting, counter, catalog, queues, secret, clock)
    splits = Splits(store, bookings, sites, keeping, reservations, catalog, clock)
    correcting = Correcting(store, sites, reservations, grants, granting, counter, catalog, audit, secret, clock)
    tending = Tending(store, sites, keeping, reservations, splits, counter, clock)
    services = Pickup(
        keeping=keeping,
        tables=Tables(keeping, clock),
        slots=slots,
        splits=splits,
        grants=grants,
        reservations=reservations,
        residents=Residents(core.requests, reservations),
        offers=Offers(sites, slots, catalog, clock),
        counter=counter,
        rosters=Rosters(sites, audit, clock),
        searching=Searching(store, bookings, catalog, audit, clock),
        walk_ins=WalkIns(core.requests, core.advance, counter, audit, core.secrets, clock),
        correcting=correcting,
        judging=Judging(store, reservations, counter, audit, clock),
        refolding=Refolding(store, bookings, grants, catalog, secret, clock),
        tending=tending,
    )
    matching = Matching(store, bookings, catalog, clock)
    taken = steps.steps(core.dispatching, reservations, matching, correcting, counter)
    return Added(services=services, steps=taken, each_minute=(tending.run,))


def _build(core: Core, cosmos: Cosmos) -> Added:
    set_aside = core.stores.set_aside
    sites, quotas = CosmosSites(cosmos, set_aside), CosmosQuotas(cosmos, set_aside)
    return over(core, sites, quotas, CosmosBookings(cosmos, set_aside))


CAPABILITY = Capability(
    name=NAME,
    build=_build,
    part=PickupPart,
    section=Section,
    plans=steps.PLANS,
    containers=(SITES, QUOTAS),
    indexed=INDEXED,
    still_lasts=STILL_LASTS,
)
