"""A whole counter on fakes that hands out supplies."""

from services.pickup.part import NAME
from tests.counter import Counter
from tests.pickup_fakes import FakeBookings, FakeQuotas, FakeSites
from wiring.capability import Added
from wiring.core import Core
from wiring.pickup import CAPABILITY, over


class PickupCounter(Counter):
    """Wire the platform and pickup on fakes."""

    capabilities = (CAPABILITY,)

    def add_stores(self) -> None:
        self.sites = FakeSites()
        self.quotas = FakeQuotas()
        self.bookings = FakeBookings(self.store)

    def add(self, core: Core) -> dict[str, Added]:
        added = over(core, self.sites, self.quotas, self.bookings)
        services = self.pickup = added.services
        self.grants, self.slots, self.reservations = services.grants, services.slots, services.reservations
        self.residents, self.offers, self.handing = services.residents, services.offers, services.counter
        self.keeping, self.splits, self.tending = services.keeping, services.splits, services.tending
        self.refolding, self.searching, self.correcting = services.refolding, services.searching, services.correcting
        return {NAME: added}
