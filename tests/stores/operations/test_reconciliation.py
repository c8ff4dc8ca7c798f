"""Reconciliation on the emulators: what a store or queue loses is found, told and repaired."""

from collections.abc import AsyncIterator

import pytest

from services.advance.model import QUEUE, read_wake_up
from services.operations.reconciliation.model import Report
from tests.apps import running, settings_for
from tests.counter import DEFINITION, HANAKO, KEY, submission
from tests.fakes import FakeClock
from wiring.app import App

NORMAL = "tasks-supplies"


@pytest.fixture
async def desk(emulators) -> AsyncIterator[tuple[App, FakeClock]]:
    """Return the app on the emulators with its clock; three residents have asked for water."""
    clock = FakeClock()
    async with running(settings_for(emulators.cosmos, emulators.storage), clock) as app:
        await app.catalog.publish(DEFINITION)
        for n in range(3):
            await app.requests.submit(submission(), f"{KEY}{n}", None)
        await advance(app)
        yield app, clock


async def advance(app: App) -> None:
    """Work the wake-ups, as the host has it done."""
    for message in await app.queues.receive(QUEUE, 32, hidden_for=60):
        await app.advance.advance(read_wake_up(message.body).reference)
        await app.queues.delete(message)


async def clear(app: App, queue: str) -> None:
    for message in await app.queues.receive(queue, 32, hidden_for=60):
        await app.queues.delete(message)


async def depth(app: App, queue: str = NORMAL) -> int:
    numbers = await app.queues.numbers(queue)
    return numbers.depth if numbers else 0


def differences(report: Report) -> dict[str, int]:
    numbers = {
        "overdue": report.overdue_requests,
        "woken": report.woken_requests,
        "stalled": report.stalled_requests,
        "missing": report.missing_messages,
        "surplus": report.surplus_messages,
        "sent": report.sent_messages,
        "tidied": report.tidied_messages,
    }
    return {name: number for name, number in numbers.items() if number}


async def test_a_cleared_queue_is_told_by_a_dry_run_and_filled_again_by_a_run(desk: tuple[App, FakeClock]):
    app, _ = desk
    assert differences(await app.reconciliation.run(dry_run=False)) == {}
    await clear(app, NORMAL)

    assert differences(await app.reconciliation.run(dry_run=True)) == {"missing": 3, "sent": 3}
    assert await depth(app) == 0

    assert differences(await app.reconciliation.run(dry_run=False)) == {"missing": 3, "sent": 3}
    assert await depth(app) == 3

    assert differences(await app.reconciliation.run(dry_run=False)) == {}
    claimed = await app.tasks.claim_next("supplies", HANAKO, claim_id="claim-0001", limit=3, seconds=900)
    assert len(claimed) == 3


async def test_a_deleted_queue_is_made_again(desk: tuple[App, FakeClock]):
    app, _ = desk
    await app.queues._queue(NORMAL).delete_queue()

    assert differences(await app.reconciliation.run(dry_run=False)) == {"missing": 3, "sent": 3}

    assert await depth(app) == 3


async def test_a_held_task_keeps_its_hidden_message_in_the_balance(desk: tuple[App, FakeClock]):
    app, _ = desk
    await app.tasks.claim_next("supplies", HANAKO, claim_id="claim-0001", limit=2, seconds=900)

    report = await app.reconciliation.run(dry_run=False)

    [numbers] = [n for n in report.queues if n.queue == NORMAL]
    assert (numbers.free_tasks, numbers.held_tasks, numbers.messages) == (1, 2, 3)
    assert differences(report) == {}


async def test_the_message_of_a_finished_task_is_tidied_away_and_the_others_can_be_claimed(desk: tuple[App, FakeClock]):
    app, _ = desk
    [claimed] = await app.tasks.claim_next("supplies", HANAKO, claim_id="claim-0001", limit=1, seconds=900)
    await app.tasks.complete(claimed.task.id, HANAKO, claimed.task.token, outcome="done", note=None)
    await app.queues.send(NORMAL, {"task": claimed.task.id, "team": "supplies", "priority": "normal"})

    assert differences(await app.reconciliation.run(dry_run=True)) == {"surplus": 1, "tidied": 1}
    assert await depth(app) == 3

    assert differences(await app.reconciliation.run(dry_run=False)) == {"surplus": 1, "tidied": 1}
    assert await depth(app) == 2
    assert differences(await app.reconciliation.run(dry_run=False)) == {}
    assert len(await app.queues.peek(NORMAL, 32)) == 2


async def test_a_step_that_the_sweeper_missed_is_woken(desk: tuple[App, FakeClock]):
    app, clock = desk
    await app.requests.submit(submission(), f"{KEY}late", None)
    await clear(app, QUEUE)
    clock.pass_(661)

    assert differences(await app.reconciliation.run(dry_run=True)) == {"overdue": 1, "woken": 1}
    assert await depth(app, QUEUE) == 0

    assert differences(await app.reconciliation.run(dry_run=False)) == {"overdue": 1, "woken": 1}
    await advance(app)
    assert await depth(app) == 4
    assert differences(await app.reconciliation.run(dry_run=False)) == {}
