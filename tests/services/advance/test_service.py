import msgspec
import pytest

from services import times
from services.advance import model as advance
from services.advance.model import QUEUE
from services.case import request as requests
from services.case.ports import Due
from services.case.request import Step
from services.errors import NeverPossible, UnknownRequest
from tests.counter import HANAKO, KEY, OTHER_KEY, Counter, current

NOW = "2026-11-23T00:00:00.000000Z"


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_each_matching_route_gets_exactly_one_task_and_one_message(counter: Counter):
    receipt = await counter.submit(answers={"members": 11, "atHome": True})

    await counter.run_workers()

    assert {t.route: (t.team, t.priority) for t in counter.store.tasks} == {
        "deliver": ("delivery", "normal"),
        "call": ("supplies", "urgent"),
    }
    [delivered] = counter.queues.visible("tasks-delivery")
    assert delivered == {"task": f"{receipt.reference}.deliver.1", "team": "delivery", "priority": "normal"}
    assert len(counter.queues.visible("tasks-supplies-urgent")) == 1
    request = counter.case(receipt).request
    assert (request.pending, request.due_at) == ({}, None)


async def test_a_wake_up_counts_though_the_clock_of_its_instance_is_behind(counter: Counter):
    receipt = await counter.submit()
    counter.clock.pass_(-4)

    await counter.advance.advance(receipt.reference)

    assert counter.case(receipt).tasks


async def test_a_deadline_counts_from_the_receipt(counter: Counter):
    await counter.submit(answers={"members": 11})
    counter.clock.pass_(600)
    await counter.run_workers()

    [task] = counter.store.tasks
    assert task.deadline == "2026-11-23T02:00:00.000000Z"


async def test_a_redelivered_wake_up_changes_nothing(counter: Counter):
    receipt = await counter.submit()
    await counter.run_workers()
    case = counter.case(receipt)

    await counter.advance.advance(receipt.reference)

    assert counter.case(receipt) == case
    assert len(counter.queues.messages["tasks-supplies"]) == 1


async def test_a_dispatch_whose_reply_was_lost_makes_its_tasks_once(counter: Counter):
    receipt = await counter.submit()
    counter.store.lose_replies = 2

    await counter.advance.advance(receipt.reference)

    assert len(counter.store.tasks) == 1
    assert [e.event for e in counter.case(receipt).request.history] == ["accepted", "dispatched"]


async def test_a_step_is_cleared_only_after_its_messages_were_sent(counter: Counter):
    receipt = await counter.submit()
    counter.queues.away = True
    with pytest.raises(Exception, match="switched off"):
        await counter.advance.advance(receipt.reference)

    assert "dispatch" in counter.case(receipt).request.pending
    counter.queues.away = False
    await counter.advance.advance(receipt.reference)
    assert len(counter.store.tasks) == 1
    assert len(counter.queues.visible("tasks-supplies")) == 1


async def test_a_request_keeps_the_version_it_was_answered_against(counter: Counter):
    await counter.submit()
    await counter.editions.publish(current(version=2, routes=[]))
    counter.clock.pass_(60)

    await counter.run_workers()

    [task] = counter.store.tasks
    assert (task.version, task.route) == (1, "prepare")


async def test_a_rule_that_fails_makes_a_task_for_the_first_team():
    broken = current()
    route = msgspec.structs.replace(broken.edition.definition.routes[0], when="answers.gone == 1")
    definition = msgspec.structs.replace(broken.edition.definition, routes=(route,))
    edition = msgspec.structs.replace(broken.edition, definition=definition)
    counter = Counter(msgspec.structs.replace(broken, edition=edition))
    await counter.submit()

    await counter.run_workers()

    [task] = counter.store.tasks
    assert (task.team, task.kind, task.reason) == ("supplies", "review", "rule_failed")


async def test_a_request_that_no_route_takes_gets_a_task_for_the_first_team():
    nowhere = current()
    route = msgspec.structs.replace(nowhere.edition.definition.routes[0], when="false")
    definition = msgspec.structs.replace(nowhere.edition.definition, routes=(route,))
    edition = msgspec.structs.replace(nowhere.edition, definition=definition)
    counter = Counter(msgspec.structs.replace(nowhere, edition=edition))
    await counter.submit()

    await counter.run_workers()

    [task] = counter.store.tasks
    assert (task.team, task.reason) == ("supplies", "unrouted")


async def test_the_sweeper_leaves_a_request_to_its_wake_up_for_a_minute(counter: Counter):
    await counter.submit()
    counter.queues.messages.clear()

    counter.clock.pass_(59)
    assert await counter.advance.sweep() == 0
    counter.clock.pass_(1)
    assert await counter.advance.sweep() == 1

    await counter.run_workers()
    assert len(counter.store.tasks) == 1


