"""A definition of supplies that cannot be read leaves the slots, items and pages of every other service."""

import msgspec
import pytest

from services.intake.service import Receipt
from services.pickup.counter.counter import HandOver
from services.pickup.households.households import FOLDING
from services.pickup.households.searching import Wanted
from services.pickup.part import with_booking
from tests import damage, served
from tests.counter import HANAKO, current
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers
from tests.served import said
from tests.services.pickup.town import MORNING, Town
from wiring.app import App


@pytest.fixture
async def town() -> Town:
    """A town of which another service hands out what it hands out, and neither copy nor shipped definition is there."""
    town = Town()
    await town.counter.editions.publish(current(**PICKUP_DEFINITION | {"id": "other"}))
    town.counter.new_instance()
    town.counter.copy.forget()
    town.counter.shipped.forget()
    await town.open(3)
    return town


def new_instance(town: Town, app: App) -> None:
    counter = town.counter
    counter.new_instance()
    added = {name: each.services for name, each in counter.added.items()}
    core = counter.core
    served.serve(
        msgspec.structs.replace(
            app, catalog=core.catalog, requests=core.requests, tasks=core.tasks, readiness=core.readiness, added=added
        )
    )


@pytest.mark.parametrize("way", ["gone", "a field beside it", "null", "a number", "an object of rubbish"])
async def test_whatever_is_damaged_in_section_or_form_slots_and_items_of_the_other_services_go_on(town: Town, way: str):
    app, token = served.signed_in(served.app_over(town.counter), ["Team.supplies"])
    document = damage.stored(current(**PICKUP_DEFINITION))
    places = [found for found in damage.damaged(document, way) if {"pickup", "form"} & {*found[0]}]

    assert len(places) > 40
    for place, document in places:
        town.counter.editions.damaged["kits"] = document
        try:
            new_instance(town, app)
            await hold_supplies(token)
        except Exception as error:
            error.add_note(f"{way} at {place}")
            raise


async def hold_supplies(token: str) -> None:
    slots = await served.call("list_open_slots")
    assert slots.status_code == 200
    assert len(said(slots)["slots"]) == 1
    items = await served.call("list_items", headers={"Authorization": f"Bearer {token}"})
    assert "kit" in [item["id"] for item in said(items)["items"]]
    for page, route in (("counter_page", {}), ("walk_in_page", {"id": "other"}), ("home", {"lang": "ja"})):
        assert (await served.call(page, route=route)).status_code == 200
    assert (await served.call("walk_in_page", route={"id": "kits"})).status_code in (200, 503)


async def damage_edition(town: Town, receipt: Receipt) -> None:
    """Publish another edition, and damage the one that a request answers."""
    await town.counter.catalog.publish({**PICKUP_DEFINITION, "phone": "0000-00-5678"})
    town.counter.copy.forget()
    town.counter.editions.damaged[f"kits.{receipt.version}"] = {"rubbish": True}
    new_instance(town, served.app_over(town.counter))


async def test_a_request_whose_edition_cannot_be_read_is_told_so_and_no_other_is(town: Town):
    first = await town.ask()
    await damage_edition(town, first)
    second = await town.ask()

    form = "reference={}&accessCode={}"
    hurt, well = [
        await served.call("show_request", form.format(one.reference, one.access_code).encode(), route={"lang": "en"})
        for one in (first, second)
    ]

    assert (hurt.status_code, well.status_code) == (503, 200)
    assert "This request cannot be shown just now" in hurt.get_body().decode()


async def test_a_household_is_compared_with_others_though_the_edition_of_one_cannot_be_read(town: Town):
    first = await town.ask(1)
    await damage_edition(town, first)

    second = await town.ask(2, address=answers(1)["address"])

    assert town.booking(second).place
    assert town.request(second).pending == {}


async def test_staff_find_other_households_though_the_edition_of_one_cannot_be_read(town: Town):
    first = await town.ask(1)
    await damage_edition(town, first)
    second = await town.ask(2, address=answers(1)["address"])
    wanted = Wanted(kana=answers(2)["kana"], address=answers(1)["address"])

    found = await town.counter.searching.search(wanted, "見本", HANAKO)

    assert [one.request.reference for one in found.found] == [second.reference]


async def test_the_clock_looks_after_other_requests_of_a_slot_though_the_edition_of_one_cannot_be_read(town: Town):
    first, second = await town.ask(), await town.ask()
    handed = HandOver(id="hand-over-0001", receiver="household")
    await town.counter.handing.hand_over(first.reference, handed, HANAKO)
    await damage_edition(town, first)
    await town.counter.keeping.close_slot("school", MORNING.partition(".")[2], OFFICER)

    await town.later(60)

    assert town.place(second) != MORNING


async def test_other_households_are_folded_anew_though_the_edition_of_one_cannot_be_read(town: Town):
    first = await town.ask()
    await damage_edition(town, first)
    second = await town.ask()
    for receipt in (first, second):
        fold_before(town, receipt)

    report = await town.counter.refolding.run(dry_run=False)

    assert (report.looked_at, report.left) == (2, 1)
    assert town.booking(second).folding == FOLDING


def fold_before(town: Town, receipt: Receipt) -> None:
    """Let the household of a request be folded as an earlier version did it."""
    case = town.counter.case(receipt)
    booking = msgspec.structs.replace(town.booking(receipt), folding=FOLDING - 1)
    request = with_booking(case.request, booking)
    town.counter.store.cases[receipt.reference] = msgspec.structs.replace(case, request=request)
