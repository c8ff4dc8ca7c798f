import json
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.advance.dispatching import message_of
from services.case.audit import SPAN
from services.case.task import Staff
from services.errors import (
    Forbidden,
    RequestWithdrawn,
    StaleToken,
    StoreUnavailable,
    TaskHeld,
    UnknownOutcome,
    UnknownTask,
)
from services.intake.service import Receipt
from services.tasks.team_queues import normal_share
from tests.counter import HANAKO, KEY, SUPERVISOR, TARO, Counter

QUEUE = "tasks-supplies"


@pytest.fixture
async def counter() -> Counter:
    """Return a counter with one request, whose task waits for the team `supplies`."""
    counter = Counter()
    counter.receipt = await counter.submit()
    await counter.run_workers()
    return counter


def task_of(counter: Counter, route: str = "prepare"):
    receipt: Receipt = counter.receipt
    return counter.case(receipt).tasks[f"{receipt.reference}.{route}.1"]


async def test_a_claim_hands_over_the_task_with_its_request(counter: Counter):
    [claimed] = await counter.claim()

    assert claimed.task.lease is not None
    assert claimed.task.lease.holder == "u-hanako"
    assert claimed.request.answers == {"members": 2}


async def test_the_same_claim_id_gives_the_same_leases_again(counter: Counter):
    first = await counter.claim()
    counter.clock.pass_(30)

    assert await counter.claim() == first


async def test_a_claim_id_of_a_colleague_opens_nothing(counter: Counter):
    await counter.claim(HANAKO, "claim-0001")

    assert await counter.claim(TARO, "claim-0001") == []


async def test_a_claim_that_gave_its_task_back_does_not_get_it_again(counter: Counter):
    await counter.claim(HANAKO, "claim-0001")
    await counter.tasks.release(task_of(counter).id, HANAKO, 1, note=None)

    assert await counter.claim(HANAKO, "claim-0001") == []
    with pytest.raises(StaleToken):
        await counter.tasks.claim(task_of(counter).id, HANAKO, claim_id="claim-0001", seconds=60)

    counter.clock.pass_(61)
    [claimed] = await counter.claim(TARO, "claim-0002")
    assert claimed.task.token == 2


async def test_a_repeated_claim_shows_no_task_that_another_holds_by_now(counter: Counter):
    await counter.claim(HANAKO, "claim-0001", seconds=60)
    counter.clock.pass_(121)
    await counter.claim(TARO, "claim-0002")

    assert await counter.claim(HANAKO, "claim-0001") == []


async def test_one_task_is_held_by_one_person_at_a_time(counter: Counter):
    await counter.claim(HANAKO, "claim-0001")
    counter.queues.put(QUEUE, json.dumps(message_of(task_of(counter))))

    assert await counter.claim(TARO, "claim-0002") == []


async def test_a_task_that_two_messages_deliver_is_handed_over_once(counter: Counter):
    counter.queues.put(QUEUE, json.dumps(message_of(task_of(counter))))

    [claimed] = await counter.claim(limit=2)

    assert claimed.task.id == task_of(counter).id
    assert counter.queues.visible(QUEUE) == []


async def test_a_claim_for_another_team_is_refused(counter: Counter):
    stranger = Staff("u-x", "他課", frozenset({"Team.certificates", "Supervisor"}))

    with pytest.raises(Forbidden):
        await counter.claim(stranger)
    with pytest.raises(Forbidden):
        await counter.tasks.claim(task_of(counter).id, stranger, claim_id="claim-0009", seconds=60)


async def test_no_view_without_its_record(counter: Counter):
    counter.audit.away = True
    with pytest.raises(StoreUnavailable):
        await counter.claim()

    counter.audit.away = False
    [claimed] = await counter.claim()

    [record] = counter.audit.records.values()
    assert (record.subject, record.who, record.action) == (claimed.request.reference, "u-hanako", "claimed")


