import copy
import logging

import msgspec
import pytest

from services.case.request import Request
from tests.counter import HANAKO, KEY, TARO, Counter

NORMAL = "tasks-supplies"


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def with_tasks(counter: Counter, number: int) -> None:
    """Let so many requests come in, each with one task in the normal queue."""
    for n in range(number):
        await counter.submit(key=f"{KEY}{n}")
    await counter.run_workers()


def delivered(counter: Counter, queue: str = NORMAL) -> list[str]:
    return [message["task"] for message in counter.queues.visible(queue)]


def state(counter: Counter) -> object:
    return copy.deepcopy((counter.store.cases, counter.queues.messages, counter.failures.failures))


async def test_what_agrees_is_reported_as_zeros_and_left_as_it_is(counter: Counter):
    await with_tasks(counter, 3)
    await counter.claim()
    before = state(counter)

    report = await counter.reconciliation.run(dry_run=False)

    assert report.is_quiet
    assert (report.missing_messages, report.surplus_messages, report.stalled_requests) == (0, 0, 0)
    [numbers] = [n for n in report.queues if n.queue == NORMAL]
    assert (numbers.free_tasks, numbers.held_tasks, numbers.messages) == (2, 1, 3)
    assert state(counter) == before


async def test_an_open_task_without_a_message_is_delivered_again(counter: Counter):
    await with_tasks(counter, 3)
    lost = counter.queues.messages[NORMAL].pop(1)

    report = await counter.reconciliation.run(dry_run=False)

    assert (report.missing_messages, report.sent_messages) == (1, 1)
    assert delivered(counter)[-1] == msgspec.json.decode(lost["body"])["task"]
    again = await counter.reconciliation.run(dry_run=False)
    assert (again.missing_messages, again.sent_messages, again.is_quiet) == (0, 0, True)


async def test_a_queue_that_was_deleted_is_made_again(counter: Counter):
    await with_tasks(counter, 2)
    del counter.queues.messages[NORMAL]

    assert (await counter.reconciliation.run(dry_run=False)).sent_messages == 2

    assert "ensure" in counter.queues.calls
    assert len(delivered(counter)) == 2


async def test_a_task_that_somebody_holds_is_not_delivered_again(counter: Counter):
    await with_tasks(counter, 1)
    await counter.claim()
    counter.queues.messages[NORMAL].clear()

    report = await counter.reconciliation.run(dry_run=False)

    assert (report.missing_messages, report.sent_messages) == (1, 0)
    assert delivered(counter) == []


async def test_a_task_sent_again_is_left_to_its_new_message_by_the_sweeper(counter: Counter):
    await with_tasks(counter, 1)
    counter.queues.messages[NORMAL].clear()
    counter.clock.pass_(3599)
    await counter.reconciliation.run(dry_run=False)

    counter.clock.pass_(1)

    assert await counter.advance.sweep() == 0
    assert len(delivered(counter)) == 1


async def test_the_message_of_a_finished_task_is_tidied_away(counter: Counter):
    await with_tasks(counter, 2)
    finished = counter.queues.messages[NORMAL][0]["body"]
    [claimed] = await counter.claim()
    await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)
    counter.queues.put(NORMAL, finished)

    report = await counter.reconciliation.run(dry_run=False)

    assert (report.surplus_messages, report.tidied_messages) == (1, 1)
    assert len(counter.queues.messages[NORMAL]) == 1
    assert delivered(counter) == [t.id for t in counter.store.tasks if t.status == "open"]
    assert (await counter.reconciliation.run(dry_run=False)).is_quiet


async def test_of_two_messages_of_a_task_one_stays_and_can_be_claimed_at_once(counter: Counter):
    await with_tasks(counter, 1)
    counter.queues.put(NORMAL, counter.queues.messages[NORMAL][0]["body"])

    assert (await counter.reconciliation.run(dry_run=False)).tidied_messages == 1

    assert len(counter.queues.messages[NORMAL]) == 1
    assert len(await counter.claim()) == 1


async def test_a_needless_message_that_makes_up_for_a_lost_one_is_seen_and_both_are_repaired(counter: Counter):
    await with_tasks(counter, 2)
    counter.queues.messages[NORMAL].pop(0)
    counter.queues.put(NORMAL, counter.queues.messages[NORMAL][0]["body"])

    first = await counter.reconciliation.run(dry_run=False)
    second = await counter.reconciliation.run(dry_run=False)

    assert (first.missing_messages, first.tidied_messages, second.sent_messages) == (0, 1, 1)
    assert sorted(delivered(counter)) == sorted(t.id for t in counter.store.tasks)


