"""A household asks for a place; the slot decides, the request follows."""

from collections.abc import Awaitable, Callable

import pytest

from services.errors import StoreUnavailable
from services.intake.service import Receipt
from services.pickup.booking import progress
from services.pickup.counter.counter import HandOver
from services.pickup.errors import NoSuchSlot, PlaceGone
from services.pickup.slots import turns
from tests.counter import HANAKO, SUPERVISOR
from tests.pickup import OFFICER, answers, slot
from tests.services.pickup.town import MORNING, NOON, Town


@pytest.fixture
async def town() -> Town:
    town = Town()
    await town.open(2, 2)
    return town


async def test_a_household_without_a_wish_gets_the_earliest_place(town: Town):
    receipt = await town.ask()

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", MORNING)
    assert (town.slot(MORNING).free_places, town.slot(MORNING).free) == (1, {"kit": 1})
    assert not town.request(receipt).pending


async def test_a_household_gets_the_slot_it_chose(town: Town):
    receipt = await town.ask(slot=NOON)

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", NOON)


async def test_a_slot_that_was_opened_just_now_can_be_chosen(town: Town):
    await town.ask()
    opened = await town.counter.keeping.open_slot("school", slot(hour=15, places=1), OFFICER)

    receipt = await town.ask(slot=f"school.{opened.id}")

    assert town.booking(receipt).state == "confirmed"


async def test_who_is_called_from_the_line_lists_no_slots_anew_for_a_wish_that_is_gone(town: Town):
    first, *_ = [await town.ask() for _ in range(4)]
    waits = await town.ask(slot="school.pickup-20200101-1000")
    before = town.counter.sites.calls.count("openings")

    await town.withdraw(first)

    assert town.booking(waits).state == "held"
    assert town.counter.sites.calls.count("openings") - before == 2, "to see who may be called, and whether one fits"


async def test_where_the_chosen_slot_is_full_another_is_held_until_it_is_confirmed(town: Town):
    for _ in range(2):
        await town.ask(slot=NOON)

    late = await town.ask(slot=NOON)

    assert (town.booking(late).state, town.place(late)) == ("held", MORNING)
    assert town.booking(late).until
    assert [task.kind for task in town.request(late).tasks] == ["prepare-supplies", "notice"]


async def test_a_confirmed_hold_stays(town: Town):
    for _ in range(2):
        await town.ask(slot=NOON)
    late = await town.ask(slot=NOON)

    await town.counter.reservations.confirm(town.request(late))
    await town.later(24 * 3600)

    assert "place_confirmed" in [event.event for event in town.request(late).history]
    assert town.slot(MORNING).entries[f"{late.reference}.2"].state != "held"


async def test_a_hold_that_nobody_confirms_goes_back(town: Town):
    for _ in range(2):
        await town.ask(slot=NOON)
    late = await town.ask(slot=NOON)

    await town.later(13 * 3600)

    assert town.booking(late).state == "expired"
    assert town.slot(MORNING).free == {"kit": 2}
    with pytest.raises(PlaceGone):
        await town.counter.reservations.confirm(town.request(late))


async def test_nobody_gets_more_than_there_is(town: Town):
    receipts = [await town.ask() for _ in range(6)]

    states = [town.booking(receipt).state for receipt in receipts]
    assert states == ["confirmed"] * 4 + ["waiting"] * 2
    assert (town.slot(MORNING).free, town.slot(NOON).free) == ({"kit": 0}, {"kit": 0})


async def test_a_place_that_comes_back_goes_to_whoever_waits_longest(town: Town):
    receipts = [await town.ask() for _ in range(6)]

    await town.withdraw(receipts[1])
    await town.counter.run_workers()

    assert [town.booking(r).state for r in receipts[4:]] == ["held", "waiting"]
    assert town.place(receipts[4]) == MORNING