async def test_every_task_under_one_claim_is_on_record_and_so_is_a_later_look():
    counter = await with_tasks(urgent=0, normal=2)

    for pause in (0, 1, SPAN):
        counter.clock.pass_(pause)
        await counter.claim(limit=2, seconds=3600)

    seen = sorted((record.task, record.operation) for record in counter.audit.records.values())
    assert seen == sorted(2 * [(task.id, "claim-0001") for task in counter.store.tasks])


async def test_a_claimer_that_dies_leaves_a_task_that_another_gets_after_the_lease_without_a_sweep(counter: Counter):
    await counter.claim(HANAKO, "claim-0001", seconds=60)
    counter.clock.pass_(121)

    [taken_over] = await counter.claim(TARO, "claim-0002")

    assert taken_over.task.token == 2
    assert [c for c in counter.store.calls if c == "due"] == []


async def with_tasks(*, urgent: int, normal: int) -> Counter:
    counter = Counter()
    for n in range(urgent + normal):
        await counter.submit(key=f"{KEY}-{n}", answers={"members": 6 if n < urgent else 2})
    await counter.run_workers()
    return counter


async def priorities_of_claims(counter: Counter, claims: int, limit: int = 1) -> list[list[str]]:
    claimed = [await counter.claim(HANAKO, f"claim-{n:04}", limit=limit) for n in range(claims)]
    return [[one.task.priority for one in each] for each in claimed]


async def test_of_five_claims_in_a_row_four_start_with_the_urgent_queue():
    counter = await with_tasks(urgent=5, normal=5)

    claimed = await priorities_of_claims(counter, 5)

    assert sorted(claimed) == [["normal"]] + [["urgent"]] * 4


async def test_a_claim_goes_on_with_the_other_queue_where_the_first_is_drained():
    counter = await with_tasks(urgent=2, normal=3)

    [claimed] = await priorities_of_claims(counter, 1, limit=5)

    assert sorted(claimed) == ["normal"] * 3 + ["urgent"] * 2


async def test_urgent_tasks_that_never_end_do_not_starve_the_normal_ones():
    counter = await with_tasks(urgent=44, normal=6)

    claimed = [priority for each in await priorities_of_claims(counter, 10, limit=4) for priority in each]

    assert len(claimed) == 40
    assert claimed.count("normal") == 6


async def test_instances_that_serve_one_claim_each_start_with_the_normal_queue_too():
    counter = Counter()
    firsts = set()
    for _ in range(200):
        counter.new_instance()
        counter.queues.calls.clear()
        await counter.claim()
        firsts.add(next(call for call in counter.queues.calls if call.startswith("receive")))

    assert firsts == {"receive tasks-supplies", "receive tasks-supplies-urgent"}


@given(counted=st.integers(0, 100), limits=st.lists(st.integers(1, 32), min_size=1))
def test_of_the_tasks_that_claims_ask_for_every_fifth_comes_from_the_normal_queue(counted: int, limits: list[int]):
    before = accumulate(limits, initial=counted)
    shares = [normal_share(counted_by_then, limit) for counted_by_then, limit in zip(before, limits, strict=False)]

    assert sum(shares) in (sum(limits) // 5, -(-sum(limits) // 5))


async def test_claims_of_several_tasks_take_one_in_five_from_the_normal_queue_while_urgent_ones_wait():
    counter = await with_tasks(urgent=22, normal=10)

    claimed = await priorities_of_claims(counter, 5, limit=5)

    assert claimed == [["urgent"] * 4 + ["normal"]] * 5


async def test_a_normal_task_that_is_not_there_leaves_its_place_to_an_urgent_one():
    counter = await with_tasks(urgent=7, normal=0)

    assert await priorities_of_claims(counter, 2, limit=5) == [["urgent"] * 5, ["urgent"] * 2]


async def test_a_claim_takes_no_more_than_it_asked_for():
    counter = Counter()
    for n in range(5):
        await counter.submit(key=f"{KEY}{n}", answers={"members": 2 if n % 2 else 6})
    await counter.run_workers()

    assert len(await counter.claim(limit=4)) == 4


async def test_a_task_that_no_queue_delivers_is_found_in_the_store(counter: Counter):
    counter.queues.messages[QUEUE].clear()

    [claimed] = await counter.claim()

    assert claimed.task.id == task_of(counter).id


async def test_the_store_is_asked_at_most_every_thirty_seconds(counter: Counter):
    counter.queues.messages[QUEUE].clear()
    await counter.claim(HANAKO, "claim-0001")
    for n in range(3):
        await counter.claim(HANAKO, f"claim-001{n}")

    assert counter.store.calls.count("claimable_tasks") == 1


async def test_a_message_of_a_finished_task_is_deleted(counter: Counter):
    [claimed] = await counter.claim()
    await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)
    counter.queues.put(QUEUE, json.dumps(message_of(claimed.task)))

    assert await counter.claim(HANAKO, "claim-0002") == []
    assert counter.queues.messages[QUEUE] == []


