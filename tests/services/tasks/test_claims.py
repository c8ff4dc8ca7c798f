"""A claim under one id is one claim, however often it is sent, at once or later, and whatever fails in between."""

import asyncio
import random

import pytest

from services.case.task import Staff
from services.errors import StoreUnavailable
from services.tasks.claims import Claim
from tests.counter import HANAKO, KEY, TARO, Counter
from tests.trouble import Conditions, Unreliable

QUEUE = "tasks-supplies"
PORTS = ("store", "claims", "queues", "audit")


async def with_tasks(number: int) -> Counter:
    """Return a counter with so many requests, each with a task that waits for the team `supplies`."""
    counter = Counter()
    for n in range(number):
        await counter.submit(key=f"{KEY}-{n}")
    await counter.run_workers()
    return counter


def side_by_side(counter: Counter, pace: int) -> None:
    """Let calls that are made at once overtake each other."""
    conditions = Conditions()
    conditions.pace = random.Random(pace)
    for name in PORTS:
        setattr(counter, name, Unreliable(getattr(counter, name), conditions))
    counter.new_instance()


def leased(counter: Counter) -> list[str]:
    return sorted(task.id for task in counter.store.tasks if task.lease)


def chosen(counter: Counter, *tasks: int) -> Claim:
    """Return the claim by which 花子 chose the tasks of these numbers."""
    ids = [task.id for task in counter.store.tasks]
    return Claim(claim_id="claim-0001", team="supplies", holder=HANAKO.id, tasks=tuple(ids[number] for number in tasks))


@pytest.mark.parametrize("pace", range(10))
@pytest.mark.parametrize(("waiting", "limit"), [(10, 1), (30, 3), (12, 3)])
async def test_claims_sent_at_once_under_one_id_lease_once_what_one_asked_for(waiting: int, limit: int, pace: int):
    counter = await with_tasks(waiting)
    side_by_side(counter, pace)

    answers = await asyncio.gather(*(counter.claim(limit=limit) for _ in range(10)))

    assert len(leased(counter)) == limit
    found = [sorted(one.task.id for one in answer) for answer in answers if answer]
    assert found == [leased(counter)] * len(found)
    assert len(found) == 10 or waiting < 10 * limit


async def test_a_claim_that_got_less_than_it_asked_for_gets_no_more_when_it_is_sent_again():
    counter = await with_tasks(1)
    first = await counter.claim(limit=5)
    await counter.submit(key=f"{KEY}-later")
    await counter.run_workers()

    assert await counter.claim(limit=5) == first


async def test_a_claim_whose_task_was_given_back_gets_no_other_for_it():
    counter = await with_tasks(2)
    [claimed] = await counter.claim()
    await counter.tasks.release(claimed.task.id, HANAKO, 1, note=None)

    assert await counter.claim() == []
    assert leased(counter) == []


async def test_a_claim_that_found_nothing_can_be_sent_again_until_there_is_something():
    counter = await with_tasks(0)
    assert await counter.claim() == []
    assert counter.claims.claims == {}
    await counter.submit()
    await counter.run_workers()

    assert len(await counter.claim()) == 1


async def test_a_claim_that_ended_before_its_leases_is_finished_when_it_is_sent_again():
    counter = await with_tasks(3)
    await counter.claims.create(chosen(counter, 0, 2))

    claimed = await counter.claim(limit=2)

    assert [one.task.id for one in claimed] == list(chosen(counter, 0, 2).tasks)
    assert leased(counter) == sorted(chosen(counter, 0, 2).tasks)


async def test_a_claim_sent_again_passes_over_what_others_took_in_between():
    counter = await with_tasks(3)
    await counter.claims.create(chosen(counter, 0, 1, 2))
    await counter.tasks.claim(chosen(counter, 1).tasks[0], TARO, claim_id="claim-0002", seconds=60)

    claimed = await counter.claim(limit=3)

    assert [one.task.id for one in claimed] == list(chosen(counter, 0, 2).tasks)


async def test_a_claim_that_cannot_be_stored_leases_nothing():
    counter = await with_tasks(1)
    counter.claims.away = True

    with pytest.raises(StoreUnavailable):
        await counter.claim()

    assert leased(counter) == []
    assert len(counter.queues.visible(QUEUE)) == 1


async def test_a_claim_whose_reply_was_lost_is_stored_once():
    counter = await with_tasks(2)
    counter.claims.lose_replies = 1

    [claimed] = await counter.claim()

    assert counter.claims.claims["claim-0001"].tasks == (claimed.task.id,)
    assert leased(counter) == [claimed.task.id]


async def test_a_claim_that_stands_and_cannot_be_read_yet_leases_nothing():
    counter = await with_tasks(2)
    await counter.claims.create(chosen(counter, 1))
    counter.claims.read = counter.claims.read_behind

    with pytest.raises(StoreUnavailable):
        await counter.claim()

    assert leased(counter) == []


async def test_who_lost_the_role_of_a_team_is_shown_none_of_its_tasks_by_the_old_claim_under_another_team():
    counter = await with_tasks(1)
    both = Staff("u-hanako", "花子", frozenset({"Team.supplies", "Team.delivery"}))
    moved = Staff("u-hanako", "花子", frozenset({"Team.delivery"}))
    await counter.claim(both)
    seen = dict(counter.audit.records)
    counter.clock.pass_(3600)

    shown = await counter.tasks.claim_next("delivery", moved, claim_id="claim-0001", limit=5, seconds=60)

    assert shown == []
    assert counter.audit.records == seen


async def test_a_claim_of_one_team_takes_nothing_from_another_under_the_same_id():
    counter = Counter()
    await counter.submit(answers={"members": 2, "atHome": True})
    await counter.run_workers()
    both = Staff("u-hanako", "花子", frozenset({"Team.supplies", "Team.delivery"}))
    await counter.claim(both)

    assert await counter.tasks.claim_next("delivery", both, claim_id="claim-0001", limit=1, seconds=60) == []
    assert len(leased(counter)) == 1


async def test_what_a_claim_chose_is_for_its_holder_alone():
    counter = await with_tasks(2)
    await counter.claims.create(chosen(counter, 0))

    assert await counter.claim(TARO) == []
    assert leased(counter) == []
