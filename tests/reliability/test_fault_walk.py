"""Every operation of every command fails in every way; whoever called calls again or not; then all invariants hold."""

import itertools
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.failures.model import failure_id
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from tests.reliability.faults import KINDS, Injection, noted, outage_of, sample
from tests.reliability.world import HANAKO, JIRO, ROUTES, World

type Act = Callable[[World], Awaitable[object]]
type Note = Callable[[str, object], None]


class Scenario(msgspec.Struct, frozen=True):
    """Name a command, what comes before it, the operations it makes where nothing fails, and how its request ends.

    A request that ends `accepted` has open tasks that were delivered; for any other somebody works what is open.
    The host redelivers the message of a worker that did not end well, and of no other. What is repeated late comes
    once more when all is done. What is recorded stands among the failures in the end, once.
    """

    prepare: tuple[Act, ...]
    act: Act
    operations: str
    ends: str = "completed"
    away: tuple[str, ...] = ()
    is_redelivered: bool = False
    is_repeated_late: bool = False
    is_recorded: bool = False


async def submit(world: World) -> None:
    await world.submit()


async def submit_to_the_queue(world: World) -> None:
    with outage_of("cosmos"):
        await world.submit()


async def lose_wake_up(world: World) -> None:
    await world.take(ADVANCE_QUEUE)
    world.clock.pass_(120)


async def sweep(world: World) -> None:
    await world.app.advance.sweep()


async def take_wake_up(world: World) -> None:
    await world.take(ADVANCE_QUEUE)


async def advance(world: World) -> None:
    await world.work(ADVANCE_QUEUE)


async def take_submission(world: World) -> None:
    await world.take(INTAKE_QUEUE)


async def take_in(world: World) -> None:
    await world.work(INTAKE_QUEUE)


async def claim(world: World) -> None:
    await world.claim()


async def claim_by_id(world: World) -> None:
    await world.claim_by_id()


async def renew(world: World) -> None:
    task, token = held(world)
    await world.app.tasks.renew(task, HANAKO, token, seconds=120)


async def release(world: World) -> None:
    task, token = held(world)
    await world.app.tasks.release(task, HANAKO, token, note="鍵がない")


async def revoke(world: World) -> None:
    task, token = held(world)
    await world.app.tasks.revoke(task, JIRO, token, note=None)


async def complete(world: World) -> None:
    task, token = held(world)
    await world.app.tasks.complete(task, HANAKO, token, outcome="done", note=None)


async def withdraw(world: World) -> None:
    receipt = world.receipts[0]
    await world.app.requests.withdraw(receipt.reference, receipt.access_code)


async def give_up(world: World) -> None:
    await world.app.worker.give_up(world.queue, world.message, f"message-{world.cases}")


async def replay(world: World) -> None:
    await world.app.failures.replay([failure_id(world.queue, world.message)], JIRO, dry_run=False)


async def dismiss(world: World) -> None:
    await world.app.failures.dismiss([failure_id(world.queue, world.message)], "二重に送られた", JIRO)


def held(world: World) -> tuple[str, int]:
    assert world.claimed
    assert world.claimed.task.lease
    return world.claimed.task.id, world.claimed.task.lease.token


GIVES_UP = ("away from here on", "reply lost, then away", "killed after")
"""The faults after which the caller never calls again; after all others the same call comes again."""
DISPATCHED = (submit, take_wake_up, advance)
HELD = (*DISPATCHED, claim)
SWEEP = (
    "query requests, receive from requests-advance, receive from requests-advance, patch in requests, "
    "send to requests-advance"
)
CREATE = "describe requests, create in requests, send to requests-advance"
CLAIM = """describe claims, read from claims, receive from tasks-supplies-urgent, receive from tasks-supplies,
    query requests, create in claims, update in tasks-supplies, batch in requests, describe audit, create in audit"""