async def test_a_message_of_a_held_task_is_hidden_until_a_minute_after_the_lease(counter: Counter):
    await counter.claim(HANAKO, "claim-0001", seconds=900)
    counter.queues.put(QUEUE, json.dumps(message_of(task_of(counter))))
    await counter.claim(TARO, "claim-0002")

    counter.clock.pass_(959)
    assert counter.queues.visible(QUEUE) == []
    counter.clock.pass_(2)
    assert len(counter.queues.visible(QUEUE)) == 2


async def test_a_message_whose_task_is_not_there_is_left_and_after_five_deliveries_a_failure():
    counter = Counter()
    counter.queues.put(QUEUE, '{"task": "K7M2-QX9P-D4TB.prepare.1", "team": "supplies", "priority": "normal"}')

    for n in range(4):
        await counter.claim(HANAKO, f"claim-000{n}")
        counter.clock.pass_(61)
    assert counter.failures.failures == {}
    assert len(counter.queues.messages[QUEUE]) == 1

    await counter.claim(HANAKO, "claim-0005")
    assert [f.error for f in counter.failures.failures.values()] == ["no such task: replay it once the task is there"]
    assert counter.queues.messages[QUEUE] == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "not JSON"),
        ("not json", "not JSON"),
        ("eyJ0YXNrIjogMX0=", "base64"),
        ("[]", "not a task message: Expected `object`, got `array`"),
        ('{"task": 1}', "not a task message: Expected `str`, got `int` at $.task"),
        ('{"task":"x","team":"y","priority":"見本 花子"}', "not a task message: unknown field, or value out of range"),
        ('{"task":"x","team":"y","priority":"normal"}', "not a task message: task is not the id of a task"),
        (
            '{"task":"a/b?c.prepare.1","team":"y","priority":"normal"}',
            "not a task message: task is not the id of a task",
        ),
        (
            f'{{"task":"K7M2-QX9P-D4TB.{"x" * 60_000}.1","team":"y","priority":"normal"}}',
            "not a task message: task is not the id of a task",
        ),
        (
            f'{{"task":"{"K" * 3_000}.prepare.1","team":"y","priority":"normal"}}',
            "not a task message: task is not the id of a task",
        ),
        (
            f'{{"task":"K7M2-QX9P-D4TB.prepare.{"1" * 30_000}","team":"y","priority":"normal"}}',
            "not a task message: task is not the id of a task",
        ),
    ],
)
async def test_a_malformed_task_message_is_a_failure_at_once(body: str, why: str):
    counter = Counter()
    counter.queues.put(QUEUE, body)

    assert await counter.claim() == []

    [failure] = counter.failures.failures.values()
    assert failure.error.startswith(why)
    assert counter.queues.messages[QUEUE] == []


