"""A place changes hands as often as anybody likes, and no document grows without end."""

import msgspec
import pytest

from services.errors import WriteConflict
from services.intake.service import Receipt
from services.pickup.booking import progress
from services.pickup.booking.choosing import choice
from services.pickup.booking.state import MOST_ASKED, MOST_CHOICES, Apportioned, Place
from services.pickup.counter.counter import HandOver
from services.pickup.entitlement.quotas import Quota
from services.pickup.errors import NoSuchSlot, PlaceChangedTooOften
from services.pickup.part import booked, with_booking
from services.pickup.slots import turns
from services.pickup.slots.turns import MANY_ENDED, MOST_ENTRIES, key_of
from services.pickup.stock.sites import Entry, EntryState, Slot
from tests.counter import HANAKO, SERVICE_PHONE, SUPERVISOR
from tests.pickup import answers
from tests.services.pickup.town import MORNING, NOON, Town

MORNING_ID = MORNING.partition(".")[2]


@pytest.fixture
async def town() -> Town:
    town = Town()
    await town.open(2, 2)
    return town


async def choose(town: Town, receipt: Receipt, slot: str) -> str:
    """Choose a slot as its resident does, and return the code of the refusal, if it is one."""
    try:
        await town.counter.residents.choose_place(receipt.reference, receipt.access_code, slot)
    except PlaceChangedTooOften as refusal:
        return refusal.code
    finally:
        await town.counter.run_workers()
    return ""


async def use_up_choices(town: Town, receipt: Receipt) -> None:
    for n in range(MOST_CHOICES):
        assert await choose(town, receipt, MORNING if n % 2 else NOON) == ""


async def tend(town: Town) -> None:
    town.counter.clock.pass_(1)
    await town.counter.tending.tend("school", MORNING_ID)


def put_entries(town: Town, entries: dict[str, Entry]) -> None:
    """Let a slot hold entries besides its own."""
    known = town.slot(MORNING)
    changed = msgspec.structs.replace(known, entries={**known.entries, **entries})
    town.counter.sites.documents["school", MORNING_ID] = changed


def crowd(town: Town, receipt: Receipt) -> None:
    """Let the morning hold as many ended entries as it may, of rounds that the request is past."""
    put_entries(town, {key_of(receipt.reference, -n): Entry(state="ended") for n in range(MOST_ENTRIES)})


def live(slot: Slot) -> list[str]:
    return [key for key, entry in slot.entries.items() if entry.state != "ended"]


def state_of(slot: Slot, key: str) -> EntryState | None:
    entry = slot.entries.get(key)
    return entry.state if entry else None


def adds_up(town: Town) -> None:
    for name in (MORNING, NOON):
        slot = town.slot(name)
        assert slot.free_places + len(live(slot)) == slot.places
        assert slot.free["kit"] + len(live(slot)) == slot.allotted["kit"]


async def test_a_receipt_that_alternates_hundreds_of_times_lets_nothing_grow_and_is_still_served(town: Town):
    receipt = await town.ask(slot=MORNING)

    for n in range(400):
        refused = await choose(town, receipt, MORNING if n % 2 else NOON)
        assert refused == ("place_changed_too_often" if n >= MOST_CHOICES and n % 2 == 0 else "")

    assert len(town.slot(MORNING).entries) + len(town.slot(NOON).entries) == MOST_CHOICES + 1
    assert len(msgspec.json.encode(town.request(receipt))) < 8_000
    adds_up(town)
    handed = HandOver(id="hand-over-0001", receiver="household")
    assert (await town.counter.handing.hand_over(receipt.reference, handed, HANAKO)).handed_over
    await town.later(30 * 3600)
    assert [list(town.slot(name).entries) for name in (MORNING, NOON)] == [[f"{receipt.reference}.21"], []]


async def test_many_receipts_made_and_withdrawn_let_a_slot_be_tended_at_once_and_leave_nothing_there(town: Town):
    for _ in range(MANY_ENDED + 1):
        await town.withdraw(await town.ask(slot=MORNING))
    assert await town.counter.tending.run() == 0

    await town.withdraw(await town.ask(slot=MORNING))
    assert await town.counter.tending.run() == 1

    assert town.slot(MORNING).entries == {}
    adds_up(town)


# What a resident may choose


async def test_a_refused_choice_names_the_number_to_call(town: Town):
    receipt = await town.ask(slot=MORNING)
    await use_up_choices(town, receipt)

    with pytest.raises(PlaceChangedTooOften) as refused:
        await town.counter.residents.choose_place(receipt.reference, receipt.access_code, NOON)

    assert refused.value.phone == SERVICE_PHONE


async def test_a_repeat_of_the_last_choice_is_answered_when_no_other_is_left(town: Town):
    receipt = await town.ask(slot=MORNING)
    await use_up_choices(town, receipt)
    assert town.place(receipt) == MORNING

    assert await choose(town, receipt, MORNING) == ""
    assert await choose(town, receipt, NOON) == "place_changed_too_often"
    assert town.place(receipt) == MORNING


