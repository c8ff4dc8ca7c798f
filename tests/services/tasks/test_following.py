import pytest

from services.case.request import Request
from services.case.task import SUPERVISORS, Staff, Task
from services.errors import Forbidden
from tests.counter import DEFINITION, HANAKO, SUPERVISOR, Counter, current

OUTCOMES = [
    {"id": "papers_missing", "title": {"ja": "書類がない"}},
    {"id": "handed_over", "title": {"ja": "渡した"}, "final": True},
]


@pytest.fixture
async def counter() -> Counter:
    counter = Counter(current(outcomes=OUTCOMES))
    await counter.submit()
    await counter.run_workers()
    return counter


def request_in(counter: Counter) -> Request:
    [case] = counter.store.cases.values()
    return case.request


def open_tasks(counter: Counter) -> list[Task]:
    return [task for task in counter.store.tasks if task.status == "open"]


async def end(counter: Counter, outcome: str, staff: Staff = HANAKO, team: str = "supplies") -> None:
    [claimed] = await counter.tasks.claim_next(team, staff, claim_id=f"claim-{outcome}-{team}", limit=1, seconds=900)
    await counter.tasks.complete(claimed.task.id, staff, 1, outcome=outcome, note=None)
    await counter.run_workers()


@pytest.mark.parametrize("outcome", ["done", "handed_over"])
async def test_done_and_what_the_definition_names_as_final_complete_a_request(counter: Counter, outcome: str):
    await end(counter, outcome)

    assert request_in(counter).status == "completed"
    assert open_tasks(counter) == []


@pytest.mark.parametrize("outcome", ["papers_missing", "not_done"])
async def test_after_any_other_outcome_a_supervisor_looks_at_the_request(counter: Counter, outcome: str):
    await end(counter, outcome)

    [task] = open_tasks(counter)
    assert (task.team, task.kind, task.reason) == (SUPERVISORS, "follow-up", "not_ended")
    assert request_in(counter).status == "accepted"
    assert len(counter.queues.messages["tasks-supervisors"]) == 1
    with pytest.raises(Forbidden):
        await end(counter, "done", HANAKO, SUPERVISORS)


@pytest.mark.parametrize("outcome", ["done", "not_done", "papers_missing", "handed_over"])
async def test_whatever_a_supervisor_ends_has_ended(counter: Counter, outcome: str):
    await end(counter, "papers_missing")

    await end(counter, outcome, SUPERVISOR, SUPERVISORS)

    assert request_in(counter).status == "completed"
    assert open_tasks(counter) == []


async def test_two_tasks_that_end_without_an_end_are_two_tasks_of_the_supervisors():
    counter = Counter(current(outcomes=OUTCOMES))
    await counter.submit(answers={"members": 11, "atHome": True})
    await counter.run_workers()
    driver = Staff("u-driver", "運転", frozenset({"Team.delivery"}))

    await end(counter, "not_done")
    await end(counter, "not_done", driver, "delivery")

    assert [task.id.partition(".")[2] for task in open_tasks(counter)] == ["follow-up.1", "follow-up.2"]


async def test_who_withdraws_after_an_outcome_that_is_no_end_is_not_told_that_it_is_too_late():
    counter = Counter(current(outcomes=OUTCOMES))
    receipt = await counter.submit()
    await counter.run_workers()
    await end(counter, "papers_missing")

    withdrawn = await counter.requests.withdraw(receipt.reference, receipt.access_code)

    assert withdrawn.status == "withdrawn"
    assert open_tasks(counter) == []


async def moved_to_another_team(counter: Counter) -> None:
    """Publish the definition with its tasks sent to another team than that of the open task."""
    routes = [{**route, "team": "water"} for route in DEFINITION["routes"]]
    cases = [
        {
            **case,
            "expect": {
                **case["expect"],
                "tasks": [{**task, "team": "water"} for task in case["expect"].get("tasks", [])],
            },
        }
        for case in DEFINITION["cases"]
    ]
    await counter.catalog.publish({**DEFINITION, "outcomes": OUTCOMES, "routes": routes, "cases": cases})


async def test_tasks_of_a_team_that_no_service_names_any_more_are_counted_and_the_supervisors_too(counter: Counter):
    with pytest.raises(Forbidden):
        await end(counter, "done", SUPERVISOR)
    assert (await counter.reconciliation.run(dry_run=True)).orphaned_tasks == 0

    await moved_to_another_team(counter)

    report = await counter.reconciliation.run(dry_run=True)
    assert (report.orphaned_tasks, report.is_quiet) == (1, False)
    await end(counter, "done", SUPERVISOR)
    assert request_in(counter).status == "completed"
