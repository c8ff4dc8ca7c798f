"""What may happen to a booking is one table: what happens beside it is an error, and the picture in the docs is drawn
from it."""

import re
from pathlib import Path

import pytest

from services.errors import StoreUnavailable
from services.intake.service import Receipt
from services.pickup.booking import transitions
from services.pickup.booking.state import HAS_PLACE, STATES, Booking, BookingState
from services.pickup.booking.transitions import TRANSITIONS, Transition
from services.pickup.errors import PlaceGone
from tests.pickup import OFFICER, slot
from tests.services.pickup.town import MORNING, NOON, Town

EVENING = "school.pickup-20261124-1800"
PAGE = Path("docs/bookings.md")


@pytest.fixture
async def town() -> Town:
    town = Town()
    await town.open(2, 2)
    await town.counter.keeping.open_slot("school", slot(hour=18, places=1), OFFICER)
    return town


def _drawing() -> str:
    """Draw the table as a Mermaid diagram; what may happen in more than half of the states comes from `any`."""
    arrows: dict[tuple[str, str], list[str]] = {("[*]", "looking"): ["a request asks for supplies"]}
    for one in TRANSITIONS:
        for state in one.before if len(one.before) < len(STATES) / 2 else ("any",):
            arrows.setdefault((state, one.after), []).append(one.what)
    lines = [f"    {before} --> {after}: {' / '.join(what)}\n" for (before, after), what in arrows.items()]
    return "".join(["stateDiagram-v2\n", '    state "nearly any" as any\n', *lines])


async def _begin_a_change(town: Town, receipt: Receipt, to: str) -> None:
    """Choose another slot at a time when no slot takes a turn: it is asked, and the answer is open."""
    town.counter.sites.overtaken = 8
    with pytest.raises(StoreUnavailable):
        await town.counter.reservations.choose(town.request(receipt), to)
    town.counter.sites.overtaken = 0
    assert (town.booking(receipt).state, town.booking(receipt).wish) == ("changing", to)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("transition", TRANSITIONS, ids=lambda one: one.what)
def test_a_booking_comes_from_state_to_state_as_the_table_says(transition: Transition, state: BookingState):
    booking = Booking(state=state, method="pickup", since="", members=1, lines={}, household="")

    if state in transition.before:
        assert transitions.after(transition, booking).state == transition.after
    else:
        with pytest.raises(ValueError, match=transition.what):
            transitions.after(transition, booking)


def test_every_state_can_be_left_and_reached():
    assert {state for one in TRANSITIONS for state in one.before} == set(STATES)
    assert {one.after for one in TRANSITIONS} == set(STATES)


def test_the_page_of_the_docs_shows_the_table():
    drawn = re.search(r"```mermaid\n(.+?)```", PAGE.read_text(), re.DOTALL)

    assert drawn
    assert drawn[1] == _drawing()
    assert all(f"| `{state}` |" in PAGE.read_text() for state in STATES)


async def _ask_without_an_answer(town: Town) -> Receipt:
    """Ask for supplies at a time when no slot takes a turn: the first slot is asked, and the answer is open."""
    town.counter.sites.overtaken = 8
    receipt = await town.ask()
    town.counter.sites.overtaken = 0
    assert (town.booking(receipt).state, town.booking(receipt).asks is not None) == ("looking", True)
    return receipt


async def test_who_chooses_while_a_slot_is_asked_gets_the_chosen_one_and_gives_the_other_back(town: Town):
    receipt = await _ask_without_an_answer(town)

    await town.counter.reservations.choose(town.request(receipt), EVENING)
    await town.later(60)

    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", EVENING)
    assert (town.slot(MORNING).free_places, town.slot(NOON).free_places) == (2, 2)


async def test_who_chooses_a_full_slot_while_another_is_asked_holds_that_other(town: Town):
    await town.ask(slot=EVENING)
    receipt = await _ask_without_an_answer(town)
    await town.ask(slot=MORNING)

    await town.counter.reservations.choose(town.request(receipt), EVENING)
    await town.later(60)

    assert (town.booking(receipt).state, town.place(receipt)) == ("held", MORNING)
    assert "place_kept" in [event.event for event in town.request(receipt).history]


async def test_a_choice_beside_another_that_is_under_way_is_refused(town: Town):
    receipt = await town.ask()
    as_read_before = town.request(receipt)
    await _begin_a_change(town, receipt, NOON)

    with pytest.raises(PlaceGone):
        await town.counter.reservations.choose(as_read_before, EVENING)

    await town.later(60)
    assert (town.booking(receipt).state, town.place(receipt)) == ("confirmed", NOON)


async def test_a_place_whose_slot_ends_before_the_chosen_one_is_certain_is_no_place_any_more(town: Town):
    receipt = await town.ask()
    await _begin_a_change(town, receipt, EVENING)
    await town.ask(slot=EVENING)
    town.counter.clock.pass_(28 * 3600)

    await town.counter.tending.tend("school", "pickup-20261124-1000")

    assert town.booking(receipt).state not in HAS_PLACE
    assert town.place(receipt) is None
    assert "place_missed" in [event.event for event in town.request(receipt).history]


async def test_a_hold_that_runs_out_before_the_chosen_slot_is_certain_is_no_place_any_more(town: Town):
    for _ in range(2):
        await town.ask(slot=NOON)
    receipt = await town.ask(slot=NOON)
    held, case = town.booking(receipt).place, town.counter.case(receipt)
    assert held
    assert held.name == MORNING
    await _begin_a_change(town, receipt, EVENING)
    town.counter.clock.now = town.booking(receipt).until or ""

    await town.counter.reservations.expire(case, held.expiry, case.request.pending[held.expiry])

    assert town.slot(MORNING).entries[f"{receipt.reference}.{held.round}"].state == "ended"
    assert town.booking(receipt).state not in HAS_PLACE
    await town.later(60)
    assert town.place(receipt) == EVENING


async def test_a_household_of_a_closed_slot_that_just_changed_its_place_is_moved_once(town: Town):
    receipt = await town.ask()
    await town.ask(slot=EVENING)
    await _begin_a_change(town, receipt, NOON)
    await town.ask(slot=NOON)

    await town.counter.keeping.close_slot("school", "pickup-20261124-1000", OFFICER)
    await town.counter.tending.tend("school", "pickup-20261124-1000")
    await town.later(60)

    assert (town.booking(receipt).state, town.place(receipt)) == ("held", NOON)
    assert [e.event for e in town.request(receipt).history].count("place_held") == 1
    assert town.booking(receipt).round == town.booking(receipt).place.round
    assert not [step for step in town.request(receipt).pending.values() if step.kind == "reserve"]