async def test_a_newcomer_does_not_overtake_those_who_wait(town: Town):
    receipts = [await town.ask() for _ in range(5)]
    town.counter.sites.away = True
    with pytest.raises(StoreUnavailable):
        await town.withdraw(receipts[0])
    town.counter.sites.away = False

    newcomer = await town.ask()
    await town.later(120)

    assert [town.booking(r).state for r in (receipts[4], newcomer)] == ["held", "waiting"]


async def test_newcomers_take_places_again_when_nobody_waits(town: Town):
    receipts = [await town.ask() for _ in range(5)]
    for receipt in receipts[:3]:
        await town.withdraw(receipt)
    await town.later(60)

    newcomer = await town.ask()

    assert town.booking(newcomer).state == "confirmed"


async def test_a_household_that_waits_and_withdraws_is_not_called(town: Town):
    receipts = [await town.ask() for _ in range(6)]

    await town.withdraw(receipts[4])
    await town.withdraw(receipts[0])
    await town.counter.run_workers()

    assert town.booking(receipts[5]).state == "held"


async def test_a_withdrawn_place_and_its_units_go_back(town: Town):
    receipt = await town.ask()

    await town.withdraw(receipt)

    assert (town.slot(MORNING).free_places, town.slot(MORNING).free) == (2, {"kit": 2})
    assert town.slot(MORNING).entries[f"{receipt.reference}.1"].state == "ended"


async def test_a_worker_that_comes_after_the_withdrawal_takes_nothing(town: Town):
    receipt = await town.counter.submit(service="kits", answers=answers(1))
    case = town.counter.case(receipt)
    await town.counter.requests.withdraw(receipt.reference, receipt.access_code)

    await town.counter.reservations.reserve(case, "reserve.1", case.request.pending["reserve.1"])

    assert town.slot(MORNING).free == {"kit": 2}


async def test_a_change_takes_the_new_place_before_it_gives_the_old_one_back(town: Town):
    receipt = await town.ask()

    await town.counter.reservations.choose(town.request(receipt), NOON)
    await town.counter.run_workers()

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", NOON)
    assert (town.slot(MORNING).free, town.slot(NOON).free) == ({"kit": 2}, {"kit": 1})


async def test_a_change_to_a_full_slot_leaves_the_place_there_was(town: Town):
    for _ in range(2):
        await town.ask(slot=NOON)
    receipt = await town.ask(slot=MORNING)

    await town.counter.reservations.choose(town.request(receipt), NOON)

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", MORNING)


async def test_a_slot_that_nobody_opened_cannot_be_chosen(town: Town):
    receipt = await town.ask()

    with pytest.raises(NoSuchSlot):
        await town.counter.reservations.choose(town.request(receipt), "school.pickup-20261130-1000")


async def test_a_household_is_granted_once_under_a_policy(town: Town):
    first = await town.ask(7)
    second = await town.ask(7)

    assert [town.booking(r).state for r in (first, second)] == ["confirmed", "already"]
    assert town.slot(MORNING).free == {"kit": 1}
    assert [t.reason for t in town.counter.case(second).tasks.values() if t.kind == "review"] == ["served_before"]


async def test_the_grant_of_a_withdrawn_request_is_void(town: Town):
    first = await town.ask(7)
    await town.withdraw(first)

    second = await town.ask(7)

    assert town.booking(second).state == "confirmed"


async def test_a_grant_that_a_crash_left_behind_is_void(town: Town):
    first = await town.ask(7)
    town.counter.quotas.away = True
    with pytest.raises(StoreUnavailable):
        await town.withdraw(first)
    town.counter.quotas.away = False

    second = await town.ask(7)

    assert town.booking(second).state == "confirmed"


async def test_a_household_that_waits_keeps_no_grant_from_others_of_it(town: Town):
    for _ in range(4):
        await town.ask()
    waiting = await town.ask(7)

    assert town.booking(waiting).state == "waiting"
    assert not any(waiting.reference in quota.grants for quota in town.counter.quotas.quotas.values())


