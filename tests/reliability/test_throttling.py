"""Cosmos DB throttles: it answers 429 and says how long to leave it alone."""

import pytest

from functions.edge.problems import retry_after
from services.errors import StoreUnavailable
from services.failures.model import tries_of
from services.intake.outage import FAILURES_IN_A_ROW
from services.intake.service import How, Receipt
from stores.case import REQUESTS, CosmosRequests
from stores.cosmos import MOST_TRIES
from tests.counter import submission
from tests.fakes import Noted
from tests.reliability.faults import Throttling, ThrottlingOnce
from tests.reliability.world import ANSWERS, World
from wiring import PARTS

SHORTLY = 0.02
"""Seconds for which a store asks to be left alone that is throttling now and then."""
LONG = 20.0
"""Longer than any call may take."""


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
    assert throttling.operations == ["create in requests", "send to requests-intake"]
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
    assert throttling.operations == ["read from requests"]
    assert str(refusal.value) == "requests: 429", "it is not waited for where there is no time for that"


async def test_a_short_wait_is_waited_twice(own: World):
    receipt = await warmed(own)
    throttling = Throttling(SHORTLY)

    with throttling.armed(), pytest.raises(StoreUnavailable) as refusal:
        await own.app.requests.withdraw(receipt.reference, receipt.access_code)

    assert refusal.value.wait == SHORTLY
    assert throttling.operations == ["read from requests"] * MOST_TRIES


@pytest.mark.parametrize(("wait", "tries"), [(SHORTLY, MOST_TRIES), (4.0, 1)])
async def test_a_batch_of_which_one_operation_is_throttled_is_sent_again_or_told_as_throttled(
    own: World, wait: float, tries: int
):
    await warmed(own)
    store = CosmosRequests(own.app.cosmos, PARTS, Noted())
    case = await store.load(own.reference)
    assert case is not None
    throttling = Throttling(wait, in_batches=True)

    with throttling.armed(), pytest.raises(StoreUnavailable) as refusal:
        await store.save(case, (case.request, case.request))

    assert refusal.value.wait == wait
    assert throttling.operations == ["batch in requests"] * tries


async def test_a_store_that_throttles_and_then_hangs_is_told_as_throttled(own: World):
    await warmed(own)

    with ThrottlingOnce(SHORTLY).armed(), pytest.raises(StoreUnavailable) as refusal:
        await own.app.cosmos.ask(REQUESTS, lambda c: c.read_item(own.reference, own.reference), 0.3)

    assert refusal.value.wait == SHORTLY


async def test_a_throttled_batch_and_a_throttled_query_say_when_to_come_back(own: World):
    await warmed(own)
    store = CosmosRequests(own.app.cosmos, PARTS, Noted())
    case = await store.load(own.reference)
    assert case is not None

    for call in (lambda: store.save(case, (case.request,)), lambda: store.due(own.clock(), 10)):
        with Throttling(LONG).armed(), pytest.raises(StoreUnavailable) as refusal:
            await call()
        assert retry_after(refusal.value) == LONG


async def test_a_worker_that_is_throttled_puts_its_message_back_once_and_later(own: World):
    await warmed(own)
    with Throttling().armed():
        await submit(own, 1)
    throttling = Throttling()

    await own.take("requests-intake")
    with throttling.armed():
        await own.work("requests-intake")

    assert throttling.operations.count("send to requests-intake") == 1
    assert len(throttling.operations) == 2
    await own.take("requests-intake")
    assert tries_of(own.message) == 1