texts = st.text(max_size=40) | st.text(max_size=3).map(lambda text: text * 20_000)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
almost_ids = texts.map("K7M2-QX9P-D4TB.{}".format) | texts.map("{}.prepare.1".format)
almost_messages = st.builds(
    lambda task, team, priority: {"task": task, "team": team, "priority": priority},
    values
    | st.builds(lambda text: f"K7M2-QX9P-D4TB.{text}", texts)
    | st.builds(lambda text: f"{text}.prepare.1", texts),
    values | st.just("supplies"),
    values | st.just("normal"),
)
rubbish = texts | st.builds(json.dumps, values | almost_messages) | st.sampled_from(["[" * 30_000, '{"a":' * 9_000])


@pytest.mark.parametrize("limit", [1, 3])
@given(bodies=st.lists(rubbish, min_size=1, max_size=2))
async def test_whatever_stands_in_a_queue_a_claim_goes_on_with_the_next_message(limit: int, bodies: list[str]):
    counter = await with_tasks(urgent=0, normal=0)
    for body in bodies:
        counter.queues.put(QUEUE, body)
    receipt = await counter.submit()
    await counter.run_workers()

    [claimed] = await counter.claim(limit=limit)

    assert claimed.task.reference == receipt.reference
    assert counter.queues.visible(QUEUE) == []
    assert "claimable_tasks" not in counter.store.calls


async def test_a_claim_looks_at_a_bounded_number_of_messages():
    counter = Counter()
    for n in range(100):
        counter.queues.put(QUEUE, f"rubbish {n}")

    assert await counter.claim() == []

    assert len(counter.failures.failures) == 3
    assert counter.queues.calls.count(f"receive {QUEUE}") == 3


async def test_a_message_in_the_queue_of_another_team_hands_nobody_its_task():
    counter = Counter()
    await counter.submit(answers={"members": 2, "atHome": True})
    await counter.run_workers()
    counter.queues.messages[QUEUE] += counter.queues.messages["tasks-delivery"]

    claimed = await counter.claim(limit=5)

    assert [one.task.team for one in claimed] == ["supplies"]
    [failure] = counter.failures.failures.values()
    assert failure.error.startswith("the task of another team")


async def test_renewing_moves_the_lease_and_its_message_together(counter: Counter):
    await counter.claim(seconds=60)
    counter.clock.pass_(50)

    task = await counter.tasks.renew(task_of(counter).id, HANAKO, 1, seconds=600)

    assert task.lease is not None
    counter.clock.pass_(600)
    assert counter.queues.visible(QUEUE) == []
    counter.clock.pass_(61)
    assert len(counter.queues.visible(QUEUE)) == 1


async def test_a_released_task_can_be_claimed_at_once(counter: Counter):
    await counter.claim(HANAKO, "claim-0001")

    await counter.tasks.release(task_of(counter).id, HANAKO, 1, note="別件のため")
    [claimed] = await counter.claim(TARO, "claim-0002")

    assert claimed.task.token == 2
    assert [e.note for e in claimed.task.history if e.event == "released"] == ["別件のため"]


async def test_a_released_task_is_delivered_even_where_its_message_was_lost(counter: Counter):
    await counter.claim(HANAKO, "claim-0001")
    counter.queues.messages[QUEUE].clear()

    await counter.tasks.release(task_of(counter).id, HANAKO, 1, note=None)

    assert len(counter.queues.visible(QUEUE)) == 1


async def test_a_supervisor_takes_a_task_from_its_holder(counter: Counter):
    await counter.claim(HANAKO, "claim-0001")

    await counter.tasks.revoke(task_of(counter).id, SUPERVISOR, 1, note="早退")
    [claimed] = await counter.claim(TARO, "claim-0002")

    assert claimed.task.token == 2
    with pytest.raises(StaleToken) as refusal:
        await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)
    assert refusal.value.holder == "太郎"


async def test_only_a_supervisor_revokes(counter: Counter):
    await counter.claim()

    with pytest.raises(Forbidden):
        await counter.tasks.revoke(task_of(counter).id, TARO, 1, note=None)


