"""The promises of requests and tasks, tried on any sequence of commands while stores fail and instances die.

`pytest -n0 --hypothesis-profile=long tests/services/case/test_machine.py` searches longer, each time elsewhere.
"""

import asyncio
import itertools
import random
from collections import Counter as Counted
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services import times
from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.case.receipts import reference_for
from services.case.request import Case
from services.case.task import SUPERVISORS, Staff, Task, claim_operation, queue_of
from services.catalog.model import FOLLOW_UP
from services.errors import Refusal, StoreUnavailable, WriteConflict
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from tests.counter import SECRETS, SUPERVISOR, Counter, submission
from tests.trouble import TROUBLES, Conditions, Crash, LoopWithoutWaiting, Unreliable
from tests.watch import WatchedRequests, check_case

TEAMS = ("supplies", "delivery")
STAFF = tuple(Staff(f"u-{n}", f"職員 {n}", frozenset(f"Team.{team}" for team in TEAMS)) for n in range(3))
BODIES: tuple[dict[str, Any], ...] = (
    {"members": 2},
    {"members": 6, "atHome": True},
    {"members": 11, "atHome": True},
    {"members": 0},
)
ROUTES = ({"prepare"}, {"prepare", "deliver"}, {"deliver", "call"}, {"review"})
INVALID = 3
PORTS = ("store", "claims", "queues", "audit", "failures", "editions", "copy")
QUEUES_OF_TEAMS = [queue_of(team, priority) for team in TEAMS for priority in ("urgent", "normal")]

keys = st.integers(0, 2).map(lambda n: f"key-000000000000000000{n}")
bodies = st.integers(0, INVALID)
some_task = st.integers(0, 5)
staff = st.sampled_from(STAFF)
claim_ids = st.integers(0, 5).map(lambda n: f"claim-{n}")
ids_of_named_claims = st.integers(0, 3).map(lambda n: f"named-{n}")
holder_or_other = st.sampled_from([None, None, None, *STAFF])
token_back = st.sampled_from([0, 0, 0, 1])
lease_seconds = st.sampled_from([30, 900, 28_800])
few_calls = st.sampled_from([0, 1, 1, 1, 2, 2, 3, 4, 5])
outcomes = st.sampled_from(["done", "not_done", "absent"])
NO_END = ("not_done", "absent")

RESIDENTS = {
    "submit": (keys, bodies),
    "put_into_the_intake_queue": (keys, bodies, st.integers(-900, 60)),
}
WITHDRAWALS = {"withdraw": (st.integers(0, 2),)}
CLAIMERS = {
    "claim_next": (st.sampled_from(TEAMS), staff, claim_ids, st.sampled_from([1, 2, 32]), lease_seconds),
    "claim": (some_task, staff, ids_of_named_claims, lease_seconds),
}
HOLDERS = {
    "renew": (some_task, holder_or_other, token_back, lease_seconds),
    "release": (some_task, holder_or_other, token_back),
    "revoke": (some_task, token_back),
    "complete": (some_task, holder_or_other, token_back, outcomes),
}
HOST = {"take_in": (st.booleans(),), "advance": (st.booleans(),), "sweep": ()}


type Command = tuple[Any, ...]


def commands_of(verbs: dict[str, tuple[Any, ...]]) -> st.SearchStrategy[Command]:
    return st.one_of([st.tuples(st.just(name), *arguments) for name, arguments in verbs.items()])


troubles = st.sampled_from([*TROUBLES, "twice"])
trouble_ahead = st.just([]) | st.builds(lambda calls, trouble: [*[None] * calls, trouble], few_calls, troubles)
any_commands = st.lists(commands_of(RESIDENTS | WITHDRAWALS | CLAIMERS | HOLDERS | HOST), min_size=2, max_size=3)