async def test_a_change_that_is_under_way_goes_on_when_no_other_is_left(town: Town):
    receipt = await town.ask(slot=MORNING)
    for n in range(MOST_CHOICES - 1):
        await choose(town, receipt, MORNING if n % 2 else NOON)
    town.counter.sites.overtaken = 8
    with pytest.raises(Exception, match="refused 8 times"):
        await town.counter.residents.choose_place(receipt.reference, receipt.access_code, MORNING)
    assert (town.booking(receipt).state, town.booking(receipt).choices) == ("changing", MOST_CHOICES)

    assert await choose(town, receipt, MORNING) == ""

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", MORNING)


async def test_a_choice_whose_reply_was_lost_counts_once(town: Town):
    receipt = await town.ask(slot=MORNING)
    town.counter.store.lose_replies = 1

    await choose(town, receipt, NOON)

    assert (town.place(receipt), town.booking(receipt).choices) == (NOON, 1)


async def test_a_choice_of_a_slot_without_room_counts_too(town: Town):
    for _ in range(4):
        await town.ask()
    waits = await town.ask()

    for _ in range(MOST_CHOICES):
        await choose(town, waits, NOON)

    assert town.booking(waits).state == "waiting"
    assert await choose(town, waits, NOON) == "place_changed_too_often"


async def test_what_the_clock_and_staff_change_is_neither_counted_nor_refused(town: Town):
    receipt = await town.ask(slot=MORNING)
    await use_up_choices(town, receipt)

    await town.counter.keeping.close_slot("school", MORNING_ID, SUPERVISOR)
    await town.later(60)

    assert (town.booking(receipt).state, town.place(receipt)) == ("held", NOON)
    assert town.booking(receipt).choices == MOST_CHOICES
    await town.counter.residents.confirm_place(receipt.reference, receipt.access_code)
    assert town.booking(receipt).state == "confirmed"


async def test_a_request_remembers_the_latest_slots_without_room(town: Town):
    receipt = await town.ask()
    asks = Place(site="school", slot="pickup-latest", round=2)
    asked = tuple(f"school.pickup-{n}" for n in range(MOST_ASKED))
    booking = msgspec.structs.replace(town.booking(receipt), asks=asks, asked=asked)

    left = booked(progress.not_there(with_booking(town.request(receipt), booking), asks))

    assert left
    assert left.asked == (*asked[1:], asks.name)


# Ended entries


async def test_an_ended_entry_stays_until_its_request_is_past_its_round(town: Town):
    receipt = await town.ask(slot=MORNING)
    put_entries(town, {f"{receipt.reference}.7": Entry(state="ended"), "UNKNOWN.1": Entry(state="ended")})

    await tend(town)

    assert set(town.slot(MORNING).entries) == {f"{receipt.reference}.{n}" for n in (1, 7)} | {"UNKNOWN.1"}


async def test_the_entry_that_a_request_asks_for_stays_as_a_mark(town: Town):
    receipt = await town.ask(slot=MORNING)
    request = town.request(receipt)
    asks = Place(site="school", slot=MORNING_ID, round=2)
    asking = msgspec.structs.replace(town.booking(receipt), state="changing", round=2, asks=asks)
    case = town.counter.case(receipt)
    town.counter.store.cases[receipt.reference] = msgspec.structs.replace(case, request=with_booking(request, asking))
    put_entries(town, {f"{receipt.reference}.2": Entry(state="ended")})

    await tend(town)

    assert state_of(town.slot(MORNING), f"{receipt.reference}.2") == "ended"


async def test_a_turn_that_is_made_while_a_slot_is_tended_is_not_lost(town: Town):
    receipt = await town.ask(slot=MORNING)
    await choose(town, receipt, NOON)
    other = await town.counter.submit("key-of-a-household-besides", service="kits", answers=answers(77, slot=MORNING))
    save = town.counter.sites.save

    async def take_first(site: str, documents: list) -> None:
        town.counter.sites.save = save
        await town.counter.advance.advance(other.reference)
        await save(site, documents)

    town.counter.sites.save = take_first
    await tend(town)

    assert list(town.slot(MORNING).entries) == [f"{other.reference}.1"]
    adds_up(town)


async def test_a_slow_worker_gives_back_what_it_took_after_the_mark_was_gone(town: Town):
    receipt = await town.counter.submit(service="kits", answers=answers(1, slot=MORNING))
    save = town.counter.quotas.save
    found: list[list[str]] = []

    async def write_late(quota: Quota) -> None:
        town.counter.quotas.save = save
        await town.withdraw(receipt)
        await tend(town)
        found.append(list(town.slot(MORNING).entries))
        await save(quota)

    town.counter.quotas.save = write_late
    await town.counter.advance.advance(receipt.reference)

    assert found == [[]]
    assert state_of(town.slot(MORNING), f"{receipt.reference}.1") == "ended"
    assert not any(receipt.reference in quota.grants for quota in town.counter.quotas.quotas.values())
    adds_up(town)


