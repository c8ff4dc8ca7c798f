"""The host ends whenever storage refuses it, and is started again: each end costs a message under way one of its five
deliveries, so that good messages reach the poison queue during a firewall mistake of an hour."""

import pytest

from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.failures.model import Selection, poison_queue_of
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from tests.reliability.faults import Injection, outage_of
from tests.reliability.world import JIRO, ROUTES, World

DELIVERIES = 5
REQUESTS = 3


@pytest.mark.parametrize(("queue", "sweeper_is_first"), [(INTAKE_QUEUE, False), (ADVANCE_QUEUE, True)])
async def test_good_messages_that_restarts_poisoned_are_replayed_as_one_and_make_no_second_task(
    own: World, queue: str, sweeper_is_first: bool
):
    references = [await poison(own, queue, kill) for kill in range(REQUESTS)]
    since = own.clock()
    assert len(await own.run_last_worker(queue)) == REQUESTS
    if sweeper_is_first:
        await own.run_on_all()

    resolution = await own.app.failures.replay_range(Selection(queue=queue, since=since), JIRO, dry_run=False)
    await own.run_on_all()

    assert len(resolution.replayed) == REQUESTS
    for own.reference in references:
        request, tasks = await own.documents()
        assert request is not None
        assert request.pending == {}
        assert sorted(task.route for task in tasks) == sorted(ROUTES)
    assert not await own.app.failures.list(Selection())
    assert await own.number_of_requests() == REQUESTS


async def poison(own: World, queue: str, kill: int) -> str:
    """Send a request whose message meets the end of the host at each delivery, then move it as the host does."""
    await own.begin()
    with outage_of(*(["cosmos"] if queue == INTAKE_QUEUE else [])):
        await own.submit()
    await own.take(queue)
    for delivery in range(DELIVERIES):
        kind = ("killed after", "killed before")[delivery % 2]
        assert not await own.attempt(lambda world: world.work(queue), Injection(kind, kill % 2))
    await own.app.queues.send_text(poison_queue_of(queue), own.message)
    return own.reference
