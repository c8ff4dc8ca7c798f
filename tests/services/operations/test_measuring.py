"""What operators and the alerts see of the queues."""

import pytest

from services.case.ports import QueueNumbers
from services.errors import NeverPossible, StoreUnavailable
from services.operations.measuring import Measured
from tests.counter import Counter


@pytest.fixture
async def counter() -> Counter:
    """Return a counter with one queue that is empty and one whose only message failed for good."""
    counter = Counter()
    await counter.queues.ensure(["tasks-supplies"])
    counter.queues.put("requests-advance", "{}")
    await counter.worker.work("requests-advance", "no JSON", refuse, "m1")
    return counter


async def refuse(_: str) -> None:
    raise NeverPossible("no JSON")


async def test_every_queue_is_told_with_its_depth_its_oldest_message_and_its_open_failures(counter: Counter):
    assert await counter.core.measuring.queues() == [
        Measured(QueueNumbers("tasks-supplies", 0, None), 0),
        Measured(QueueNumbers("requests-advance", 1, counter.clock()), 1),
    ]


async def test_queues_are_told_while_nobody_can_say_what_failed(counter: Counter):
    counter.failures.away = True

    assert [one.open_failures for one in await counter.core.measuring.queues()] == [None, None]


async def test_documents_that_cannot_be_read_are_counted(counter: Counter):
    assert await counter.core.measuring.damaged_documents() == 0
    counter.editions.damaged["water"] = None
    await counter.catalog.services()
    assert await counter.core.measuring.damaged_documents() == 1

    counter.failures.away = True
    assert await counter.core.measuring.damaged_documents() is None


async def test_queues_that_do_not_answer_are_not_taken_for_empty(counter: Counter):
    counter.queues.away = True

    with pytest.raises(StoreUnavailable):
        await counter.core.measuring.queues()
