import msgspec
import pytest

from services.case.task import Staff
from services.errors import NeverPossible, StoreUnavailable
from services.failures import model, service
from services.failures.model import Failure, Selection
from tests.counter import Counter

SATO = Staff("u-sato", "佐藤", frozenset({"Operator"}))
SUZUKI = Staff("u-suzuki", "鈴木", frozenset({"Operator"}))


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def fail(counter: Counter, body: str = '{"a":1}', message: str = "m1", queue: str = "q") -> str:
    async def refuse(_: str) -> None:
        raise NeverPossible("no such service")

    await counter.worker.work(queue, body, refuse, message)
    return model.failure_id(queue, body)


def record(counter: Counter, id_: str) -> Failure:
    return counter.failures.failures[id_]


def sent(counter: Counter, queue: str = "q") -> list[str]:
    return [message["body"] for message in counter.queues.messages.get(queue, [])]


@pytest.mark.parametrize(
    ("body", "again"),
    [
        ('{"a": 1.0, "b": "花子"}', '{"a": 1.0, "b": "花子"}'),
        ('{"a": "花子", "tries": 12}', '{"a":"花子"}'),
        ("not json", "not json"),
        ("[1]", "[1]"),
        ("", ""),
        ('{"tries": 1, "a": NaN}', '{"tries": 1, "a": NaN}'),
        ('{"tries": 1, "a": "\\ufffe"}', '{"tries": 1, "a": "\\ufffe"}'),
    ],
)
async def test_a_replay_sends_the_message_as_it_was_without_its_counter(counter: Counter, body: str, again: str):
    id_ = await fail(counter, body)

    resolution = await counter.operations.replay([id_], SATO, dry_run=False)

    assert resolution.replayed == [id_]
    assert sent(counter) == [again]


async def test_a_replayed_failure_says_who_did_it_and_expires(counter: Counter):
    id_ = await fail(counter)

    await counter.operations.replay([id_], SATO, dry_run=False)

    failure = record(counter, id_)
    assert (failure.status, failure.ttl) == ("replayed", model.RESOLVED_KEPT)
    assert [(e.event, e.by, e.by_id) for e in failure.history][1:] == [("replayed", "佐藤", "u-sato")]


async def test_a_dry_run_says_what_would_be_replayed_and_changes_nothing(counter: Counter):
    id_ = await fail(counter)
    before = record(counter, id_)

    resolution = await counter.operations.replay([id_, "nothing"], SATO, dry_run=True)

    assert (resolution.would_replay, resolution.replayed, resolution.unknown) == ([id_], [], ["nothing"])
    assert sent(counter) == []
    assert record(counter, id_) == before


async def test_what_is_resolved_already_is_answered_as_such_and_left(counter: Counter):
    replayed, dismissed = await fail(counter, '{"a":1}'), await fail(counter, '{"a":2}')
    await counter.operations.replay([replayed], SATO, dry_run=False)
    await counter.operations.dismiss([dismissed], "a test message", SATO)

    resolution = await counter.operations.replay([replayed, dismissed, replayed], SUZUKI, dry_run=False)

    assert resolution.replayed == []
    assert resolution.already == [{"id": replayed, "status": "replayed"}, {"id": dismissed, "status": "dismissed"}]
    assert len(sent(counter)) == 1


async def test_a_replayed_message_that_fails_again_is_open_with_its_count_and_history(counter: Counter):
    id_ = await fail(counter)
    await counter.operations.replay([id_], SATO, dry_run=False)

    await fail(counter, message="m2")

    failure = record(counter, id_)
    assert (failure.status, failure.tries, failure.ttl) == ("open", 2, msgspec.UNSET)
    assert [e.event for e in failure.history] == ["failed", "replayed", "failed"]


async def test_a_message_that_failed_again_before_the_mark_keeps_its_open_state(counter: Counter):
    id_ = await fail(counter)
    send = counter.queues.send_text

    async def send_and_fail(queue: str, body: str, *, delay: float = 0) -> None:
        await send(queue, body, delay=delay)
        await fail(counter, body, message="m2")

    counter.queues.send_text = send_and_fail
    resolution = await counter.operations.replay([id_], SATO, dry_run=False)

    assert resolution.replayed == [id_]
    assert record(counter, id_).status == "open"
    assert [e.event for e in record(counter, id_).history] == ["failed", "failed", "replayed"]


async def test_a_crash_between_sending_and_marking_costs_a_second_message_and_no_more(counter: Counter):
    id_ = await fail(counter)
    send = counter.queues.send_text

    async def send_and_crash(queue: str, body: str, *, delay: float = 0) -> None:
        await send(queue, body, delay=delay)
        counter.failures.away = True

    counter.queues.send_text = send_and_crash
    with pytest.raises(StoreUnavailable):
        await counter.operations.replay([id_], SATO, dry_run=False)
    assert record(counter, id_).status == "open"

    counter.failures.away, counter.queues.send_text = False, send
    await counter.operations.replay([id_], SATO, dry_run=False)

    assert (record(counter, id_).status, len(sent(counter))) == ("replayed", 2)


