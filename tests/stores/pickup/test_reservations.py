"""Five times as many households as kits, on the emulators, while a tenth of all operations of Cosmos DB fail.

The suite takes forty households; `HOUSEHOLDS=500` in the environment takes five hundred.
"""

import asyncio
import itertools
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import pytest

from services.case.request import Contact, Submission
from services.errors import StoreUnavailable, WriteConflict
from services.intake.service import Receipt
from services.pickup.booking.state import Booking
from services.pickup.part import booking_of
from tests.apps import running, settings_for
from tests.fakes import FakeClock
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from tests.reliability.faults import Storm, under_the_sdks
from wiring.app import App
from wiring.pickup import pickup

HOUSEHOLDS = int(os.environ.get("HOUSEHOLDS", "40"))
KITS, SLOTS = HOUSEHOLDS // 5, 4
WITHDRAWN = KITS * 3 // 10
SIDE_BY_SIDE = 16


class Town:
    """Hold the school that hands out the kits, and the receipts of those who asked, in their order."""

    def __init__(self, app: App, clock: FakeClock) -> None:
        self.app = app
        self.clock = clock
        self.receipts: list[Receipt] = []

    async def open(self) -> None:
        await self.app.catalog.publish(PICKUP_DEFINITION)
        await pickup(self.app).keeping.put_site("school", site(), OFFICER)
        await pickup(self.app).keeping.move("school", stock(kit=KITS), OFFICER)
        for n in range(SLOTS):
            await pickup(self.app).keeping.open_slot("school", slot(hour=10 + n, places=KITS // SLOTS), OFFICER)

    async def ask(self, number: int) -> None:
        self.clock.pass_(0.001)
        sent = Submission(service="kits", answers=answers(number), contact=Contact(phone=f"090-0000-{number:04}"))
        receipt, _ = await self.app.requests.submit(sent, f"key-of-the-resident-{number:05}", None)
        self.receipts.append(receipt)

    async def advance(self, receipts: Iterable[Receipt]) -> None:
        await self.side_by_side(receipts, lambda receipt: self.app.advance.advance(receipt.reference))

    async def side_by_side(self, receipts: Iterable[Receipt], do: Callable[[Receipt], Awaitable[object]]) -> None:
        """Do it for each, many at once, again and again where a store did not answer: as the queue does."""

        async def until_done(receipt: Receipt) -> None:
            for _ in range(50):
                try:
                    await do(receipt)
                except (StoreUnavailable, WriteConflict):
                    await asyncio.sleep(0)
                else:
                    return
            raise AssertionError("not done after 50 tries")

        for batch in itertools.batched(receipts, SIDE_BY_SIDE, strict=False):
            await asyncio.gather(*(until_done(receipt) for receipt in batch))

    async def come_to_rest(self) -> None:
        """Let everything that is pending be taken, and those who wait be called."""
        for _ in range(3):
            await self.advance([r for r in self.receipts if (await self.request(r)).pending])
            await pickup(self.app).reservations.serve(None, "pickup")

    async def request(self, receipt: Receipt):
        found = await self.app.requests.status(receipt.reference, receipt.access_code)
        assert found
        return found

    async def bookings(self) -> list[Booking]:
        found = [booking_of(await self.request(receipt)) for receipt in self.receipts]
        return [booking for booking in found if booking]


@pytest.fixture
async def town(emulators) -> AsyncIterator[Town]:
    clock = FakeClock()
    async with under_the_sdks(), running(settings_for(emulators.cosmos, emulators.storage), clock) as app:
        town = Town(app, clock)
        await town.open()
        yield town


async def test_every_kit_goes_to_one_household_and_the_others_wait_in_order(town: Town):
    for number in range(HOUSEHOLDS):
        await town.ask(number)
    storm = Storm(0.1, seed=1)
    with storm.armed():
        await town.advance(town.receipts)
    await town.come_to_rest()

    found = await town.bookings()
    assert storm.struck > HOUSEHOLDS
    assert Counter(booking.state for booking in found) == {"confirmed": KITS, "waiting": HOUSEHOLDS - KITS}
    await everything_adds_up(town, KITS)

    served = [r for r, booking in zip(town.receipts, found, strict=True) if booking.state == "confirmed"]
    line = [r for r, booking in zip(town.receipts, found, strict=True) if booking.state == "waiting"]
    with Storm(0.1, seed=2).armed():
        await town.side_by_side(
            served[:WITHDRAWN], lambda receipt: town.app.requests.withdraw(receipt.reference, receipt.access_code)
        )
        await town.advance(served[:WITHDRAWN])
    await town.come_to_rest()
    called = [receipt for receipt in line if (booking := booking_of(await town.request(receipt))) and booking.place]
    await town.side_by_side(called, confirm_in(town))
    await town.come_to_rest()

    assert called == line[:WITHDRAWN]
    states = Counter(booking.state for booking in await town.bookings())
    assert states == {"confirmed": KITS, "waiting": HOUSEHOLDS - KITS - WITHDRAWN, "ended": WITHDRAWN}
    await everything_adds_up(town, KITS)


def confirm_in(town: Town) -> Callable[[Receipt], Awaitable[object]]:
    async def confirm(receipt: Receipt) -> None:
        await pickup(town.app).reservations.confirm(await town.request(receipt))

    return confirm


async def everything_adds_up(town: Town, taken: int) -> None:
    """Check slots against stock, entries against bookings, and grants against both."""
    whole = await pickup(town.app).keeping.site("school")
    slots = list(whole.slots.values())
    entries = {
        key: (slot.id, entry)
        for slot in slots
        for key, entry in slot.entries.items()
        if entry.state in ("held", "confirmed")
    }
    places = {}
    for receipt in town.receipts:
        request = await town.request(receipt)
        if booking_of(request) and booking_of(request).place and booking_of(request).state in ("held", "confirmed"):
            places[f"{request.reference}.{booking_of(request).place.round}"] = booking_of(request).place.slot
    assert {key: slot for key, (slot, _) in entries.items()} == places
    assert len(entries) == taken
    assert sum(sum(entry.units) for _, entry in entries.values()) + sum(s.free["kit"] for s in slots) == KITS
    assert all(s.free["kit"] == s.free_places for s in slots)
    assert whole.stock.on_hand == whole.stock.allotted == {"kit": KITS}