async def overtaken(town: Town, meanwhile: Callable[[Receipt], Awaitable[None]], port: object, before: str) -> Receipt:
    """Let a household find no room, and a place come free before a call of a port."""
    others = [await town.ask() for _ in range(4)]
    receipt = await town.counter.submit("key-of-the-resident-0099", service="kits", answers=answers(99))
    call = getattr(port, before)

    async def late(*arguments: object) -> object:
        setattr(port, before, call)
        await town.withdraw(others[0])
        await meanwhile(receipt)
        return await call(*arguments)

    setattr(port, before, late)
    await town.counter.advance.advance(receipt.reference)
    return receipt


def granted(town: Town, receipt: Receipt) -> int:
    return sum(receipt.reference in quota.grants for quota in town.counter.quotas.quotas.values())


async def test_a_step_that_found_a_place_elsewhere_meanwhile_keeps_it_with_its_grants(town: Town):
    async def elsewhere(receipt: Receipt) -> None:
        await town.counter.advance.advance(receipt.reference)

    receipt = await overtaken(town, elsewhere, town.counter.sites, "mark_line")

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", MORNING)
    assert granted(town, receipt) == 1


async def test_a_household_for_which_a_place_is_taken_elsewhere_does_not_lose_its_turn(town: Town):
    async def take_elsewhere(receipt: Receipt) -> None:
        [morning, *_] = await town.counter.slots.openings()
        case = town.counter.case(receipt)
        await town.counter.store.save(case, (progress.ask(case.request, morning),))
        key = turns.key_of(receipt.reference, 1)
        turn = turns.reserve(morning.items, key, {"kit": 1}, until=None, is_newcomer=True)
        assert await town.counter.slots.reserve(morning, turn)

    receipt = await overtaken(town, take_elsewhere, town.counter.sites, "mark_line")

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", MORNING)
    assert granted(town, receipt) == 1


async def test_a_household_that_is_called_before_it_has_given_its_grants_up_keeps_what_it_takes_then(town: Town):
    async def nothing(_: Receipt) -> None: ...

    receipt = await overtaken(town, nothing, town.counter.quotas, "read")

    assert (town.booking(receipt).state, town.place(receipt)) == ("held", MORNING)
    assert granted(town, receipt) == 1


async def test_a_request_that_may_be_of_the_same_household_is_served_and_shown_to_a_person(town: Town):
    await town.ask(7)
    alike = await town.ask(7, kana="ミホン ジロオ")

    assert town.booking(alike).state == "confirmed"
    assert "possible_duplicate" in [t.reason for t in town.counter.case(alike).tasks.values()]


async def test_a_lost_reply_of_the_slot_is_no_second_place(town: Town):
    town.counter.sites.lose_replies = 1

    receipt = await town.ask()

    assert town.booking(receipt).state == "confirmed"
    assert town.slot(MORNING).free == {"kit": 1}


async def test_a_slot_that_refuses_what_it_has_room_for_is_asked_again(town: Town):
    town.counter.sites.overtaken = 3

    receipt = await town.ask()

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", MORNING)


async def test_what_nobody_collected_goes_back_to_the_site_after_the_slot(town: Town):
    receipt = await town.ask()
    before = (await town.counter.keeping.site("school")).stock.unallotted("kit")

    await town.later(30 * 3600)

    assert town.booking(receipt).state == "missed"
    whole = await town.counter.keeping.site("school")
    assert whole.stock.unallotted("kit") == before + 4
    assert whole.stock.on_hand == {"kit": 1000}


async def test_a_household_of_a_closed_slot_is_given_another_place(town: Town):
    receipt = await town.ask()

    await town.counter.keeping.close_slot("school", "pickup-20261124-1000", SUPERVISOR)
    await town.later(60)

    assert (town.booking(receipt).state, town.place(receipt)) == ("held", NOON)
    assert "place_moved" in [event.event for event in town.request(receipt).history]