async def test_a_wake_up_that_meets_a_store_that_is_away_ends_and_the_sweeper_sends_the_next(counter: Counter):
    receipt = await counter.submit()
    counter.store.away = True
    await counter.run_workers()
    counter.store.away = False
    assert counter.queues.messages[QUEUE] == []

    counter.clock.pass_(60)
    await counter.advance.sweep()
    await counter.run_workers()

    assert [event.event for event in counter.case(receipt).request.history] == ["accepted", "dispatched"]


async def test_the_sweeper_leaves_what_still_waits_in_a_queue_that_is_behind(counter: Counter):
    await counter.submit()

    counter.clock.pass_(600)
    assert await counter.advance.sweep() == 0

    assert len(counter.queues.visible(QUEUE)) == 1


async def test_a_lost_wake_up_is_sent_again_though_later_ones_still_wait(counter: Counter):
    lost = await counter.submit()
    counter.queues.messages.clear()
    counter.clock.pass_(10)
    await counter.submit(key=OTHER_KEY)

    counter.clock.pass_(600)
    assert await counter.advance.sweep() == 1

    assert [message["reference"] for message in counter.queues.visible(QUEUE)].count(lost.reference) == 1


async def test_only_one_of_two_sweepers_moves_a_document_on(counter: Counter):
    await counter.submit()
    counter.queues.messages.clear()
    counter.clock.pass_(60)

    [due] = await counter.store.due(counter.clock(), 10)
    assert await counter.store.postpone(due, "2026-11-23T01:00:00.000000Z")
    assert not await counter.store.postpone(due, "2026-11-23T02:00:00.000000Z")


async def test_a_sweep_goes_on_after_a_document_that_is_full(counter: Counter):
    full, other = await counter.submit(), await counter.submit(OTHER_KEY)
    counter.queues.messages.clear()
    counter.store.full = {full.reference}
    counter.clock.pass_(61)

    assert await counter.advance.sweep() == 1

    assert [body["reference"] for body in counter.queues.visible(QUEUE)] == [other.reference]


async def test_an_open_task_whose_message_was_lost_is_delivered_again(counter: Counter):
    await counter.submit()
    await counter.run_workers()
    counter.queues.messages["tasks-supplies"].clear()

    counter.clock.pass_(3600)
    await counter.advance.sweep()

    assert len(counter.queues.visible("tasks-supplies")) == 1


async def test_a_sweep_moves_at_most_five_hundred(counter: Counter):
    for n in range(advance.SWEEP_LIMIT + 1):
        await counter.submit(key=f"{KEY}{n}")
    counter.queues.messages.clear()
    counter.clock.pass_(60)

    assert await counter.advance.sweep() == 500


@pytest.mark.parametrize(
    ("due", "seconds"),
    [
        (Due(id="r", reference="r", due_at=NOW), 120),
        (Due(id="r", reference="r", due_at=NOW, sweeps=1), 240),
        (Due(id="r", reference="r", due_at=NOW, sweeps=50), 3600),
        (Due(id="t", reference="r", due_at=NOW, team="a"), 3600),
        (Due(id="t", reference="r", due_at=NOW, team="a", sweeps=1), 7200),
        (Due(id="t", reference="r", due_at=NOW, team="a", lease_until="2026-11-23T00:15:00.000000Z"), 1500),
    ],
)
def test_the_sweeper_looks_again_after_ever_longer_intervals(due: Due, seconds: int):
    assert advance.next_look(due, NOW, 0) == f"2026-11-23T{seconds // 3600:02}:{seconds // 60 % 60:02}:00.000000Z"
    assert advance.next_look(due, NOW, 1) > advance.next_look(due, NOW, 0)


async def test_a_request_that_is_not_there_is_tried_again_later(counter: Counter):
    with pytest.raises(UnknownRequest):
        await counter.advance.advance("K7M2-QX9P-D4TB")


async def test_tasks_finished_before_their_step_is_cleared_complete_the_request_with_it(counter: Counter):
    receipt = await counter.submit()
    await counter.run_workers()
    [claimed] = await counter.claim()
    again = requests.with_step(counter.case(receipt).request, "dispatch", Step(kind="dispatch", at=NOW))
    counter.store.cases[receipt.reference] = counter.case(receipt).with_documents((again,))
    await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)
    assert counter.case(receipt).request.status == "accepted"

    await counter.advance.advance(receipt.reference)

    assert counter.case(receipt).request.status == "completed"


async def test_a_step_that_nobody_takes_is_told_and_the_steps_before_it_are_taken(counter: Counter):
    receipt = await counter.submit()
    case = counter.case(receipt)
    unheard = Step(kind="unheard-of", at=times.later(counter.clock(), 1))
    await counter.store.save(case, (requests.with_step(case.request, "unheard-of", unheard),))

    with pytest.raises(NeverPossible, match="unheard-of"):
        await counter.advance.advance(receipt.reference)

    assert list(counter.case(receipt).request.pending) == ["unheard-of"]
    assert counter.case(receipt).tasks