async def test_what_is_no_task_message_goes_to_the_failures(counter: Counter):
    await with_tasks(counter, 1)
    counter.queues.put(NORMAL, "not JSON")

    await counter.reconciliation.run(dry_run=False)

    assert len(counter.failures.failures) == 1
    assert len(counter.queues.messages[NORMAL]) == 1


async def test_messages_are_not_taken_where_all_that_is_seen_is_needed(counter: Counter):
    await with_tasks(counter, 2)
    counter.queues.put(NORMAL, counter.queues.messages[NORMAL][0]["body"], delay=60)

    report = await counter.reconciliation.run(dry_run=False)

    assert (report.surplus_messages, report.tidied_messages) == (1, 0)
    assert [m["deliveries"] for m in counter.queues.messages[NORMAL]] == [0, 0, 0]


async def test_a_step_that_the_sweeper_missed_is_woken(counter: Counter):
    await counter.submit()
    counter.queues.messages.clear()
    counter.clock.pass_(661)

    report = await counter.reconciliation.run(dry_run=False)

    assert (report.overdue_requests, report.woken_requests) == (1, 1)
    await counter.run_workers()
    assert len(counter.store.tasks) == 1
    assert (await counter.reconciliation.run(dry_run=False)).overdue_requests == 0


async def test_a_step_is_left_to_the_sweeper_for_ten_minutes(counter: Counter):
    await counter.submit()
    counter.queues.messages.clear()
    counter.clock.pass_(660)

    assert (await counter.reconciliation.run(dry_run=False)).overdue_requests == 0


async def test_a_dry_run_changes_nothing_and_tells_what_a_run_then_does(counter: Counter):
    await with_tasks(counter, 3)
    urgent = await counter.submit(answers={"members": 5})
    await counter.advance.advance(urgent.reference)
    counter.queues.messages["tasks-supplies-urgent"].clear()
    counter.queues.put(NORMAL, counter.queues.messages[NORMAL][0]["body"])
    await counter.submit(key=f"{KEY}late")
    counter.clock.pass_(661)
    before = state(counter)

    told = await counter.reconciliation.run(dry_run=True)

    assert state(counter) == before
    assert (told.woken_requests, told.sent_messages, told.tidied_messages) == (1, 1, 1)
    done = await counter.reconciliation.run(dry_run=False)
    assert done == msgspec.structs.replace(told, dry_run=False)


async def test_an_accepted_request_with_nothing_left_to_do_is_only_counted(counter: Counter):
    receipt = await counter.submit()
    await counter.run_workers()
    case = counter.case(receipt)
    without_tasks = msgspec.structs.replace(case.request, tasks=())
    counter.store.cases[receipt.reference] = case.with_documents((without_tasks,))

    report = await counter.reconciliation.run(dry_run=False)

    assert (report.stalled_requests, report.is_quiet) == (1, False)
    request: Request = counter.case(receipt).request
    assert request == without_tasks


async def test_two_reconciliations_at_once_send_one_message(counter: Counter):
    await with_tasks(counter, 1)
    counter.queues.messages[NORMAL].clear()
    [free] = await counter.store.due("2026-11-23T01:00:00.000000Z", 10)

    await counter.reconciliation.run(dry_run=False)

    assert await counter.advance.move_on([free]) == 0
    assert len(delivered(counter)) == 1


async def test_a_task_that_is_claimed_meanwhile_is_not_sent(counter: Counter):
    await with_tasks(counter, 1)
    [free] = await counter.store.due("2026-11-23T01:00:00.000000Z", 10)
    await counter.claim(TARO)
    counter.queues.messages[NORMAL].clear()

    assert await counter.advance.move_on([free]) == 0


async def test_the_log_tells_the_numbers_in_one_line_and_warns_where_something_was_repaired(counter: Counter, caplog):
    caplog.set_level(logging.INFO, "madoguchi.reconciliation")
    await with_tasks(counter, 1)
    await counter.reconciliation.run(dry_run=False)
    counter.queues.messages[NORMAL].clear()
    await counter.reconciliation.run(dry_run=False)

    quiet, repaired = [r for r in caplog.records if r.name == "madoguchi.reconciliation"]
    assert (quiet.levelname, repaired.levelname) == ("INFO", "WARNING")
    assert repaired.getMessage() == (
        "reconciliation: dryRun False, overdueRequests 0, wokenRequests 0, stalledRequests 0,"
        " orphanedTasks 0, missingMessages 1, surplusMessages 0, sentMessages 1, tidiedMessages 0"
    )