async def test_a_household_of_a_closed_slot_waits_first_where_there_is_no_room(town: Town):
    receipts = [await town.ask() for _ in range(4)]

    await town.counter.keeping.close_slot("school", "pickup-20261124-1000", SUPERVISOR)
    await town.later(60)

    assert [town.booking(r).state for r in receipts] == ["waiting", "waiting", "confirmed", "confirmed"]


async def test_a_household_keeps_its_place_where_the_slot_it_just_changes_to_is_closed(town: Town):
    receipt = await town.ask()
    town.counter.sites.overtaken = 8
    with pytest.raises(StoreUnavailable):
        await town.counter.reservations.choose(town.request(receipt), NOON)
    asks = town.booking(receipt).asks
    assert asks
    noon = next(opening for opening in await town.counter.slots.openings() if opening.name == NOON)
    turn = turns.reserve(
        noon.items, turns.key_of(receipt.reference, asks.round), {"kit": 1}, until=None, is_newcomer=False
    )
    assert await town.counter.slots.reserve(noon, turn), "taken, and killed before the request followed"

    await town.counter.keeping.close_slot("school", "pickup-20261124-1100", SUPERVISOR)
    await town.counter.tending.tend("school", "pickup-20261124-1100")

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", MORNING)
    assert town.slot(MORNING).entries[f"{receipt.reference}.1"].state == "confirmed"
    assert f"{receipt.reference}.2" not in town.slot(NOON).entries
    assert "place_kept" in [event.event for event in town.request(receipt).history]


async def test_a_hand_over_while_a_change_goes_on_leaves_nothing_held_elsewhere(town: Town):
    receipt = await town.ask()
    town.counter.sites.overtaken = 8
    with pytest.raises(StoreUnavailable):
        await town.counter.reservations.choose(town.request(receipt), NOON)
    assert (town.booking(receipt).state, town.booking(receipt).asks is not None) == ("changing", True)

    await town.counter.handing.hand_over(receipt.reference, HandOver(id="hand-0001", receiver="household"), HANAKO)
    await town.later(120)

    assert (town.booking(receipt).state, town.place(receipt)) == ("collected", MORNING)
    assert (town.slot(MORNING).free, town.slot(NOON).free) == ({"kit": 1}, {"kit": 2})
    assert not town.request(receipt).pending


async def test_items_that_a_slot_does_not_hand_out_are_left_out(town: Town):
    receipt = await town.ask(items=["kit", "water"])

    assert town.slot(MORNING).lines(f"{receipt.reference}.1") == {"kit": 1}


async def test_a_request_is_not_complete_while_its_place_waits(town: Town):
    receipt = await town.ask()

    await town.work()

    assert town.request(receipt).status == "accepted"


async def test_a_household_may_withdraw_until_its_supplies_are_collected(town: Town):
    receipt = await town.ask()
    await town.work()

    await town.withdraw(receipt)

    assert (town.request(receipt).status, town.booking(receipt).state) == ("withdrawn", "ended")
    assert town.slot(MORNING).free_places == 2


async def test_a_household_stays_in_line_when_its_task_is_done(town: Town):
    first, *_ = [await town.ask() for _ in range(4)]
    waits = await town.ask()
    for _ in range(5):
        await town.work()

    await town.withdraw(first)

    assert town.booking(waits).state == "held"


async def test_who_did_not_confirm_in_time_may_still_choose_when_the_task_is_done(town: Town):
    held = [await town.ask(slot=MORNING) for _ in range(3)][-1]
    for _ in range(3):
        await town.work()
    await town.later(13 * 3600)
    assert (town.booking(held).state, town.request(held).status) == ("expired", "accepted")

    await town.counter.residents.choose_place(held.reference, held.access_code, NOON)

    assert town.place(held) == NOON
