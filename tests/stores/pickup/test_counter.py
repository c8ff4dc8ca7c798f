"""Two counters on the emulators: what the slot decides in one write is decided there."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.case.request import Contact, Submission
from services.case.task import Staff
from services.pickup.counter.counter import Card, HandOver
from services.pickup.errors import AlreadyHandedOver
from tests.apps import running, settings_for
from tests.fakes import FakeClock
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from wiring.app import App
from wiring.pickup import pickup


@pytest.fixture
async def app(emulators) -> AsyncIterator[App]:
    """Return an app with a site of 5 kits in one slot."""
    async with running(settings_for(emulators.cosmos, emulators.storage), FakeClock()) as app:
        await app.catalog.publish(PICKUP_DEFINITION)
        await pickup(app).keeping.put_site("school", site(), OFFICER)
        await pickup(app).keeping.move("school", stock(kit=6), OFFICER)
        await pickup(app).keeping.open_slot("school", slot(places=5, kit=5), OFFICER)
        yield app


async def test_two_counters_hand_over_once_and_the_second_hears_who_was_first(app: App):
    sent = Submission(service="kits", answers=answers(0), contact=Contact(phone="090-0000-0000"))
    receipt, _ = await app.requests.submit(sent, "key-of-the-resident-00000", None)
    await app.advance.advance(receipt.reference)

    async def counter(number: int) -> Card | AlreadyHandedOver:
        staff = Staff(f"u-{number}", f"係 {number}", frozenset({"Team.supplies"}))
        try:
            handed = HandOver(id=f"hand-over-000{number}", receiver="household")
            return await pickup(app).counter.hand_over(receipt.reference, handed, staff)
        except AlreadyHandedOver as refusal:
            return refusal

    found = await asyncio.gather(counter(1), counter(2))

    refusal = next(one for one in found if isinstance(one, AlreadyHandedOver))
    card = next(one for one in found if isinstance(one, Card))
    assert (refusal.at, refusal.by) == (card.handed_over.at, card.handed_over.by)
    assert (await pickup(app).keeping.site("school")).stock.on_hand == {"kit": 5}
