"""Slots, sites, stock, bookings and quotas that a later version of the app wrote come back unharmed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.case.request import Contact, Submission
from services.errors import DocumentNewer
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.part import booked
from services.pickup.stock.fields import AllotFields
from stores.case import REQUESTS
from stores.containers import ContainerSpec
from stores.pickup.sites import QUOTAS, SITES
from tests import later
from tests.apps import running, settings_for
from tests.fakes import FakeClock
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from wiring.app import App
from wiring.pickup import pickup

type Item = dict[str, Any]
SLOT = "pickup-20261124-1000"
CONTAINERS = (REQUESTS, SITES, QUOTAS)


@pytest.fixture
async def app(emulators) -> AsyncIterator[App]:
    async with running(settings_for(emulators.cosmos, emulators.storage), FakeClock()) as app:
        keeping = pickup(app).keeping
        await app.catalog.publish(PICKUP_DEFINITION)
        await keeping.put_site("school", site(), OFFICER)
        await keeping.move("school", stock(kit=200), OFFICER)
        await keeping.open_slot("school", slot(hour=10, places=50), OFFICER)
        yield app


async def ask(app: App, number: int) -> tuple[str, str]:
    app.clock.pass_(1)
    sent = Submission(service="kits", answers=answers(number), contact=Contact(phone=f"090-0000-{number:04}"))
    receipt, _ = await app.requests.submit(sent, f"key-of-the-resident-{number:05}", None)
    await app.advance.woken(receipt.reference)
    return receipt.reference, receipt.access_code


async def state_of(app: App, receipt: tuple[str, str]) -> str:
    request = await app.requests.status(*receipt)
    assert request
    return booked(request).state


async def stored(app: App) -> dict[tuple[str, str], Item]:
    found = [(spec, await app.cosmos.find(spec, "SELECT * FROM c")) for spec in CONTAINERS]
    return {(spec.name, f"{item.get('siteId', '')}/{item['id']}"): item for spec, items in found for item in items}


async def write(app: App, spec: ContainerSpec, item: Item) -> None:
    await app.cosmos.ask(spec, lambda c: c.upsert_item(item))


async def written_by_a_later_version(app: App, **changes: object) -> dict[tuple[str, str], Item]:
    """Let every document have keys of a later version, and return them as they are then."""
    for (name, _), item in (await stored(app)).items():
        spec = next(spec for spec in CONTAINERS if spec.name == name)
        await write(app, spec, {**later.with_unknown_keys(item), **changes})
    return await stored(app)


async def test_what_a_later_version_added_survives_hand_overs_officers_and_the_clock(app: App):
    keeping = pickup(app).keeping
    collected, withdrawn, missed = [await ask(app, number) for number in (1, 2, 3)]
    before = await written_by_a_later_version(app)

    async def nothing_is_lost() -> None:
        after = await stored(app)
        assert {key: later.lost(item, after[key]) for key, item in before.items()} == {key: [] for key in before}

    handed = HandOver(id="hand-over-00000001", receiver="household")
    await pickup(app).counter.hand_over(collected[0], handed, OFFICER)
    await app.requests.withdraw(*withdrawn)
    await app.advance.advance(withdrawn[0])
    await nothing_is_lost()

    amendment = Amendment(id="correction-0000001", answers={"members": 3}, reason="確認した")
    await pickup(app).correcting.correct(missed[0], amendment, OFFICER)
    await app.advance.advance(missed[0])
    await keeping.put_site("school", site(address="見本市中央2"), OFFICER)
    await keeping.allot("school", SLOT, AllotFields(id="allotment-00001", lines={"kit": 5}, places=5), OFFICER)
    await keeping.move("school", stock("delivery-0002", kit=7), OFFICER)
    await nothing_is_lost()

    app.clock.pass_(3 * 24 * 3600)
    for _ in range(3):
        await pickup(app).tending.run()
        app.clock.pass_(3700)
    await nothing_is_lost()
    assert [await state_of(app, one) for one in (collected, withdrawn, missed)] == ["collected", "ended", "missed"]


async def test_a_later_slot_site_or_quota_is_shown_and_takes_no_change(app: App):
    keeping = pickup(app).keeping
    first = await ask(app, 1)
    before = await written_by_a_later_version(app, schemaVersion=later.NEWER)

    assert await state_of(app, first) == "confirmed"
    assert (await keeping.site("school")).slots[SLOT].places == 50
    assert await pickup(app).slots.openings() == []
    changes = (
        keeping.put_site("school", site(address="見本市中央2"), OFFICER),
        keeping.move("school", stock("delivery-0002", kit=7), OFFICER),
        keeping.close_slot("school", SLOT, OFFICER),
        pickup(app).counter.hand_over(first[0], HandOver(id="hand-over-00000001", receiver="household"), OFFICER),
        app.requests.withdraw(*first),
    )
    for change in changes:
        with pytest.raises(DocumentNewer):
            await change
    assert await stored(app) == before


async def test_a_household_that_asks_while_the_slot_is_a_later_one_waits_for_it(app: App):
    [held] = [item for (name, _), item in (await stored(app)).items() if name == "sites" and item["type"] == "slot"]
    await write(app, SITES, {**held, "schemaVersion": later.NEWER})

    second = await ask(app, 2)

    assert await state_of(app, second) == "waiting"
