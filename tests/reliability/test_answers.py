"""What is no answer of a store proves nothing: the other store takes over, or the same is tried again."""

import itertools

import pytest

from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.errors import StoreUnavailable
from services.failures.model import tries_of
from services.intake.submissions import QUEUE
from tests.counter import DEFINITION, submission
from tests.reliability.faults import OF_THE_IDENTITY, Injection, noted
from tests.reliability.world import ANSWERS, World

NO_ANSWERS = [
    "answer 404/1002 from here on",
    "answer 404/1003 from here on",
    *(f"identity {status} from here on" for status in OF_THE_IDENTITY),
]


BATCH_OF_PUBLISH = 7
"""It reads what is current, and makes two queues for each of two teams and for the supervisors, before it writes."""


async def served(own: World) -> None:
    """Serve one request, so that the SDK has read what it reads once."""
    await own.begin()
    await own.submit()
    own.receipts.clear()


async def test_a_submission_goes_to_the_queue_and_its_worker_tries_again(own: World):
    for kind in NO_ANSWERS:
        await served(own)
        own.key = f"key-of-another-household-{own.cases}"

        with noted(kind), Injection(kind, 0).armed():
            receipt = await own.submit()
        await own.take(QUEUE)
        with Injection(kind, 0).armed():
            await own.work(QUEUE)

        with noted(kind):
            assert receipt.status == "received"
            await own.take(QUEUE)
            assert tries_of(own.message) == 1


async def test_a_read_a_query_and_a_patch_do_not_tell_that_nothing_is_there(own: World):
    await served(own)
    own.clock.pass_(120)
    store = own.app.requests._store
    [due] = await store.due(own.clock(), 1)

    for kind, call in itertools.product(
        NO_ANSWERS,
        (
            lambda: store.read(own.reference),
            lambda: store.load(own.reference),
            lambda: store.due(own.clock(), 1),
            lambda: store.postpone(due, own.clock()),
        ),
    ):
        with Injection(kind, 0).armed(), pytest.raises(StoreUnavailable):
            await call()


@pytest.mark.parametrize("status", [409, 412])
async def test_another_state_is_no_answer_to_a_read(own: World, status: int):
    await served(own)
    store = own.app.requests._store

    for call in (lambda: store.read(own.reference), lambda: store.load(own.reference)):
        with Injection(f"answer {status} from here on", 0).armed(), pytest.raises(StoreUnavailable):
            await call()


async def test_a_queue_that_refuses_once_is_asked_again_within_the_time_of_a_call(own: World):
    await own.begin()
    before = await own.app.queues.numbers(QUEUE)

    for _ in range(5):
        with Injection("refused", 0).armed():
            await own.app.queues.send(QUEUE, {})

    after = await own.app.queues.numbers(QUEUE)
    assert before
    assert after
    assert after.depth == before.depth + 5


async def test_no_message_is_given_up_and_no_queue_is_empty_for_want_of_a_token(own: World):
    await own.begin()
    await own.app.queues.send(QUEUE, {})
    [message] = await own.app.queues.receive(QUEUE, 1, hidden_for=60)

    for status, call in itertools.product(
        OF_THE_IDENTITY,
        (
            lambda: own.app.queues.hide(message, 10),
            lambda: own.app.queues.delete(message),
            lambda: own.app.queues.receive(QUEUE, 1, hidden_for=60),
            lambda: own.app.queues.peek(QUEUE, 1),
            lambda: own.app.queues.numbers(QUEUE),
            lambda: own.app.blobs.current(),
            lambda: own.app.blobs.edition("water", 1),
        ),
    ):
        with Injection(f"identity {status} from here on", 0).armed(), pytest.raises(StoreUnavailable):
            await call()


async def test_a_404_without_the_words_of_storage_does_not_tell_that_a_message_is_gone(own: World):
    await own.begin()
    await own.app.queues.send(QUEUE, {})
    [message] = await own.app.queues.receive(QUEUE, 1, hidden_for=60)

    with Injection("answer 404 from here on", 0).armed(), pytest.raises(StoreUnavailable):
        await own.app.queues.hide(message, 10)


async def test_a_container_that_is_not_there_does_not_tell_that_a_document_is_not(own: World):
    await own.begin()

    with Injection("answer 404 from here on", 0).armed(), pytest.raises(StoreUnavailable):
        await own.app.requests._store.read(own.reference)


@pytest.mark.parametrize("kind", ["acted, then refused", "acted, then answer 503"])
async def test_what_finds_itself_in_its_way_goes_on(own: World, kind: str):
    """The SDK sends a write again after these, and Cosmos DB answers 409 to the second one."""
    await served(own)
    await own.take(ADVANCE_QUEUE)
    own.key = "key-of-another-household"
    writes, publishes = Injection(kind, 0), Injection(kind, BATCH_OF_PUBLISH)

    with writes.armed():
        _, how = await own.app.requests.submit(submission(answers=ANSWERS), own.key, None)
    with publishes.armed():
        published, is_new = await own.app.catalog.publish({**DEFINITION, "phone": "0000-00-9999"})

    assert writes.operations[:2] == ["create in requests"] * 2
    assert how == "created"
    await own.take(ADVANCE_QUEUE)
    assert publishes.operations.count("batch in catalog") == 2
    assert is_new
    assert await own.app.blobs.edition(DEFINITION["id"], published.edition.version) == published.edition
