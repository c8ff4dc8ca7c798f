import msgspec
import pytest

from services.case.request import Contact, Request
from services.errors import StoreUnavailable
from services.intake.service import Receipt
from services.pickup.booking.offers import Offers
from services.pickup.part import booked, booking_of, with_booking
from services.pickup.slots.slots import Slots
from tests.counter import current
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from tests.pickup_counter import PickupCounter


async def town(*slots, **changes) -> PickupCounter:
    """Return a counter with one site and these slots."""
    counter = PickupCounter(current(**PICKUP_DEFINITION))
    await counter.keeping.put_site("school", site(**changes), OFFICER)
    await counter.keeping.move("school", stock(kit=1000, water=1000), OFFICER)
    for one in slots:
        await counter.keeping.open_slot("school", one, OFFICER)
    return counter


async def ask(counter: PickupCounter, number: int, **changes) -> Receipt:
    asked = {"answers": answers(number, **changes), "contact": Contact(phone=f"090-0000-{number:04}")}
    receipt = await counter.submit(f"key-of-the-resident-{number:05}", service="kits", **asked)
    await counter.run_workers()
    return receipt


def request_of(counter: PickupCounter, receipt: Receipt) -> Request:
    return counter.case(receipt).request


async def open_names(counter: PickupCounter) -> list[str]:
    counter.clock.pass_(60)
    return [offer.opening.id for offer in await counter.offers.open("pickup")]


async def test_a_slot_is_offered_with_its_site_and_the_units_that_are_free():
    counter = await town(slot(places=25))

    [offer] = await counter.offers.open("pickup")

    assert offer.site.name == {"ja": "見本第一小学校"}
    assert offer.opening.name == "school.pickup-20261124-1000"
    assert [(line.item, line.title["ja"], line.units) for line in offer.lines] == [("kit", "見本", 25)]
    assert await counter.offers.open("delivery") == []


async def test_what_is_full_closed_waited_for_or_begun_is_not_offered():
    counter = await town(slot(hour=10), slot(hour=11, places=1), slot(hour=12), slot(hour=13), slot(hour=14))
    await ask(counter, 1, slot="school.pickup-20261124-1100")
    await counter.keeping.close_slot("school", "pickup-20261124-1200", OFFICER)
    await counter.sites.mark_line("school", "pickup-20261124-1300")
    counter.clock.pass_(25 * 3600)

    assert await open_names(counter) == ["pickup-20261124-1400"]


async def test_a_site_that_is_closed_offers_nothing_even_before_its_slots_follow():
    counter = await town(slot())
    whole = await counter.sites.whole_site("school")
    await counter.sites.save("school", [msgspec.structs.replace(whole.site, is_open=False)])

    assert await counter.offers.open("pickup") == []


async def test_many_looks_in_a_moment_ask_the_stores_once():
    counter = await town(slot())
    await counter.offers.open("pickup")
    counter.sites.away = True

    assert len(await counter.offers.open("pickup")) == 1


async def test_stores_that_do_not_answer_are_said_to_be_unavailable():
    counter = await town(slot())
    counter.sites.away = True

    with pytest.raises(StoreUnavailable):
        await counter.offers.open("pickup")


async def test_a_change_is_offered_what_has_room_for_the_household_and_its_own_slot():
    counter = await town(
        slot(hour=10, places=1), slot(hour=11, kit=1, water=1), slot(hour=12, water=9), slot(hour=13, kit=5, water=40)
    )
    receipt = await ask(counter, 1, items=["kit", "water"], slot="school.pickup-20261124-1000")
    counter.clock.pass_(60)

    choices = await counter.offers.choices(request_of(counter, receipt))

    assert [offer.opening.id for offer in choices] == ["pickup-20261124-1000", "pickup-20261124-1300"]


async def test_an_appointment_says_what_the_slot_really_holds_for_the_household():
    counter = await town(slot(kit=25))
    receipt = await ask(counter, 1, items=["kit", "water"])

    appointment = await counter.offers.appointment(request_of(counter, receipt))

    assert appointment is not None
    assert appointment.site is not None
    assert [(line.item, line.units) for line in appointment.lines] == [("kit", 1)]
    assert [(line.item, line.units) for line in appointment.missing] == [("water", 12)]


async def test_an_appointment_stays_readable_while_the_sites_are_away():
    counter = await town(slot(kit=25))
    receipt = await ask(counter, 1)
    counter.sites.away = True
    offers = Offers(counter.sites, Slots(counter.sites, counter.clock), counter.catalog, counter.clock)

    appointment = await offers.appointment(request_of(counter, receipt))

    assert appointment is not None
    assert (appointment.site, appointment.booking.state) == (None, "confirmed")
    assert [line.item for line in appointment.lines] == ["kit"]


@pytest.mark.parametrize("state", ["already", "ended"])
async def test_a_household_served_before_is_told_no_details(state: str):
    counter = await town(slot(kit=25))
    request = request_of(counter, await ask(counter, 1))
    told = with_booking(request, msgspec.structs.replace(booked(request), state=state))

    appointment = await counter.offers.appointment(told)

    assert appointment is not None
    assert (appointment.site, appointment.place, appointment.lines) == (None, None, ())


async def test_a_request_without_a_booking_has_no_appointment():
    counter = PickupCounter()
    receipt = await counter.submit()

    assert await counter.offers.appointment(request_of(counter, receipt)) is None


async def test_a_resident_confirms_changes_and_withdraws_with_the_access_code():
    counter = await town(slot(hour=10, places=1), slot(hour=11), slot(hour=12))
    await ask(counter, 1, slot="school.pickup-20261124-1000")
    receipt = await ask(counter, 2, slot="school.pickup-20261124-1000")
    pair = receipt.reference, receipt.access_code

    held = booking_of(request_of(counter, receipt))
    confirmed = booking_of(await counter.residents.confirm_place(*pair))
    changed = booking_of(await counter.residents.choose_place(*pair, "school.pickup-20261124-1200"))
    await counter.requests.withdraw(*pair)
    await counter.run_workers()

    assert [b.state for b in (held, confirmed, changed) if b] == ["held", "confirmed", "confirmed"]
    assert changed is not None
    assert changed.place is not None
    assert changed.place.slot == "pickup-20261124-1200"
    whole = await counter.keeping.site("school")
    assert [s.free_places for s in whole.slots.values()] == [0, 25, 25]
