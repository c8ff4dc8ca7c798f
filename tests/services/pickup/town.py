"""A counter on fakes whose school hands out kits."""

from typing import Any

from services.case.request import Contact, Request
from services.intake.service import Receipt
from services.pickup.booking.state import Booking
from services.pickup.part import booking_of
from services.pickup.stock.sites import Slot
from tests.counter import HANAKO, current
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from tests.pickup_counter import PickupCounter

MORNING, NOON = "school.pickup-20261124-1000", "school.pickup-20261124-1100"


class Town:
    """Hold a counter whose school hands out kits in two slots."""

    def __init__(self) -> None:
        self.counter = PickupCounter(current(**PICKUP_DEFINITION))
        self.asked = self.worked = 0

    async def open(self, *places: int) -> None:
        await self.counter.keeping.put_site("school", site(), OFFICER)
        await self.counter.keeping.move("school", stock(kit=1000), OFFICER)
        for n, number in enumerate(places):
            await self.counter.keeping.open_slot("school", slot(hour=10 + n, places=number), OFFICER)

    async def ask(self, number: int | None = None, **changes: Any) -> Receipt:
        """Ask as household number `number`, a new one if not said otherwise, and let the workers run."""
        self.asked += 1
        self.counter.clock.pass_(1)
        household = self.asked if number is None else number
        receipt = await self.counter.submit(
            f"key-of-the-resident-{self.asked:04}",
            service="kits",
            answers=answers(household, **changes),
            contact=Contact(phone=f"090-0000-{household:04}"),
        )
        await self.counter.run_workers()
        return receipt

    async def work(self) -> None:
        """Let staff claim a task and complete it."""
        self.worked += 1
        [claimed] = await self.counter.claim(claim_id=f"claim-{self.worked:04}")
        assert claimed.task.lease
        await self.counter.tasks.complete(claimed.task.id, HANAKO, claimed.task.lease.token, outcome="done", note=None)

    def request(self, receipt: Receipt) -> Request:
        return self.counter.case(receipt).request

    def booking(self, receipt: Receipt) -> Booking:
        booking = booking_of(self.request(receipt))
        assert booking
        return booking

    def place(self, receipt: Receipt) -> str | None:
        place = self.booking(receipt).place
        return place.name if place else None

    def slot(self, name: str) -> Slot:
        at, _, id_ = name.partition(".")
        found = self.counter.sites.documents[at, id_]
        assert isinstance(found, Slot)
        return found

    async def withdraw(self, receipt: Receipt) -> None:
        await self.counter.requests.withdraw(receipt.reference, receipt.access_code)
        await self.counter.advance.advance(receipt.reference)

    async def later(self, seconds: float) -> None:
        """Let time pass, with sweeper, workers and tending at work."""
        self.counter.clock.pass_(seconds)
        for _ in range(3):
            await self.counter.advance.sweep()
            await self.counter.run_workers()
            await self.counter.tending.run()
            self.counter.clock.pass_(1)
