"""Cosmos DB and Storage cover each other: for seconds, minutes or hours, before, during and after, in any order."""

import asyncio

import pytest

from services.case.request import Contact
from services.errors import StoreUnavailable
from services.intake.service import Receipt
from tests.counter import submission
from tests.reliability.faults import outage_of
from tests.reliability.world import ANSWERS, World

SECONDS = {"3 seconds": 3.0, "3 minutes": 180.0, "3 hours": 10_800.0}
ORDERS = ((0, 1, 2), (2, 1, 0), (1, 2, 0))
KEYS = ("key-sent-before-0000001", "key-sent-early-00000001", "key-sent-late-000000001")


async def submit(own: World, key: str) -> Receipt:
    """Send a request, as a browser that waits no longer than six seconds."""
    async with asyncio.timeout(6):
        receipt, _ = await own.app.requests.submit(submission(answers=ANSWERS), key, None)
    return receipt


def pair(receipt: Receipt) -> tuple[str, str]:
    return receipt.reference, receipt.access_code


@pytest.mark.parametrize(("seconds", "order"), list(zip(SECONDS.values(), ORDERS, strict=True)), ids=SECONDS)
@pytest.mark.parametrize("store", ["cosmos", "queue"])
async def test_every_receipt_of_an_outage_becomes_one_request(
    own: World, store: str, seconds: float, order: tuple[int, ...]
):
    await every_receipt_becomes_one_request(own, store, seconds, order)


@pytest.mark.deep
@pytest.mark.parametrize("order", ORDERS, ids=str)
@pytest.mark.parametrize("seconds", SECONDS.values(), ids=SECONDS)
@pytest.mark.parametrize("store", ["cosmos", "queue"])
async def test_every_receipt_of_an_outage_becomes_one_request_whatever_comes_first_after_it(
    own: World, store: str, seconds: float, order: tuple[int, ...]
):
    await every_receipt_becomes_one_request(own, store, seconds, order)


async def every_receipt_becomes_one_request(own: World, store: str, seconds: float, order: tuple[int, ...]) -> None:
    """Send before an outage, in it and late in it, each again after it, in this order."""
    receipts = {KEYS[0]: pair(await submit(own, KEYS[0]))}
    with outage_of(store):
        for key in KEYS[:2]:
            assert receipts.setdefault(key, pair(await submit(own, key))) == pair(await submit(own, key))
        own.clock.pass_(seconds)
        receipts[KEYS[2]] = pair(await submit(own, KEYS[2]))

    for number in order:
        assert pair(await submit(own, KEYS[number])) == receipts[KEYS[number]]
        await own.run_workers()
    own.clock.pass_(120)
    await own.app.advance.sweep()
    await own.run_workers()

    assert await own.number_of_requests() == len(KEYS)
    for receipt in receipts.values():
        request = await own.app.requests.status(*receipt)
        assert request is not None
        assert len(request.tasks) == 2
        assert [event.event for event in request.history].count("accepted") == 1


@pytest.mark.parametrize("seconds", SECONDS.values(), ids=SECONDS)
async def test_workers_wait_out_an_outage_of_cosmos_db(own: World, seconds: float):
    with outage_of("cosmos"):
        receipt = await submit(own, KEYS[0])
    await own.take("requests-intake")
    with outage_of("cosmos"):
        await own.work("requests-intake")
    own.clock.pass_(seconds)

    await own.run_workers()

    assert await own.app.requests.status(*pair(receipt)) is not None


@pytest.mark.parametrize("store", ["cosmos", "queue"])
async def test_an_instance_that_starts_during_an_outage_takes_requests(own: World, store: str):
    with outage_of(store):
        await own.restart()
        receipt = await submit(own, KEYS[0])

    await own.run_workers()
    own.clock.pass_(120)
    await own.app.advance.sweep()
    await own.run_workers()

    request = await own.app.requests.status(*pair(receipt))
    assert request is not None
    assert request.version == 1
    assert len(request.tasks) == 2


async def test_with_both_away_nothing_is_promised_and_the_same_again_succeeds(own: World):
    await own.begin()
    with outage_of("cosmos", "queue"), pytest.raises(StoreUnavailable):
        await submit(own, KEYS[0])

    receipt = await submit(own, KEYS[0])

    assert receipt.status == "accepted"
    assert await own.number_of_requests() == 1


@pytest.mark.parametrize("is_cold", [False, True])
async def test_an_answer_comes_within_six_seconds_though_both_stores_hang(own: World, is_cold: bool):
    await own.begin()
    if is_cold:
        await own.restart()

    with outage_of("cosmos", "queue", hangs=True), pytest.raises(StoreUnavailable):
        await submit(own, KEYS[0])


async def test_another_body_under_the_key_of_a_waiting_submission_goes_to_a_person(own: World):
    with outage_of("cosmos"):
        receipt = await submit(own, KEYS[0])
        other = submission(answers=ANSWERS, contact=Contact(name="見本 次郎"))
        again, _ = await own.app.requests.submit(other, KEYS[0], None)

    await own.run_workers()

    request = await own.app.requests.status(*pair(receipt))
    assert pair(again) == pair(receipt)
    assert request is not None
    assert len(request.variants) == 1
    assert "review" in [task.kind for task in request.tasks]
