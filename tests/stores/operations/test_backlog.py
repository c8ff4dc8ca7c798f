"""What is open over all requests, counted by the queries that run on Cosmos DB."""

import pytest

from services.case import task as tasks
from services.operations.reconciliation.model import OpenTasks
from stores.operations.backlog import CosmosBacklog
from tests.counter import HANAKO
from tests.fakes import Noted
from tests.stores.operations.kept import NOW, keep, task_of
from wiring.app import App


@pytest.fixture
def backlog(app: App) -> CosmosBacklog:
    return CosmosBacklog(app.cosmos, [], Noted())


async def test_open_tasks_are_counted_by_team_and_priority_the_held_ones_apart(app: App, backlog: CosmosBacklog):
    held = tasks.claim(task_of("R1", "held"), HANAKO, "claim-1", seconds=900, now=NOW)
    over = tasks.claim(task_of("R1", "over"), HANAKO, "claim-2", seconds=30, now=NOW)
    released = tasks.release(
        tasks.claim(task_of("R1", "released"), HANAKO, "claim-3", seconds=900, now=NOW), HANAKO, 1, note=None, now=NOW
    )
    done = task_of("R1", "done", status="completed", due_at=None)
    await keep(app, "R1", held, over, released, done, task_of("R1", "urgent", priority="urgent"))
    await keep(app, "R2", task_of("R2"), task_of("R2", "deliver", team="delivery"))

    at = "2026-11-23T00:00:36.000000Z"

    assert await backlog.open_tasks("supplies", "normal", at) == OpenTasks(free=3, held=1)
    assert await backlog.open_tasks("supplies", "urgent", at) == OpenTasks(free=1, held=0)
    assert await backlog.open_tasks("delivery", "normal", at) == OpenTasks(free=1, held=0)
    assert await backlog.open_tasks("delivery", "urgent", at) == OpenTasks(free=0, held=0)


async def test_a_lease_counts_as_held_until_another_may_take_over(app: App, backlog: CosmosBacklog):
    await keep(app, "R1", tasks.claim(task_of("R1"), HANAKO, "claim-1", seconds=30, now=NOW))

    assert await backlog.open_tasks("supplies", "normal", "2026-11-23T00:00:34.999999Z") == OpenTasks(free=0, held=1)
    assert await backlog.open_tasks("supplies", "normal", "2026-11-23T00:00:35.000000Z") == OpenTasks(free=1, held=0)


async def test_free_tasks_are_listed_by_when_they_were_to_be_looked_at(app: App, backlog: CosmosBacklog):
    held = tasks.claim(task_of("R1", "held"), HANAKO, "claim-1", seconds=900, now=NOW)
    other = task_of("R1", "deliver", team="delivery")
    await keep(app, "R1", held, other, task_of("R1", "second", "2026-11-23T02:00:00.000000Z"))
    await keep(
        app,
        "R2",
        task_of("R2", "first", "2026-11-23T01:00:00.000000Z", sweeps=3),
        task_of("R2", "urgent", priority="urgent"),
    )

    found = await backlog.free_tasks("supplies", "normal", NOW, 10)

    assert [due.id for due in found] == ["R2.first.1", "R1.second.1"]
    assert (found[0].due_at, found[0].sweeps, found[0].team) == ("2026-11-23T01:00:00.000000Z", 3, "supplies")
    assert len(await backlog.free_tasks("supplies", "normal", NOW, 1)) == 1


async def test_of_some_ids_those_of_open_tasks_are_told(app: App, backlog: CosmosBacklog):
    await keep(app, "R1", task_of("R1"), task_of("R1", "done", status="completed", due_at=None))
    await keep(app, "R2", task_of("R2"))

    assert await backlog.open_among(["R1.prepare.1", "R1.done.1", "R1", "nothing", ""]) == {"R1.prepare.1"}


async def test_a_request_is_overdue_while_its_step_is_pending(app: App, backlog: CosmosBacklog):
    overdue_task = task_of("R1", due_at=NOW)
    await keep(app, "R1", overdue_task, is_dispatched=False)
    await keep(app, "R2", is_dispatched=False)
    await keep(app, "R3", task_of("R3"))

    before = "2026-11-23T00:01:00.000001Z"
    found = await backlog.overdue_requests(before, 10)

    assert sorted(due.id for due in found) == ["R1", "R2"]
    assert [due.team for due in found] == [None, None]
    assert await backlog.count_overdue_requests(before) == 2
    assert len(await backlog.overdue_requests(before, 1)) == 1
    assert await backlog.count_overdue_requests("2026-11-23T00:01:00.000000Z") == 0


async def test_a_request_is_stalled_that_has_nothing_pending_and_no_open_task(app: App, backlog: CosmosBacklog):
    await keep(app, "open", task_of("open"), task_of("open", "done", status="completed", due_at=None))
    await keep(app, "pending", is_dispatched=False)
    assert await backlog.count_stalled_requests() == 0

    await keep(app, "stalled", task_of("stalled", status="completed", due_at=None))
    await keep(app, "empty")

    assert await backlog.count_stalled_requests() == 2
