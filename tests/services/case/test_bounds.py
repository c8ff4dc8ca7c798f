"""A history that is full forgets its oldest events, and nothing happens twice for it."""

from typing import Any

import msgspec
import pytest

from services.case.bounds import CLOSED_TASKS_KEPT, HISTORY_OF_REQUEST, HISTORY_OF_TASK, bounded
from services.case.request import MOST_OPEN_TASKS, RequestTask, Step, with_step
from services.errors import StaleToken, StoreUnavailable
from tests.counter import HANAKO, Counter
from tests.services.case.much import let_much_happen

NOW = "2026-11-23T00:00:00.000000Z"


async def test_a_request_keeps_the_latest_events_and_how_it_began():
    counter = Counter()
    receipt = await counter.submit()
    let_much_happen(counter, receipt)

    await counter.requests.withdraw(receipt.reference, receipt.access_code)

    history = counter.case(receipt).request.history
    assert (history[0].event, history[-1].event) == ("accepted", "withdrawn")
    assert len(history) > 1000
    assert len(msgspec.json.encode(history)) <= HISTORY_OF_REQUEST


async def test_a_history_that_fits_is_left_as_it_is():
    counter = Counter()
    receipt = await counter.submit()
    await counter.run_workers()

    request = counter.case(receipt).request

    assert bounded(request) is request


async def test_tasks_are_made_once_however_much_happened_before_their_messages_went_out():
    counter = Counter()
    receipt = await counter.submit()
    counter.queues.away = True
    with pytest.raises(StoreUnavailable):
        await counter.advance.advance(receipt.reference)
    let_much_happen(counter, receipt)
    counter.queues.away = False

    await counter.advance.advance(receipt.reference)

    assert [task.status for task in counter.case(receipt).tasks.values()] == ["open"]
    assert counter.case(receipt).request.pending == {}


async def test_a_task_that_was_claimed_and_given_back_without_end_stays_small_and_fenced():
    counter = Counter()
    receipt = await counter.submit()
    await counter.run_workers()
    for n in range(200):
        [claimed] = await counter.claim(claim_id=f"claim-{n:04}")
        await counter.tasks.release(claimed.task.id, HANAKO, claimed.task.token, note="長" * 100)

    [task] = counter.case(receipt).tasks.values()
    assert len(msgspec.json.encode(task.history)) <= HISTORY_OF_TASK
    assert (task.history[0].event, task.history[-1].event, task.token) == ("created", "released", 200)
    with pytest.raises(StaleToken):
        await counter.tasks.release(task.id, HANAKO, 1, note=None)
    assert (await counter.tasks.release(task.id, HANAKO, 200, note=None)).token == 200


async def test_a_request_mirrors_every_open_task_and_the_latest_closed_ones():
    counter = Counter()
    request = counter.case(await counter.submit()).request
    opened = _mirrored("open", 1)
    closed = tuple(_mirrored("completed", n) for n in range(2, 500))

    kept = bounded(msgspec.structs.replace(request, tasks=(opened, *closed))).tasks

    assert kept == (opened, *closed[-CLOSED_TASKS_KEPT:])


async def test_a_request_with_many_open_tasks_gets_no_further_one_and_moves_on():
    counter = Counter()
    receipt = await counter.submit()
    await counter.run_workers()
    review = Step(kind="review", at=counter.clock.now, round=900, reason="other_body")
    mirrored = tuple(_mirrored("open", n) for n in range(MOST_OPEN_TASKS))
    case = counter.case(receipt)
    asked = with_step(msgspec.structs.replace(case.request, tasks=mirrored), "review.900", review)
    counter.store.cases[receipt.reference] = msgspec.structs.replace(case, request=asked)

    await counter.advance.advance(receipt.reference)

    assert counter.case(receipt).request.pending == {}
    assert len(counter.case(receipt).tasks) == 1


def _mirrored(status: Any, number: int) -> RequestTask:
    return RequestTask(id=f"R.review.{number}", kind="review", team="supplies", deadline=NOW, status=status)
