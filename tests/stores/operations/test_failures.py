import asyncio

import msgspec
import pytest

from services import times
from services.errors import NeverPossible, WriteConflict
from services.failures import model
from services.failures.model import Failure, Selection
from services.failures.service import Failures, Worker, record_failure
from services.times import system_clock
from stores.operations.failures import FAILURES, CosmosFailures
from tests.counter import HANAKO
from tests.damage import WAYS, damaged
from tests.stores.documents import as_made
from wiring.app import App

NOW = "2026-11-23T00:00:00.000000Z"
QUEUE = "requests-advance"


@pytest.fixture
def store(app: App) -> CosmosFailures:
    return CosmosFailures(app.cosmos, system_clock)


def failure_of(queue: str, number: int, minutes: float = 0) -> Failure:
    at = times.later(NOW, minutes * 60)
    return model.failed(None, queue, f"body {number} 花子", "no", tries=1, message=f"m{number}", now=at)


async def stored(store: CosmosFailures, failure: Failure) -> Failure:
    await store.save(failure)
    read = await store.read(failure.queue, failure.id)
    assert read is not None
    return read


async def test_a_failure_is_read_as_it_was_written(store: CosmosFailures):
    failure = failure_of("q", 1)

    read = await stored(store, failure)

    assert read.etag
    assert as_made(read) == failure
    assert await store.read("other", failure.id) is None


async def test_a_failure_is_created_once_and_replaced_over_the_state_read_only(store: CosmosFailures):
    first = await stored(store, failure_of("q", 1))
    dismissed = model.dismissed(first, "a test", HANAKO, NOW)

    await store.save(dismissed)

    for stale in (dismissed, msgspec.structs.replace(first, etag="")):
        with pytest.raises(WriteConflict):
            await store.save(stale)


async def test_a_document_expires_once_it_is_resolved_and_not_while_it_is_open(app: App, store: CosmosFailures):
    async def ttl() -> object:
        item = await app.cosmos.ask(FAILURES, lambda c: c.read_item(failure.id, "q"))
        return dict(item).get("ttl", "none")

    failure = await stored(store, failure_of("q", 1))
    assert await ttl() == "none"

    dismissed = await stored(store, model.dismissed(failure, "a test", HANAKO, NOW))
    assert await ttl() == 30 * 24 * 3600

    again = model.failed(dismissed, "q", dismissed.body, "no", tries=1, message="m2", now=NOW)
    await store.save(again)
    assert await ttl() == "none"


async def test_failures_are_listed_by_queue_status_and_time_the_latest_first(store: CosmosFailures):
    for number in range(4):
        await store.save(failure_of("q", number, minutes=number))
    await store.save(failure_of("other", 9))
    first = await store.read("q", failure_of("q", 0).id)
    assert first is not None
    await store.save(model.dismissed(first, "a test", HANAKO, NOW))
    middle = Selection(queue="q", since=times.later(NOW, 60), until=times.later(NOW, 180))

    assert [f.id for f in await store.list(middle, 10)] == [failure_of("q", n).id for n in (2, 1)]
    assert [f.last_at for f in await store.list(Selection(queue="q"), 2)] == [times.later(NOW, s) for s in (180, 120)]
    assert {f.queue for f in await store.list(Selection(), 10)} == {"q", "other"}
    [resolved] = await store.list(Selection(status="dismissed"), 10)
    assert [e.event for e in resolved.history] == ["failed", "dismissed"]
    assert not hasattr(resolved, "body")


async def test_failures_are_counted_as_they_are_listed(store: CosmosFailures):
    for number in range(3):
        await store.save(failure_of("q", number, minutes=number))

    assert await store.count(Selection(queue="q")) == 3
    assert await store.count(Selection(until=times.later(NOW, 60))) == 1
    assert await store.count(Selection(queue="q", status="replayed")) == 0


async def test_failures_of_all_queues_are_found_by_their_ids(store: CosmosFailures):
    here, there = failure_of("q", 1), failure_of("other", 2)
    await store.save(here)
    await store.save(there)

    found = await store.find([here.id, there.id, "nothing"])

    assert {f.id for f in found} == {here.id, there.id}
    assert await store.find([]) == []


async def test_many_recorders_of_one_content_count_every_message_once(store: CosmosFailures):
    async def record(message: str) -> None:
        await record_failure(store, "q", "{}", "no", tries=1, message=message, clock=lambda: NOW)

    await asyncio.gather(*(record(f"m{n % 4}") for n in range(8)))

    [failure] = await store.list(Selection(), 10)
    assert failure.tries == 4
    assert {e.id for e in failure.history} == {f"failed.m{n}" for n in range(4)}


@pytest.mark.parametrize("way", WAYS)
async def test_whatever_is_damaged_in_failures_the_others_are_listed_replayed_and_dismissed(app: App, way: str):
    store = CosmosFailures(app.cosmos, lambda: NOW)
    failures = Failures(store, app.queues, lambda: NOW)
    await record_failure(store, QUEUE, "damaged", "no", tries=1, message="m1", clock=lambda: NOW)
    [known] = await app.cosmos.find(FAILURES, "SELECT * FROM c")
    of_each = [one for place, one in damaged(known, way) if place != ("queue",)]
    ids = [f"damaged-{number}" for number in range(len(of_each))]
    for id_, item in zip(ids, of_each, strict=True):
        item = {key: value for key, value in item.items() if not key.startswith("_")} | {"id": id_}
        await app.cosmos.ask(FAILURES, lambda c, item=item: c.upsert_item(item))
    await record_failure(store, QUEUE, "healthy", "no", tries=1, message="m2", clock=lambda: NOW)
    healthy = model.failure_id(QUEUE, "healthy")

    assert healthy in {failure.id for failure in await failures.list(Selection(queue=QUEUE))}
    assert await store.count(Selection()) > 1
    replayed = await failures.replay_range(Selection(queue=QUEUE), HANAKO, dry_run=False)
    assert healthy in replayed.replayed
    settled = await failures.dismiss([*ids, healthy], "済み", HANAKO)
    assert {"id": healthy, "status": "replayed"} in settled.already


async def test_a_message_whose_failure_cannot_be_read_is_put_back_and_not_lost(app: App):
    store = CosmosFailures(app.cosmos, lambda: NOW)
    await record_failure(store, QUEUE, "{}", "no", tries=1, message="m1", clock=lambda: NOW)
    [known] = await app.cosmos.find(FAILURES, "SELECT * FROM c")
    await app.cosmos.ask(FAILURES, lambda c: c.upsert_item({**known, "tries": "x"}))

    async def fail(_: str) -> None:
        raise NeverPossible("no")

    await app.queues.ensure([QUEUE])
    await Worker(app.queues, store, lambda: NOW).work(QUEUE, "{}", fail, "m2")

    numbers = await app.queues.numbers(QUEUE)
    assert numbers
    assert numbers.depth == 1
    [noted] = await store.list(Selection(queue=model.DOCUMENTS), 10)
    assert noted.error.startswith(f"failures/{QUEUE}/{known['id']} cannot be read")
