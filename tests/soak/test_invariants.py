"""The checker reports what was lost and what happened twice, and nothing else."""

from collections import Counter as Count
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.case.request import Request
from services.case.task import Task
from services.failures.service import record_failure
from soak.diary import Diary, Lease, Promise, Receipt
from soak.invariants import Stored, check, without_receipt
from soak.work import Work
from tests.counter import HANAKO, KEY, OTHER_KEY, SECRETS, Counter, submission

WORK = Work(submission=submission(), routes=Count({"prepare": 1}), teams=frozenset({"supplies"}))


class Soaked:
    """A counter whose residents and staff keep a diary."""

    def __init__(self) -> None:
        self.counter = Counter()
        self.diary = Diary()

    async def submit(self, key: str = KEY) -> Promise:
        promise = self.diary.open(key, WORK, SECRETS)
        receipt = await self.counter.submit(key)
        promise.receipts.append(msgspec.convert(msgspec.to_builtins(receipt), Receipt))
        await self.counter.run_workers()
        return promise

    async def claim(self) -> Lease:
        [claimed] = await self.counter.claim()
        assert claimed.task.lease is not None
        lease = Lease(claimed.task.id, claimed.task.lease.token, claimed.task.lease.claim_id, HANAKO.id)
        self.diary.leases.append(lease)
        return lease

    async def complete(self, lease: Lease) -> None:
        await self.counter.tasks.complete(lease.task, HANAKO, lease.token, outcome="done", note=None)
        self.diary.completions.append(lease)

    def stored(self) -> Stored:
        cases = self.counter.store.cases.values()
        return Stored(
            requests=[case.request for case in cases],
            tasks=self.counter.store.tasks,
            failures=list(self.counter.failures.failures.values()),
            views=frozenset((record.operation, record.task) for record in self.counter.audit.records.values()),
        )

    def broken(self, **changes: Any) -> set[str]:
        """Return the names of the invariants that do not hold, after these changes to what is stored."""
        return {one.name for one in check(self.diary, replace(self.stored(), **changes)) if one.broken}


@pytest.fixture
async def soaked() -> Soaked:
    """One request completed, one whose task is still open."""
    soaked = Soaked()
    await soaked.submit()
    await soaked.complete(await soaked.claim())
    await soaked.submit(OTHER_KEY)
    return soaked


def first_request(soaked: Soaked, **changes: Any) -> list[Request]:
    first, *others = soaked.stored().requests
    return [replace(first, **changes), *others]


def first_task(soaked: Soaked, **changes: Any) -> list[Task]:
    first, *others = soaked.stored().tasks
    return [replace(first, **changes), *others]


def last_task(soaked: Soaked, **changes: Any) -> list[Task]:
    *others, last = soaked.stored().tasks
    return [*others, replace(last, **changes)]


async def test_a_counter_in_order_breaks_nothing(soaked: Soaked):
    assert soaked.broken() == set()


async def test_a_lost_request_is_reported(soaked: Soaked):
    _, second = soaked.stored().requests

    assert "every receipt has its request" in soaked.broken(requests=[second])


async def test_a_second_request_of_one_key_is_reported(soaked: Soaked):
    requests = soaked.stored().requests
    twin = replace(requests[0], id="twin", reference="twin")

    assert "every receipt has its request" in soaked.broken(requests=[*requests, twin])


async def test_another_body_than_the_one_that_was_sent_is_reported(soaked: Soaked):
    assert soaked.broken(requests=first_request(soaked, body_hash="other")) == {"every receipt has its request"}


async def test_a_receipt_that_differs_from_the_first_is_reported(soaked: Soaked):
    receipts = soaked.diary.promises[0].receipts
    receipts.append(replace(receipts[0], access_code="00000000"))

    assert soaked.broken() == {"a repeat gave the same receipt"}


async def test_a_request_received_later_than_its_receipt_says_is_reported(soaked: Soaked):
    late = first_request(soaked, received_at="2026-11-24T00:00:00.000000Z")

    assert soaked.broken(requests=late) == {"the earliest receipt counts"}