@pytest.mark.parametrize("ends", ["moved on", "withdrawn"])
async def test_a_write_that_comes_after_the_mark_was_gone_is_given_back_when_the_slot_is_tended(town: Town, ends: str):
    receipt = await town.ask(slot=MORNING)
    late = turns.reserve(("kit",), f"{receipt.reference}.1", {"kit": 1}, until=None, is_newcomer=True)
    await (choose(town, receipt, NOON) if ends == "moved on" else town.withdraw(receipt))
    await tend(town)
    assert town.slot(MORNING).entries == {}
    assert await town.counter.sites.turn("school", MORNING_ID, late)

    await tend(town)

    assert live(town.slot(MORNING)) == []
    adds_up(town)
    await tend(town)
    assert town.slot(MORNING).entries == {}


async def test_a_slot_that_is_over_keeps_what_was_collected_alone(town: Town):
    receipt, missed = await town.ask(slot=MORNING), await town.ask(slot=MORNING)
    handed = HandOver(id="hand-over-0001", receiver="household")
    await town.counter.handing.hand_over(receipt.reference, handed, HANAKO)

    await town.later(30 * 3600)

    assert town.booking(missed).state == "missed"
    assert [entry.state for entry in town.slot(MORNING).entries.values()] == ["collected"]


# A crowded slot


async def test_a_crowded_slot_takes_nobody_until_it_was_tended_and_that_is_at_once(town: Town):
    first = await town.ask(slot=MORNING)
    crowd(town, first)
    town.counter.clock.pass_(5)

    with pytest.raises(NoSuchSlot):
        await town.counter.reservations.choose(town.request(await town.ask(slot=NOON)), MORNING)
    second = await town.ask(slot=MORNING)
    assert town.place(second) == NOON
    assert MORNING not in [offer.opening.name for offer in await town.counter.offers.open("pickup")]

    await town.counter.tending.run()
    town.counter.clock.pass_(5)

    assert list(town.slot(MORNING).entries) == [f"{first.reference}.1"]
    assert town.place(await town.ask(slot=MORNING)) == MORNING


async def test_who_waits_is_called_to_a_crowded_slot_once_it_was_tended(town: Town):
    receipts = [await town.ask() for _ in range(5)]
    waits = receipts[-1]
    crowd(town, receipts[0])
    town.counter.clock.pass_(5)

    await town.withdraw(receipts[1])
    assert town.booking(waits).state == "waiting"
    await town.counter.tending.run()

    assert (town.booking(waits).state, town.place(waits)) == ("held", MORNING)


async def test_a_crowded_slot_hands_over(town: Town):
    receipt = await town.ask(slot=MORNING)
    crowd(town, receipt)

    handed = HandOver(id="hand-over-0001", receiver="household")

    assert (await town.counter.handing.hand_over(receipt.reference, handed, HANAKO)).handed_over


async def test_a_crowded_slot_takes_the_households_of_its_own_split(town: Town):
    receipt = await town.ask()
    [opening, _] = await town.counter.sites.openings(town.counter.clock.now)
    crowded = msgspec.structs.replace(opening, entry_count=MOST_ENTRIES)
    share = Apportioned(slot=MORNING, lines={"kit": 1})
    apportioned = msgspec.structs.replace(town.booking(receipt), state="called", wish=MORNING, apportioned=share)

    assert choice([crowded], apportioned) == crowded
    assert choice([crowded], msgspec.structs.replace(apportioned, apportioned=None)) is None


# Documents that are full all the same


async def test_a_slot_whose_document_is_full_keeps_nobody_from_the_next(town: Town):
    town.counter.sites.full = {MORNING_ID}

    receipt = await town.ask(slot=MORNING)

    assert (town.booking(receipt).state, town.place(receipt)) == ("held", NOON)


async def test_tending_goes_on_after_a_slot_that_is_full(town: Town):
    await town.ask(slot=NOON)
    town.counter.sites.full = {MORNING_ID}

    await town.later(30 * 3600)

    assert town.slot(MORNING).is_open
    assert not town.slot(NOON).is_open


async def test_a_request_that_is_full_keeps_no_other_in_its_slot(town: Town):
    full, other = await town.ask(slot=MORNING), await town.ask(slot=MORNING)
    town.counter.store.full = {full.reference}

    await town.later(30 * 3600)

    assert (town.booking(full).state, town.booking(other).state) == ("confirmed", "missed")


async def test_a_household_that_cannot_be_called_keeps_nobody_behind_it(town: Town):
    receipts = [await town.ask() for _ in range(6)]
    town.counter.store.full = {receipts[4].reference}

    await town.withdraw(receipts[0])

    assert [town.booking(receipt).state for receipt in receipts[4:]] == ["waiting", "held"]


async def test_a_slot_that_is_overtaken_again_and_again_keeps_no_other_waiting(town: Town):
    save = town.counter.sites.save

    async def overtaken(site: str, documents: list) -> None:
        if any(document.id == MORNING_ID for document in documents):
            raise WriteConflict("412")
        await save(site, documents)

    town.counter.sites.save = overtaken
    town.counter.clock.pass_(30 * 3600)
    await town.counter.tending.run()

    assert not town.slot(NOON).is_open
