"""A history that is full forgets its oldest events, and nothing happens twice for it."""

from typing import Any

import msgspec
import pytest

from services.case.bounds import CLOSED_TASKS_KEPT, HISTORY_OF_REQUEST, HISTORY_OF_TASK, bounded
from services.case.documents import Event
from services.case.request import MOST_OPEN_TASKS, RequestTask, Step, with_step
from services.errors import StaleToken, StoreUnavailable
from services.intake.service import Receipt
from services.pickup.counter.corrections import MOST_CORRECTIONS
from services.pickup.errors import TooManyCorrections
from services.pickup.part import corrections_of
from tests.counter import HANAKO, Counter
from tests.pickup import NOW
from tests.services.pickup.correcting_desk import Desk

MANY = tuple(Event(id=f"waiting.{n}", at=NOW, event="waiting") for n in range(5000))


def let_much_happen(counter: Counter, receipt: Receipt) -> None:
    """Let five thousand things happen to a request."""
    case = counter.case(receipt)
    changed = bounded(msgspec.structs.replace(case.request, history=(*case.request.history, *MANY)))
    counter.store.cases[receipt.reference] = msgspec.structs.replace(case, request=changed)


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


async def test_a_correction_that_is_sent_again_is_answered_alike_however_much_happened_since():
    desk = Desk()
    await desk.open(2, 2)
    receipt = await desk.ask()
    await desk.correct(receipt, address="見本市西町9番")
    let_much_happen(desk.counter, receipt)
    await desk.correct(receipt, "correct-0002", address="見本市西町10番")

    await desk.correct(receipt, address="見本市西町9番")

    assert desk.request(receipt).answers["address"] == "見本市西町10番"
    assert [one.id for one in corrections_of(desk.request(receipt))] == ["correct-0001", "correct-0002"]


async def test_a_household_is_corrected_only_so_many_times_and_a_repeat_is_none():
    desk = Desk()
    await desk.open(2, 2)
    receipt = await desk.ask()
    for n in range(MOST_CORRECTIONS):
        await desk.correct(receipt, f"correct-{n:04}", address=f"見本市西町{n}番")

    with pytest.raises(TooManyCorrections):
        await desk.correct(receipt, "one-too-many", address="見本市西町99番")
    await desk.correct(receipt, "correct-0003", address="見本市西町3番")

    assert desk.request(receipt).answers["address"] == f"見本市西町{MOST_CORRECTIONS - 1}番"


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
