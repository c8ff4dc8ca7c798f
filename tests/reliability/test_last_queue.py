"""A poison queue has no poison queue: its function has five tries of a message, and nobody comes after it."""

from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.failures.model import poison_queue_of
from tests.reliability.faults import outage_of
from tests.reliability.world import World

TRIES_IN_SIX_HOURS = 36


async def test_a_poisoned_message_is_recorded_once_after_cosmos_db_was_away_for_hours(own: World):
    await own.begin()
    await own.submit()
    await own.take(ADVANCE_QUEUE)
    await own.app.queues.send_text(poison_queue_of(ADVANCE_QUEUE), own.message)

    with outage_of("cosmos"):
        for _ in range(TRIES_IN_SIX_HOURS):
            assert await own.run_last_worker(ADVANCE_QUEUE) == [1], "each try is the first of five"
            own.clock.pass_(600)
    await own.run_last_worker(ADVANCE_QUEUE)

    assert await own.run_last_worker(ADVANCE_QUEUE) == []
    [failure] = await own.recorded_failures()
    assert (failure.status, failure.body, failure.tries) == ("open", own.message, 1)
