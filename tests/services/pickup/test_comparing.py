"""Nothing hides behind a cap: whoever shares more is compared first, and it is said where somebody was left out."""

import asyncio
import itertools
from typing import Any

import msgspec
import pytest

from services.case.request import Case, Request
from services.pickup.households import comparing
from services.pickup.households.comparing import MOST_COMPARED, PAGE, compare
from services.pickup.households.matching import MOST_NAMED
from services.pickup.households.searching import MOST_FOUND, Wanted
from services.pickup.part import booked, with_booking
from tests.counter import HANAKO
from tests.services.pickup.town import Town

ESTATE = "見本市団地町1-2-3"
TWIN = {"name": "見本 花子", "kana": "ミホン ハナコ", "address": f"{ESTATE} 5-101"}


@pytest.fixture
async def estate() -> Town:
    """Return a town where one household of an estate asked for kits."""
    town = Town()
    await town.open(10)
    await town.ask(1, **TWIN)
    return town


def fill(town: Town, number: int, **answers: Any) -> None:
    """Put neighbours before all others: of another name, and another door of one address."""
    [known, *_] = town.counter.store.cases.values()
    for n in range(number):
        reference = f"0000-0000-{n:04}"
        said = {"name": f"例示 {n}", "kana": "レイジ ジロウ", "address": f"{ESTATE} 9-{n}", **answers}
        blocks = (f"a:{ESTATE}",) if "kana" not in answers else ("k:ミホンハナコ",)
        town.counter.store.cases[reference] = Case(_another(known.request, reference, said, blocks), {})


def _another(known: Request, reference: str, said: dict[str, Any], blocks: tuple[str, ...]) -> Request:
    booking = msgspec.structs.replace(booked(known), household=f"key of {reference}", blocks=blocks)
    contact = msgspec.structs.replace(known.contact, phone=None)
    other = msgspec.structs.replace(
        known, id=reference, reference=reference, answers=known.answers | said, contact=contact
    )
    return with_booking(other, booking)


async def found_for(town: Town, **changes: Any) -> tuple[list[str], list[str]]:
    """Let a household ask; return the references that its history names, and its events."""
    request = town.request(await town.ask(2, **changes))
    named = [event.note or "" for event in request.history if event.event == "possible_duplicate"]
    return [reference for note in named for reference in note.split()], [event.event for event in request.history]


async def test_the_true_match_is_found_behind_300_neighbours(estate: Town):
    [twin] = estate.counter.store.cases
    fill(estate, 300)

    found, events = await found_for(estate, **TWIN | {"kana": "ミホン ハナエ"})

    assert found == [twin]
    assert "not_all_compared" not in events


async def test_the_counter_finds_whom_it_looks_for_behind_300_neighbours(estate: Town):
    [twin] = estate.counter.store.cases
    fill(estate, 300)

    results = await estate.counter.searching.search(Wanted(kana="ミホン ハナコ", address=ESTATE), "r", HANAKO)

    assert results.found[0].request.reference == twin
    assert len(results.found) == MOST_FOUND
    assert results.is_cut, "more share the address than are listed"


async def test_a_list_of_all_is_not_said_to_be_cut(estate: Town):
    fill(estate, MOST_FOUND - 1)

    results = await estate.counter.searching.search(Wanted(kana="ミホン ハナコ", address=ESTATE), "r", HANAKO)

    assert (len(results.found), results.is_cut) == (MOST_FOUND, False)


async def test_who_shares_two_kinds_is_compared_where_those_who_share_one_are_too_many(estate: Town):
    [twin] = estate.counter.store.cases
    fill(estate, MOST_COMPARED + 10)

    found, events = await found_for(estate, **TWIN | {"address": ESTATE})
    results = await estate.counter.searching.search(Wanted(kana="ミホン ハナコ", address=ESTATE), "r", HANAKO)

    assert "not_all_compared" in events
    assert found == [twin]
    assert twin in [one.request.reference for one in results.found[:2]]
    assert results.is_cut


async def test_more_possible_duplicates_than_the_history_names_are_said_to_be_more(estate: Town):
    fill(estate, MOST_NAMED, name="見本 花子", kana="ミホン ハナコ")

    found, events = await found_for(estate, name="見本 花子", kana="ミホン ハナコ", address=ESTATE)

    assert len(found) == MOST_NAMED
    assert "not_all_named" in events


@pytest.mark.parametrize("number", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
async def test_everybody_is_compared_once(estate: Town, number: int):
    fill(estate, number)
    judged: list[str] = []

    async def judge(alike: Any) -> str:
        judged.append(alike.reference)
        return str(alike.reference)

    compared = await compare(estate.counter.bookings, (f"a:{ESTATE}", "k:ミホンハナコ"), judge)

    assert sorted(judged) == sorted(estate.counter.store.cases)
    assert (sorted(compared.found), compared.is_cut) == (sorted(judged), False)


async def test_what_one_page_holds_is_asked_for_once(estate: Town):
    estate.counter.store.calls.clear()

    async def judge(alike: Any) -> None:
        return None

    await compare(estate.counter.bookings, (f"a:{ESTATE}", "k:ミホンハナコ"), judge)

    assert estate.counter.store.calls == ["sharing"]


async def test_other_calls_run_between_the_slices_of_a_long_comparison(estate: Town):
    fill(estate, 10 * comparing.AT_A_TIME)
    turns: list[str] = []

    async def other() -> None:
        for _ in range(5):
            turns.append("other")
            await asyncio.sleep(0)

    async def judge(alike: Any) -> None:
        turns.append("judged")

    await asyncio.gather(compare(estate.counter.bookings, (f"a:{ESTATE}",), judge), other())

    assert list(itertools.pairwise(turns)).count(("judged", "other")) > 1