async def test_a_replayed_message_that_is_poisoned_is_open_again(counter: Counter):
    id_ = await fail(counter)
    await counter.operations.replay([id_], SATO, dry_run=False)

    await counter.worker.give_up("q", '{"a":1}', "p1")

    failure = record(counter, id_)
    assert (failure.status, failure.error) == ("open", "the worker failed again and again: its log says how")


async def test_a_mark_whose_reply_was_lost_is_made_once(counter: Counter):
    replayed, dismissed = await fail(counter, '{"a":1}'), await fail(counter, '{"a":2}')

    counter.failures.lose_replies = 1
    resent = await counter.operations.replay([replayed], SATO, dry_run=False)
    counter.failures.lose_replies = 1
    resolved = await counter.operations.dismiss([dismissed], "a test message", SATO)

    assert (resent.replayed, resolved.dismissed) == ([replayed], [dismissed])
    assert [len(record(counter, id_).history) for id_ in (replayed, dismissed)] == [2, 2]


async def test_a_replay_of_a_queue_and_time_takes_the_open_ones_of_it(counter: Counter):
    await fail(counter, '{"a":1}')
    counter.clock.pass_(60)
    start = counter.clock.now
    inside, resolved = await fail(counter, '{"a":2}'), await fail(counter, '{"a":3}')
    await fail(counter, '{"a":4}', queue="other")
    await counter.operations.dismiss([resolved], "a test message", SATO)
    counter.clock.pass_(60)
    await fail(counter, '{"a":5}')
    wanted = Selection(queue="q", since=start, until=counter.clock.now)

    resolution = await counter.operations.replay_range(wanted, SATO, dry_run=False)

    assert (resolution.replayed, resolution.left) == ([inside], 0)
    assert sent(counter) == ['{"a":2}']


async def test_one_call_does_five_hundred_and_says_what_is_left(counter: Counter):
    ids = [await fail(counter, f'{{"a":{n}}}', message=f"m{n}") for n in range(service.LIST_LIMIT + 3)]

    by_range = await counter.operations.replay_range(Selection(queue="q"), SATO, dry_run=True)
    by_ids = await counter.operations.dismiss(ids, "a test message", SATO)
    rest = await counter.operations.replay_range(Selection(queue="q"), SATO, dry_run=False)

    assert (len(by_range.would_replay), by_range.left) == (service.LIST_LIMIT, 3)
    assert (len(by_ids.dismissed), by_ids.left) == (service.LIST_LIMIT, 3)
    assert (len(rest.replayed), rest.left) == (3, 0)


async def test_a_queue_that_is_away_leaves_every_failure_open(counter: Counter):
    ids = [await fail(counter, f'{{"a":{n}}}', message=f"m{n}") for n in range(3)]
    counter.queues.away = True

    with pytest.raises(StoreUnavailable):
        await counter.operations.replay(ids, SATO, dry_run=False)

    assert {record(counter, id_).status for id_ in ids} == {"open"}


async def test_the_same_call_after_an_outage_does_the_rest(counter: Counter):
    ids = [await fail(counter, f'{{"a":{n}}}', message=f"m{n}") for n in range(service.SIDE_BY_SIDE + 2)]
    send = counter.queues.send_text

    async def send_until_away(queue: str, body: str, *, delay: float = 0) -> None:
        if len(sent(counter)) == service.SIDE_BY_SIDE:
            raise StoreUnavailable("switched off")
        await send(queue, body, delay=delay)

    counter.queues.send_text = send_until_away
    with pytest.raises(StoreUnavailable):
        await counter.operations.replay(ids, SATO, dry_run=False)
    counter.queues.send_text = send
    resolution = await counter.operations.replay(ids, SATO, dry_run=False)

    assert (len(resolution.replayed), len(resolution.already)) == (2, service.SIDE_BY_SIDE)
    assert len(sent(counter)) == len(ids)


async def test_a_dismissal_says_why_and_who_and_is_made_once(counter: Counter):
    id_ = await fail(counter)

    first = await counter.operations.dismiss([id_, "nothing"], "sent by mistake", SATO)
    second = await counter.operations.dismiss([id_], "another reason", SUZUKI)

    failure = record(counter, id_)
    assert (first.dismissed, first.unknown) == ([id_], ["nothing"])
    assert second.already == [{"id": id_, "status": "dismissed"}]
    assert (failure.status, failure.ttl) == ("dismissed", model.RESOLVED_KEPT)
    assert [(e.event, e.by, e.reason) for e in failure.history][1:] == [("dismissed", "佐藤", "sent by mistake")]


async def test_open_failures_are_counted_by_queue_and_left_out_in_an_outage(counter: Counter):
    await fail(counter)

    assert await counter.operations.open_in(["q", "other"]) == {"q": 1, "other": 0}
    counter.failures.away = True
    assert await counter.operations.open_in(["q"]) == {}


def test_a_record_keeps_its_latest_events_and_every_count():
    failure = None
    for number in range(model.HISTORY_KEPT + 10):
        failure = model.failed(failure, "q", "{}", "no", tries=1, message=f"m{number}", now="2026-11-23")

    assert failure is not None
    assert (failure.tries, len(failure.history)) == (model.HISTORY_KEPT + 10, model.HISTORY_KEPT)
    assert failure.history[-1].id == f"failed.m{model.HISTORY_KEPT + 9}"
