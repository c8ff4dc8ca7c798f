"""Cosmos DB throttles: it answers 429 and says how long to leave it alone."""

import pytest

from functions.edge.problems import retry_after
from services.errors import StoreUnavailable
from services.failures.model import tries_of
from services.intake.outage import FAILURES_IN_A_ROW
from services.intake.service import How, Receipt
from stores.case import CosmosRequests
from tests.counter import submission
from tests.fakes import Noted
from tests.reliability.faults import Throttling
from tests.reliability.world import ANSWERS, World
from wiring import PARTS

MOST_TRIES = 3
"""Of one operation: its first, and two that the SDK makes after it waited as it was asked to."""


async def warmed(own: World) -> Receipt:
    """Take one request, so that the SDK has read what it reads once."""
    await own.begin()
    return await own.submit()


async def submit(own: World, number: int) -> tuple[Receipt, How]:
    return await own.app.requests.submit(submission(answers=ANSWERS), f"key-of-household-{number:08d}", None)


async def test_a_throttled_submission_goes_to_the_queue_after_few_tries(own: World):
    await warmed(own)
    throttling = Throttling()

    with throttling.armed():
        receipt, how = await submit(own, 1)

    assert how == "queued"
    assert throttling.operations == [*["create in requests"] * MOST_TRIES, "send to requests-intake"]
    own.clock.pass_(60)
    await own.run_workers()
    assert await own.app.requests.status(receipt.reference, receipt.access_code) is not None


async def test_an_instance_that_is_throttled_again_and_again_leaves_the_store_alone(own: World):
    await own.begin()
    with Throttling().armed():
        for number in range(FAILURES_IN_A_ROW):
            await submit(own, number)
    throttling = Throttling()

    with throttling.armed():
        _, how = await submit(own, 99)

    assert how == "queued"
    assert throttling.operations == ["send to requests-intake"]


async def test_a_throttled_look_says_when_to_come_back(own: World):
    receipt = await warmed(own)
    throttling = Throttling()

    with throttling.armed(), pytest.raises(StoreUnavailable) as refusal:
        await own.app.requests.withdraw(receipt.reference, receipt.access_code)

    assert retry_after(refusal.value) == 4
    assert throttling.operations == ["read from requests"] * MOST_TRIES


async def test_a_throttled_batch_and_a_throttled_query_say_when_to_come_back(own: World):
    await warmed(own)
    store = CosmosRequests(own.app.cosmos, PARTS, Noted())
    case = await store.load(own.reference)
    assert case is not None

    for call in (lambda: store.save(case, (case.request,)), lambda: store.due(own.clock(), 10)):
        with Throttling().armed(), pytest.raises(StoreUnavailable) as refusal:
            await call()
        assert retry_after(refusal.value) == 4


async def test_a_worker_that_is_throttled_puts_its_message_back_once_and_later(own: World):
    await warmed(own)
    with Throttling().armed():
        await submit(own, 1)
    throttling = Throttling()

    await own.take("requests-intake")
    with throttling.armed():
        await own.work("requests-intake")

    assert throttling.operations.count("send to requests-intake") == 1
    assert len(throttling.operations) <= MOST_TRIES + 1
    await own.take("requests-intake")
    assert tries_of(own.message) == 1