async def test_a_request_that_nobody_sent_is_reported(soaked: Soaked):
    soaked.diary.promises.pop()

    assert "no request but those that were sent" in soaked.broken()


async def test_a_request_whose_resident_gave_up_is_counted_and_breaks_nothing(soaked: Soaked):
    soaked.diary.promises[1].receipts.clear()

    assert soaked.broken() == set()
    assert without_receipt(soaked.diary, soaked.stored()) == 1


async def test_a_missing_task_is_reported(soaked: Soaked):
    assert "every route made one task" in soaked.broken(tasks=soaked.stored().tasks[1:])


async def test_a_second_task_of_one_route_is_reported(soaked: Soaked):
    tasks = soaked.stored().tasks
    twin = replace(tasks[0], id=f"{tasks[0].reference}.prepare.2")

    assert "every route made one task" in soaked.broken(tasks=[*tasks, twin])


async def test_a_task_that_stands_otherwise_than_its_request_says_is_reported(soaked: Soaked):
    assert soaked.broken(tasks=first_task(soaked, outcome="absent")) == {"a request mirrors its tasks"}


async def test_a_pending_step_is_reported():
    soaked = Soaked()
    soaked.counter.queues.away = True
    promise = soaked.diary.open(KEY, WORK, SECRETS)
    receipt = await soaked.counter.submit()
    promise.receipts.append(msgspec.convert(msgspec.to_builtins(receipt), Receipt))

    assert "no step is pending" in soaked.broken()


async def test_an_event_with_the_id_of_another_is_reported(soaked: Soaked):
    history = soaked.stored().requests[0].history

    assert soaked.broken(requests=first_request(soaked, history=(*history, history[0]))) == {"no event stands twice"}


async def test_a_second_completion_under_another_id_is_reported(soaked: Soaked):
    history = soaked.stored().tasks[0].history
    again = replace(history[-1], id="complete.2")

    assert soaked.broken(tasks=first_task(soaked, history=(*history, again))) == {"no event stands twice"}


async def test_an_open_task_of_a_completed_request_is_reported(soaked: Soaked):
    reopened = first_task(soaked, status="open", due_at="2026-11-23T01:00:00.000000Z")

    assert "nothing final has an open task" in soaked.broken(tasks=reopened)


async def test_an_accepted_request_for_which_nobody_has_anything_to_do_is_reported(soaked: Soaked):
    assert soaked.broken(requests=first_request(soaked, status="accepted")) == {"nothing stands still"}


async def test_an_open_task_that_is_never_due_is_reported(soaked: Soaked):
    assert soaked.broken(tasks=last_task(soaked, due_at=None)) == {"every open task is due"}


async def test_a_completion_that_two_people_were_told_is_reported(soaked: Soaked):
    soaked.diary.completions.append(replace(soaked.diary.completions[0], token=2))

    assert soaked.broken() == {"a confirmed completion stands, once"}


async def test_a_withdrawal_that_was_confirmed_and_is_not_stored_is_reported(soaked: Soaked):
    soaked.diary.promises[1].withdrawn = True

    assert soaked.broken() == {"a confirmed withdrawal stands"}


async def test_a_token_that_two_people_hold_is_reported(soaked: Soaked):
    soaked.diary.leases.append(replace(soaked.diary.leases[0], holder="u-taro"))

    assert soaked.broken() == {"no fencing token was given twice"}


async def test_a_view_without_its_record_is_reported(soaked: Soaked):
    assert soaked.broken(views=frozenset()) == {"every view is in the audit"}


async def test_a_message_that_failed_for_good_is_reported(soaked: Soaked):
    counter = soaked.counter
    await record_failure(counter.failures, ADVANCE_QUEUE, "{}", "invented", tries=0, message="m-1", clock=counter.clock)

    assert soaked.broken() == {"no message failed for good"}


async def test_a_refusal_that_nobody_deserved_is_reported(soaked: Soaked):
    soaked.diary.refusals.append("submit: 409")

    assert soaked.broken() == {"nobody was refused"}