DISPATCH = "query requests, batch in requests, send to tasks-supplies, send to tasks-delivery, batch in requests"
REPLAY = "query failures, read from failures, send to {queue}, replace in failures"
SCENARIOS = {
    "submit": Scenario((), submit, CREATE, ends="accepted", is_repeated_late=True),
    "submit to the queue": Scenario(
        (),
        submit,
        f"{2 * 'describe requests, '}send to requests-intake",
        ends="accepted",
        away=("cosmos",),
        is_repeated_late=True,
    ),
    "take in": Scenario(
        (submit_to_the_queue, take_submission),
        take_in,
        CREATE,
        ends="accepted",
        is_redelivered=True,
    ),
    "advance": Scenario((submit, take_wake_up), advance, DISPATCH, ends="accepted"),
    "sweep": Scenario((submit, lose_wake_up), sweep, SWEEP, ends="accepted"),
    "give up": Scenario(
        (submit, take_wake_up),
        give_up,
        "describe failures, create in failures",
        ends="accepted",
        is_redelivered=True,
        is_recorded=True,
    ),
    "replay": Scenario((submit, take_wake_up, give_up), replay, REPLAY.format(queue=ADVANCE_QUEUE), ends="accepted"),
    "replay a submission": Scenario(
        (submit_to_the_queue, take_submission, give_up), replay, REPLAY.format(queue=INTAKE_QUEUE), ends="accepted"
    ),
    "dismiss": Scenario(
        (submit, take_wake_up, give_up),
        dismiss,
        "query failures, read from failures, replace in failures",
        ends="accepted",
    ),
    "claim": Scenario(DISPATCHED, claim, CLAIM),
    "claim by id": Scenario(
        DISPATCHED, claim_by_id, "query requests, batch in requests, describe audit, create in audit"
    ),
    "renew": Scenario(HELD, renew, "query requests, update in tasks-supplies, batch in requests"),
    "release": Scenario(HELD, release, "query requests, batch in requests, update in tasks-supplies"),
    "revoke": Scenario(HELD, revoke, "query requests, batch in requests, update in tasks-supplies"),
    "complete": Scenario(HELD, complete, "query requests, batch in requests, delete from tasks-supplies"),
    "withdraw before dispatch": Scenario(
        (submit,), withdraw, "read from requests, query requests, batch in requests", ends="withdrawn"
    ),
    "withdraw while held": Scenario(
        HELD, withdraw, "read from requests, query requests, batch in requests", ends="withdrawn"
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_the_operations_of_a_command_are_those_listed(name: str, own: World):
    """A new operation must be listed, so that the walk comes to it."""
    injection = Injection("", None, *SCENARIOS[name].away)

    await play(own, SCENARIOS[name], injection)

    assert injection.operations == listed(SCENARIOS[name])


def points_of_the_suite() -> dict[str, list[tuple[str, int]]]:
    """Return the faults that `make test` lets each command meet: the kinds go round over the operations of all."""
    starts = itertools.accumulate((len(listed(scenario)) for scenario in SCENARIOS.values()), initial=0)
    return {name: sample(KINDS, listed(SCENARIOS[name]), start) for name, start in zip(SCENARIOS, starts, strict=False)}


def test_the_suite_lets_every_operation_of_every_command_fail_and_each_kind_hit_several_commands():
    points = points_of_the_suite()

    assert {name: [index for _, index in chosen] for name, chosen in points.items()} == {
        name: list(range(len(listed(scenario)))) for name, scenario in SCENARIOS.items()
    }
    hit = {kind: {name for name, chosen in points.items() if kind in dict(chosen)} for kind in KINDS}
    assert min(len(names) for names in hit.values()) >= 3


@pytest.mark.parametrize("name", SCENARIOS)
async def test_no_operation_that_fails_loses_or_doubles_anything(name: str, own: World, record_property: Note):
    await walk(own, SCENARIOS[name], points_of_the_suite()[name])

    record_property("fault points", own.cases)


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_no_fault_at_any_operation_loses_or_doubles_anything(
    name: str, kind: str, own: World, record_property: Note
):
    await walk(own, SCENARIOS[name], [(kind, index) for index in range(len(listed(SCENARIOS[name])))])

    record_property("fault points", own.cases)


async def walk(own: World, scenario: Scenario, points: list[tuple[str, int]]) -> None:
    """Let a command meet one fault after the other, each in a case of its own."""
    for kind, index in points:
        injection = Injection(kind, index, *scenario.away)
        ended = await play(own, scenario, injection)
        assert injection.was_reached, injection.operations
        calls_again = not ended if scenario.is_redelivered else kind not in GIVES_UP
        if calls_again:
            await scenario.act(own)
        await own.run_on()
        if scenario.is_repeated_late:
            await scenario.act(own)
            await own.run_on()
        with noted(f"{kind} at {index} of {injection.operations}"):
            await check(own, scenario, ended or calls_again)

    assert await own.number_of_requests() <= own.cases


def listed(scenario: Scenario) -> list[str]:
    return [operation.strip() for operation in scenario.operations.split(",")]


async def play(own: World, scenario: Scenario, injection: Injection) -> bool:
    """Begin a case, and call its command once; tell whether it ended well."""
    await own.begin()
    for step in scenario.prepare:
        await step(own)
    return await own.attempt(scenario.act, injection)


async def check(own: World, scenario: Scenario, was_answered: bool) -> None:
    """Check what must hold of a request after everything that repeats by itself has run."""
    delivered = await own.delivered() if scenario.ends == "accepted" else await own.finish()
    request, tasks = await own.documents()
    receipts = {(receipt.reference, receipt.access_code) for receipt in own.receipts}
    assert len(receipts) <= 1, "one key has one receipt"
    failures = await own.recorded_failures()
    for receipt in receipts:
        is_kept = any(failure.status == "open" for failure in failures)
        assert request is not None or is_kept, "a receipt has its request, or operations know of it"
        assert request is None or await own.app.requests.status(*receipt) is not None
    if request is None:
        assert not was_answered
        return
    assert request.status == scenario.ends or not was_answered
    assert (request.pending, request.due_at) == ({}, None), "no step is pending for ever"
    assert {t.id: (t.status, t.outcome) for t in request.tasks} == {t.id: (t.status, t.outcome) for t in tasks}
    made = sorted(task.route for task in tasks)
    assert made == sorted(ROUTES) or (request.status, made) == ("withdrawn", []), "a matching route has one task"
    if request.status == "withdrawn":
        assert {task.status for task in tasks} <= {"cancelled"}, "nobody works for nothing"
    assert [failure.tries for failure in failures] in ([], [1]), "a try is counted once"
    assert len(failures) == 1 or not scenario.is_recorded, "what was given up is recorded"
    for document in (request, *tasks, *failures):
        assert len({event.id for event in document.history}) == len(document.history), "no event stands twice"
    for task in tasks:
        is_open = task.status == "open"
        assert is_open == (request.status == "accepted")
        assert is_open == (task.due_at is not None), "the sweeper looks after what is open, and after nothing else"
        assert not is_open or task.id in delivered, "an open task is delivered"
        assert len([event for event in task.history if event.event == "claimed"]) == task.token
    assert set(own.shown) <= await own.views(), "no view without its record"
