"""Households found by what they share, and by the folding they were made with."""

import asyncio
import itertools

import pytest

from services.case.request import Request
from services.pickup.booking.state import Booking
from services.pickup.households.alike import Alike
from services.pickup.households.comparing import compare
from services.pickup.part import with_booking
from stores.case import CosmosRequests
from stores.pickup.bookings import CosmosBookings
from tests.fakes import Noted
from tests.stores.documents import request_of
from wiring import PARTS
from wiring.app import App

KANA, LAND, PHONE = "k:ミホンハナコ", "a:見本市中央1-2-3", "t:09000000001"


@pytest.fixture
def store(app: App) -> CosmosRequests:
    return CosmosRequests(app.cosmos, PARTS, Noted())


@pytest.fixture
def found(app: App) -> CosmosBookings:
    return CosmosBookings(app.cosmos, Noted())


def booked(reference: str, *blocks: str, folding: int = 2) -> Request:
    booking = Booking(
        state="confirmed",
        method="pickup",
        since="2026-11-23T00:00:00.000000Z",
        members=2,
        lines={"kit": 1},
        household=f"key of {reference}",
        blocks=blocks,
        folding=folding,
    )
    return with_booking(request_of(reference), booking)


async def test_who_shares_more_kinds_of_evidence_is_listed_apart_in_pages_by_reference(
    store: CosmosRequests, found: CosmosBookings
):
    for number, blocks in enumerate([(KANA,), (LAND, PHONE), (KANA, LAND), ("k:レイジ",), (KANA, LAND, PHONE)]):
        await store.create(booked(f"R{number}", *blocks))

    async def references(kinds: int, after: str = "", limit: int = 10) -> list[str]:
        return [a.reference for a in await found.sharing((KANA, LAND, PHONE), kinds, after, limit)]

    assert await references(1) == ["R0", "R1", "R2", "R4"]
    assert await references(2) == ["R1", "R2", "R4"]
    assert await references(3) == ["R4"]
    assert await references(2, limit=2) == ["R1", "R2"]
    assert await references(2, after="R2") == ["R4"]


async def test_two_blocks_of_one_kind_are_one_kind_of_evidence(store: CosmosRequests, found: CosmosBookings):
    await store.create(booked("R1", KANA, LAND))

    assert await found.sharing((KANA, "k:ミホン\u1160ハナコ"), 2, "", 10) == []
    assert len(await found.sharing((KANA, "k:ミホン\u1160ハナコ"), 1, "", 10)) == 1
    assert await found.sharing((), 1, "", 10) == []


async def test_of_a_request_that_shares_something_what_is_compared_is_read(
    store: CosmosRequests, found: CosmosBookings
):
    request = booked("R1", KANA)
    await store.create(request)

    [alike] = await found.sharing((KANA,), 1, "", 10)

    assert (alike.service, alike.version, alike.status) == (request.service, request.version, "accepted")
    assert (alike.answers, alike.phone) == (request.answers, request.contact.phone)
    assert (alike.household, alike.formerly) == ("key of R1", ())


async def test_the_one_that_shares_more_is_compared_first_and_nobody_of_300_neighbours_is_left_out(
    store: CosmosRequests, found: CosmosBookings
):
    for some in itertools.batched(range(300), 20, strict=True):
        await asyncio.gather(*(store.create(booked(f"R{n:03}", LAND)) for n in some))
    await store.create(booked("Z", KANA, LAND))
    judged: list[str] = []

    async def judge(alike: Alike) -> str:
        judged.append(alike.reference)
        return alike.reference

    compared = await compare(found, (KANA, LAND, PHONE), judge)

    assert judged == ["Z", *(f"R{n:03}" for n in range(300))]
    assert (compared.found, compared.is_cut) == (judged, False)


async def test_bookings_of_an_older_folding_are_listed_and_those_of_before_are_of_the_first(
    store: CosmosRequests, found: CosmosBookings
):
    for reference, folding in (("R1", 1), ("R2", 2), ("R3", 1), ("R4", 3)):
        await store.create(booked(reference, KANA, folding=folding))
    await store.create(request_of("R5"))

    assert await found.folded_before(2, "", 10) == ["R1", "R3"]
    assert await found.folded_before(2, "R1", 10) == ["R3"]
    assert await found.folded_before(3, "", 2) == ["R1", "R2"]