async def test_completing_the_last_task_completes_the_request_and_removes_the_message(counter: Counter):
    [claimed] = await counter.claim()

    task = await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)

    request = counter.case(counter.receipt).request
    assert (task.status, request.status) == ("completed", "completed")
    assert counter.queues.messages[QUEUE] == []
    assert request.due_at is None


async def test_a_request_with_another_open_task_is_not_completed():
    counter = Counter()
    counter.receipt = await counter.submit(answers={"members": 3, "atHome": True})
    await counter.run_workers()
    [claimed] = await counter.claim()

    await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)

    assert counter.case(counter.receipt).request.status == "accepted"


async def test_a_repeated_completion_changes_nothing(counter: Counter):
    [claimed] = await counter.claim()
    first = await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note="済")
    history = counter.case(counter.receipt).request.history
    counter.clock.pass_(60)

    assert await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note="済") == first
    assert counter.case(counter.receipt).request.history == history


async def test_a_completion_whose_reply_was_lost_is_done_once(counter: Counter):
    [claimed] = await counter.claim()
    counter.store.lose_replies = 1

    task = await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)

    assert task.status == "completed"
    events = [e.event for e in counter.case(counter.receipt).request.history]
    assert events == ["accepted", "dispatched", "task_completed", "completed"]


@pytest.mark.parametrize("verb", ["claim", "renew", "release", "revoke"])
async def test_a_write_whose_reply_was_lost_is_done_once(counter: Counter, verb: str):
    if verb != "claim":
        await counter.claim()
    counter.store.lose_replies = 1
    id_ = task_of(counter).id

    if verb == "claim":
        await counter.tasks.claim(id_, HANAKO, claim_id="claim-0001", seconds=60)
    elif verb == "renew":
        await counter.tasks.renew(id_, HANAKO, 1, seconds=60)
    elif verb == "release":
        await counter.tasks.release(id_, HANAKO, 1, note=None)
    else:
        await counter.tasks.revoke(id_, SUPERVISOR, 1, note=None)

    ids = [e.id for e in task_of(counter).history]
    assert len(ids) == len(set(ids))
    assert task_of(counter).token == 1


async def test_an_outcome_must_be_one_that_the_service_lists(counter: Counter):
    [claimed] = await counter.claim()

    with pytest.raises(UnknownOutcome):
        await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="eaten", note=None)
    task = await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="absent", note=None)

    assert task.outcome == "absent"


async def test_the_holder_of_a_withdrawn_request_is_told_so(counter: Counter):
    [claimed] = await counter.claim()
    await counter.requests.withdraw(counter.receipt.reference, counter.receipt.access_code)

    with pytest.raises(RequestWithdrawn):
        await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)


async def test_a_poller_claims_by_id_before_it_works(counter: Counter):
    id_ = task_of(counter).id

    claimed = await counter.tasks.claim(id_, HANAKO, claim_id="claim-0001", seconds=60)
    with pytest.raises(TaskHeld) as refusal:
        await counter.tasks.claim(id_, TARO, claim_id="claim-0002", seconds=60)

    assert claimed.task.token == 1
    assert refusal.value.holder == "花子"


@pytest.mark.parametrize("id_", ["nothing", "a.b", "K7M2-QX9P-D4TB.prepare.1", "a.b.c", "../x.y.1"])
async def test_an_unknown_task_is_told(counter: Counter, id_: str):
    with pytest.raises(UnknownTask):
        await counter.tasks.renew(id_, HANAKO, 1, seconds=60)


async def test_a_team_sees_who_is_working_on_what(counter: Counter):
    await counter.claim()

    [task] = await counter.tasks.of_team("supplies", TARO, "open")

    assert task.lease is not None
    assert task.lease.holder_name == "花子"
    with pytest.raises(Forbidden):
        await counter.tasks.of_team("delivery", TARO, "open")
    assert await counter.tasks.of_team("delivery", SUPERVISOR, "open") == []


async def test_a_queue_that_is_away_does_not_undo_a_completion(counter: Counter):
    [claimed] = await counter.claim()
    counter.queues.away = True

    task = await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)

    assert task.status == "completed"