class CounterMachine(RuleBasedStateMachine):
    """Drive a counter and remember what it promised: `receipts` by key, and every body that it took."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = LoopWithoutWaiting()
        self.conditions = Conditions()
        self.counter = Counter()
        self.clock = self.counter.clock
        self.counter.store = WatchedRequests(self.clock)
        self.ports = {name: getattr(self.counter, name) for name in PORTS}
        for name, port in self.ports.items():
            setattr(self.counter, name, Unreliable(port, self.conditions))
        self.store, self.queues = self.ports["store"], self.ports["queues"]
        self.counter.new_instance()
        self.receipts: dict[str, tuple[str, str]] = {}
        self.promised: set[tuple[str, int]] = set()
        self.found: dict[str, Case] = {}
        self.done: list[Command] = []
        self.asked: Counted[str] = Counted()
        self.fresh_claim_ids = (f"fresh-{n}" for n in itertools.count())

    # What people and other systems do

    async def submit(self, key: str, body: int) -> None:
        receipt, how = await self.counter.requests.submit(submission(answers=BODIES[body]), key, None)
        opened = (receipt.reference, receipt.access_code)
        assert self.receipts.setdefault(key, opened) == opened, "two receipts for one key"
        assert how == "repeated" or body != INVALID
        self.promised.add((key, body))

    async def put_into_the_intake_queue(self, key: str, body: int, seconds: int) -> None:
        plain = msgspec.to_builtins(submission(answers=BODIES[body]))
        received_at = times.later(self.clock.now, seconds)
        await self.queues.send(INTAKE_QUEUE, {**plain, "idempotencyKey": key, "receivedAt": received_at})
        self.promised.add((key, body))

    async def claim_next(self, team: str, who: Staff, claim_id: str, limit: int, seconds: int) -> None:
        self.asked[claim_id] = max(self.asked[claim_id], limit)
        claimed = await self.counter.tasks.claim_next(team, who, claim_id=claim_id, limit=limit, seconds=seconds)
        for one in claimed:
            check_shown_to(who, claim_id, one.task)

    async def claim(self, task: int, who: Staff, claim_id: str, seconds: int) -> None:
        claimed = await self.counter.tasks.claim(self._task(task).id, who, claim_id=claim_id, seconds=seconds)
        check_shown_to(who, claim_id, claimed.task)

    async def renew(self, task: int, who: Staff | None, back: int, seconds: int) -> None:
        known, by = await self._task_and_staff(task, who)
        await self.counter.tasks.renew(known.id, by, known.token - back, seconds=seconds)

    async def release(self, task: int, who: Staff | None, back: int) -> None:
        known, by = await self._task_and_staff(task, who)
        await self.counter.tasks.release(known.id, by, known.token - back, note=None)

    async def revoke(self, task: int, back: int) -> None:
        known, _ = await self._task_and_staff(task, None)
        await self.counter.tasks.revoke(known.id, SUPERVISOR, known.token - back, note=None)

    async def complete(self, task: int, who: Staff | None, back: int, outcome: str) -> None:
        known, by = await self._task_and_staff(task, who)
        done = await self.counter.tasks.complete(known.id, by, known.token - back, outcome=outcome, note=None)
        assert done.status == "completed"

    async def withdraw(self, receipt: int) -> None:
        reference, code = pick(list(self.receipts.values()), receipt)
        assert (await self.counter.requests.withdraw(reference, code)).status == "withdrawn"

    # What the host does

    async def take_in(self, acknowledged: bool) -> None:
        await self._deliver(INTAKE_QUEUE, self.counter.queued.take_in, acknowledged)

    async def advance(self, acknowledged: bool) -> None:
        await self._deliver(ADVANCE_QUEUE, self.counter._advance, acknowledged)

    async def sweep(self) -> None:
        await self.counter.advance.sweep()

    # Rules

    @initialize(requests=st.lists(st.tuples(keys, bodies), min_size=1, max_size=3), trouble=trouble_ahead)
    def some_requests_are_there(self, requests: list[tuple[str, int]], trouble: list[Any]) -> None:
        for key, body in requests:
            self._try(("submit", key, body), [])
            self._try(("advance", True), trouble)

    @rule(command=commands_of(RESIDENTS), trouble=trouble_ahead)
    def a_resident(self, command: Command, trouble: list[Any]) -> None:
        self._try(command, trouble)

    @rule(command=commands_of(WITHDRAWALS), meant=st.sampled_from([False, False, True]), trouble=trouble_ahead)
    def a_resident_withdraws(self, command: Command, meant: bool, trouble: list[Any]) -> None:
        if meant:
            self._try(command, trouble)

    @rule(command=commands_of(CLAIMERS), trouble=trouble_ahead)
    def a_member_of_staff_claims(self, command: Command, trouble: list[Any]) -> None:
        self._try(command, trouble)

    @rule(command=commands_of(HOLDERS), trouble=trouble_ahead)
    def a_holder_acts(self, command: Command, trouble: list[Any]) -> None:
        self._try(command, trouble)

    @rule(command=commands_of(HOST), trouble=trouble_ahead)
    def the_host(self, command: Command, trouble: list[Any]) -> None:
        self._try(command, trouble)

    @rule(back=st.sampled_from([0, 1, 1, 2]), trouble=trouble_ahead)
    def a_command_comes_again(self, back: int, trouble: list[Any]) -> None:
        if len(self.done) > back:
            self._try(self.done[-1 - back], trouble)

    @rule(side_by_side=any_commands, pace=st.integers(0, 1000), trouble=trouble_ahead)
    def some_at_once(self, side_by_side: list[Command], pace: int, trouble: list[Any]) -> None:
        self.conditions.plan = list(trouble)
        self.conditions.pace = random.Random(pace)
        self._run(*(self._beside(command) for command in side_by_side))

    @rule(names=st.sets(st.sampled_from(PORTS)) | st.just({"editions", "copy"}), cold=st.booleans())
    def these_stores_are_away(self, names: set[str], cold: bool) -> None:
        for name, port in self.ports.items():
            port.away = name in names
        if cold:
            self.counter.new_instance()

    @rule(lag=st.sampled_from([0.0, 0.2, 0.5]), seed=st.integers(0, 1000))
    def reads_lag(self, lag: float, seed: int) -> None:
        self.conditions.lag, self.conditions.lags = lag, random.Random(seed)

    @rule(seconds=st.sampled_from([1, 35, 61, 960, 4000, 30_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_(seconds)

    @rule(queue=st.sampled_from([INTAKE_QUEUE, ADVANCE_QUEUE, *QUEUES_OF_TEAMS]), lost=st.booleans())
    def messages_are_lost_or_come_twice(self, queue: str, lost: bool) -> None:
        """Lose what only wakes somebody up, never the submissions: they are the promise."""
        messages = self.queues.messages.get(queue, [])
        if lost and queue != INTAKE_QUEUE:
            messages.clear()
        for message in messages[:3]:
            self.queues.put(queue, message["body"])

    # What always holds

    @invariant()
    def every_case_is_sound(self) -> None:
        for case in self.store.cases.values():
            check_case(case)

    @invariant()
    def no_claim_leased_more_than_it_asked_for(self) -> None:
        taken = Counted(event.id for task in self.store.tasks for event in task.history if event.event == "claimed")
        for claim_id, asked in self.asked.items():
            assert taken[claim_operation(claim_id)] <= asked

    @invariant()
    def every_receipt_tells_how_it_stands(self) -> None:
        plan, self.conditions.plan = self.conditions.plan, []
        for reference, code in self.receipts.values():
            self._run(self.counter.requests.status(reference, code))
        self.conditions.plan = plan

    def teardown(self) -> None:
        try:
            self._calm_down()
            self.counter.new_instance()
            self._run(self._let_it_run_on())
            self._nothing_is_lost_and_nothing_there_twice()
            self._run(self._let_staff_finish())
            self.every_case_is_sound()
            assert all(case.request.status in ("completed", "withdrawn") for case in self.store.cases.values())
        finally:
            self.loop.close()

    def _nothing_is_lost_and_nothing_there_twice(self) -> None:
        assert [f for f in self.ports["failures"].failures.values() if f.queue == INTAKE_QUEUE] == []
        for key, body in self.promised:
            request = self.store.cases[reference_for(SECRETS, "web", key)].request
            kept = [request.answers, *(variant.answers for variant in request.variants)]
            assert kept.count(BODIES[body]) == 1
        for case in self.store.cases.values():
            if case.request.status != "withdrawn":
                assert set(case.tasks) == tasks_expected(case)

    async def _let_it_run_on(self) -> None:
        for _ in range(50):
            self.clock.pass_(600)
            await self.counter.advance.sweep()
            await self.counter.run_workers()
            waiting = [m for queue in (INTAKE_QUEUE, ADVANCE_QUEUE) for m in self.queues.messages.get(queue, [])]
            if not waiting and not any(case.request.pending for case in self.store.cases.values()):
                return
        raise AssertionError("something is pending for ever")

    async def _let_staff_finish(self) -> None:
        for _ in range(60):
            for team in (*TEAMS, SUPERVISORS):
                await self._work_on_what_can_be_claimed(team)
            if not any(task.status == "open" for task in self.store.tasks):
                return
            self.clock.pass_(600)
        raise AssertionError("a task can never be claimed")

    async def _work_on_what_can_be_claimed(self, team: str) -> None:
        claim_id, who = next(self.fresh_claim_ids), SUPERVISOR if team == SUPERVISORS else STAFF[0]
        claimed = await self.counter.tasks.claim_next(team, who, claim_id=claim_id, limit=32, seconds=900)
        for one in claimed:
            await self.counter.tasks.complete(one.task.id, who, one.task.token, outcome="done", note=None)

    async def _deliver(self, queue: str, do: Any, acknowledged: bool) -> None:
        """Deliver as the host does: what ends badly, or is not acknowledged, comes again after 30 seconds."""
        for message in await self.queues.receive(queue, 1, hidden_for=30):
            await self.counter.worker.work(queue, message.body, do, message.id)
            if acknowledged:
                await self.queues.delete(message)

    def _try(self, command: Command, trouble: list[Any]) -> None:
        self.conditions.plan = list(trouble)
        self.done.append(command)
        self._run(self._alone(command))

    async def _alone(self, command: Command) -> None:
        """Do one thing while nobody else does: a refusal changed nothing, and nobody can have been first."""
        self.found = dict(self.store.cases)
        try:
            await self._do(command)
        except Refusal:
            assert self.store.cases == self.found, "refused, but done"

    async def _beside(self, command: Command) -> None:
        with suppress(Refusal, WriteConflict):
            await self._do(command)

    async def _do(self, command: Command) -> None:
        name, *arguments = command
        try:
            await getattr(self, name)(*arguments)
        except (StoreUnavailable, NothingThere):
            return
        except Crash:
            self.counter.new_instance()

    def _run(self, *work: Coroutine[Any, Any, Any]) -> None:
        """Run side by side to the end, with whatever was left running."""
        self.loop.run_until_complete(self._together(*work))

    async def _together(self, *work: Awaitable[Any]) -> None:
        await asyncio.gather(*work)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*left, return_exceptions=True)

    def _calm_down(self) -> None:
        self.conditions.plan, self.conditions.lag = [], 0
        for port in self.ports.values():
            port.away = False

    def _task(self, number: int) -> Task:
        return pick(self.store.tasks, number)

    async def _task_and_staff(self, number: int, who: Staff | None) -> tuple[Task, Staff]:
        """Return a task and who acts on it: the one given, else its holder, who claims it first where nobody did."""
        known = self._task(number)
        if who is None and known.status == "open" and known.lease is None:
            plan, self.conditions.plan = self.conditions.plan, []
            claim = ("claim", number, STAFF[0], next(self.fresh_claim_ids), 900)
            self.done.insert(-1, claim)
            await self._do(claim)
            self.conditions.plan = plan
            known = self._task(number)
            self.found = dict(self.store.cases)
        return known, who or holder_of(known)


class NothingThere(Exception):
    """Say that a command has nothing to act on yet."""


def pick[T](items: list[T], number: int) -> T:
    if not items:
        raise NothingThere()
    return items[number % len(items)]


def holder_of(task: Task) -> Staff:
    """Return who holds a task, or held it last; anyone where nobody did."""
    return next((one for one in STAFF if task.lease and one.id == task.lease.holder), STAFF[0])


def check_shown_to(who: Staff, claim_id: str, task: Task) -> None:
    assert task.lease is not None
    assert (task.lease.holder, task.lease.claim_id) == (who.id, claim_id), "shown to someone who does not hold it"


def tasks_expected(case: Case) -> set[str]:
    """Return the ids of the tasks of a request: one per matching route, one review per other body, and one for a
    supervisor after each end that is none."""
    routes = {f"{route}.1" for route in ROUTES[BODIES.index(case.request.answers)]}
    reviews = {f"review.{n}" for n in range(2, len(case.request.variants) + 2)}
    ended = [task for task in case.tasks.values() if task.team != SUPERVISORS and task.outcome in NO_END]
    follow_ups = {f"{FOLLOW_UP}.{n}" for n in range(1, len(ended) + 1)}
    return {f"{case.request.reference}.{rest}" for rest in routes | reviews | follow_ups}
