"""Fifty members of staff compete for tasks on five instances of the app, whose clocks and queues are what they are."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest

from services import times
from services.case.task import Staff, Task
from services.errors import MadoguchiError, StaleToken, StoreUnavailable, TaskHeld
from services.times import Clock, Instant
from tests.apps import running, settings_for
from tests.counter import DEFINITION, submission
from tests.fakes import FakeClock
from wiring.app import App

SKEWS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Seconds by which the clocks of the five instances are wrong; a takeover waits for five."""
CLAIMERS = 50
LEASE = 30


class Office:
    """Hold five instances of the app over one database, and who works at which."""

    def __init__(self, clock: FakeClock, apps: list[App]) -> None:
        self.clock = clock
        self.apps = apps
        self.staff = [Staff(f"u-{n}", f"職員 {n}", frozenset({"Team.supplies"})) for n in range(CLAIMERS)]

    def app_of(self, staff: Staff) -> App:
        return self.apps[self.staff.index(staff) % len(self.apps)]

    def true_time(self, at: Instant, by: str | None) -> Instant:
        """Take from a time in the history what the clock of the instance that wrote it was wrong by."""
        number = next(n for n, staff in enumerate(self.staff) if staff.name == by)
        return times.later(at, -SKEWS[number % len(SKEWS)])

    async def make_tasks(self, number: int) -> None:
        """Take in so many requests, one in three of them urgent, and dispatch them."""

        async def one(n: int) -> None:
            app = self.apps[n % len(self.apps)]
            sent = submission(answers={"members": 2 if n % 3 else 6})
            receipt, _ = await app.requests.submit(sent, f"key-of-the-tests-{n:06}", None)
            await app.advance.advance(receipt.reference)

        for start in range(0, number, 10):
            await asyncio.gather(*(one(n) for n in range(start, min(start + 10, number))))

    async def open_tasks(self) -> list[Task]:
        return await self.apps[0].tasks.of_team("supplies", self.staff[0], "open")

    async def claim_until_nothing_is_left(self, staff: Staff, claim: str) -> list[Task]:
        """Claim two tasks at a time; where no answer came, ask again with the same claim id."""
        claimed: list[Task] = []
        for n in range(1000):
            some = await self.claim_two(staff, f"{claim}-{n}")
            if not some:
                break
            claimed += some
        return claimed

    async def claim_two(self, staff: Staff, claim_id: str) -> list[Task]:
        service = self.app_of(staff).tasks
        for _ in range(20):
            with suppress(StoreUnavailable):
                claimed = await service.claim_next("supplies", staff, claim_id=claim_id, limit=2, seconds=28_800)
                return [one.task for one in claimed]
        raise AssertionError("the stores never answered")


@pytest.fixture
async def office(emulators) -> AsyncIterator[Office]:
    clock = FakeClock()
    settings = settings_for(emulators.cosmos, emulators.storage)

    def skewed(skew: float) -> Clock:
        return lambda: times.later(clock(), skew)

    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(running(settings, skewed(skew))) for skew in SKEWS]
        await apps[0].catalog.publish(DEFINITION)
        yield Office(clock, apps)


async def test_of_fifty_who_claim_at_once_each_task_goes_to_exactly_one(office: Office):
    await office.make_tasks(60)

    shown: list[tuple[str, str]] = []
    for turn in range(10):
        found = await asyncio.gather(
            *(office.claim_until_nothing_is_left(staff, f"claim-{turn}-{staff.id}") for staff in office.staff)
        )
        shown += [(task.id, staff.id) for staff, tasks in zip(office.staff, found, strict=True) for task in tasks]
        office.clock.pass_(31)
        if len(shown) == 60:
            break

    stored = await office.open_tasks()
    assert sorted(shown) == sorted((task.id, task.lease.holder) for task in stored if task.lease)
    assert [[event.event for event in task.history] for task in stored] == [["created", "claimed"]] * 60


async def test_leases_never_overlap_in_true_time_whoever_claims_renews_releases_or_dies(office: Office):
    await office.make_tasks(5)
    chance = random.Random(0)
    tokens: dict[tuple[str, str], int] = {}
    given: dict[tuple[str, int], str] = {}

    async def work(staff: Staff, turn: int, task: Task) -> None:
        service = office.app_of(staff).tasks
        claimed = await service.claim(task.id, staff, claim_id=f"claim-{turn}-{staff.id}", seconds=LEASE)
        token = tokens[staff.id, task.id] = claimed.task.token
        assert given.setdefault((task.id, token), staff.id) == staff.id, "a token was given out twice"
        if chance.random() < 0.3:
            await service.release(task.id, staff, token, note="別件のため")
        elif chance.random() < 0.5:
            await service.renew(task.id, staff, token, seconds=LEASE)

    async def renew_an_old_lease(staff: Staff, task: Task) -> None:
        token = tokens.get((staff.id, task.id), 0)
        await office.app_of(staff).tasks.renew(task.id, staff, token, seconds=LEASE)

    tasks = await office.open_tasks()
    for turn in range(20):
        late = [renew_an_old_lease(staff, chance.choice(tasks)) for staff in chance.sample(office.staff, 5)]
        early = [work(staff, turn, chance.choice(tasks)) for staff in office.staff]
        done = await asyncio.gather(*late, *early, return_exceptions=True)
        assert [e for e in done if isinstance(e, Exception) and not isinstance(e, MadoguchiError)] == []
        office.clock.pass_(chance.choice([1, 14, 28]))

    stored = await office.open_tasks()
    assert sum(task.token for task in stored) > 20
    for task in stored:
        leases = leases_of(task, office)
        assert len(leases) == task.token
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(leases))


def leases_of(task: Task, office: Office) -> list[tuple[Instant, Instant]]:
    """Read from the history, token by token, from when to when somebody held the task, in true time."""
    starts = [e for e in task.history if e.event == "claimed"]
    renewals = {e.id.split(".")[1]: e for e in task.history if e.event == "renewed"}
    releases = {e.id.split(".")[1]: e for e in task.history if e.event == "released"}
    leases = []
    for token, start in enumerate(starts, 1):
        last = renewals.get(str(token), start)
        end = times.later(office.true_time(last.at, last.by), LEASE)
        if str(token) in releases:
            end = office.true_time(releases[str(token)].at, start.by)
        leases.append((office.true_time(start.at, start.by), end))
    return leases


async def test_a_holder_who_died_is_followed_by_another_through_the_queue_or_the_store(office: Office):
    await office.make_tasks(1)
    [dead, next_one, *_] = office.staff
    [held] = await office.claim_two(dead, "claim-dead")
    with pytest.raises(TaskHeld) as refusal:
        await office.app_of(next_one).tasks.claim(held.id, next_one, claim_id="claim-early", seconds=LEASE)

    office.clock.pass_(28_800 + 10)
    [taken_over] = await office.claim_two(next_one, "claim-next")

    assert refusal.value.holder == dead.name
    assert (taken_over.id, taken_over.token) == (held.id, 2)
    with pytest.raises(StaleToken) as refusal:
        await office.app_of(dead).tasks.complete(held.id, dead, 1, outcome="done", note=None)
    assert refusal.value.holder == next_one.name
