import asyncio
import logging

import pytest

from services.case.request import Request
from services.operations.readiness import Readiness
from tests.counter import Counter
from tests.fakes import FakeEditions, FakeRequests

READY = {"cosmos": "ready", "queues": "ready", "catalog": "ready"}


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def readiness(counter: Counter) -> Readiness:
    return Readiness(counter.store, counter.queues, counter.catalog, counter.clock)


async def test_readiness_costs_one_point_read_and_one_call_of_a_queue(counter: Counter, readiness: Readiness):
    assert await readiness.look() == READY

    assert counter.store.calls == ["read"]
    assert counter.queues.calls == ["peek requests-intake"]


class SlowRequests(FakeRequests):
    """Answer once everybody has asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def read(self, reference: str) -> Request | None:
        found = await super().read(reference)
        await self.asked.wait()
        return found


async def test_all_who_ask_at_once_share_one_look(counter: Counter):
    store = SlowRequests()
    readiness = Readiness(store, counter.queues, counter.catalog, counter.clock)

    async def answer() -> None:
        store.asked.set()

    await asyncio.gather(*(readiness.look() for _ in range(50)), answer())

    assert store.calls == ["read"]


async def test_all_who_ask_within_seconds_share_one_look(counter: Counter, readiness: Readiness):
    await readiness.look()
    counter.clock.pass_(4.9)
    await readiness.look()
    assert len(counter.store.calls) == 1

    counter.clock.pass_(0.1)
    await readiness.look()
    assert len(counter.store.calls) == 2


async def test_what_does_not_answer_is_told_in_fixed_words_and_the_rest_to_the_log_alone(
    counter: Counter, readiness: Readiness, caplog
):
    counter.store.away = True

    with caplog.at_level(logging.WARNING):
        assert await readiness.look() == READY | {"cosmos": "not ready"}

    assert "cosmos is not ready: switched off" in caplog.messages


async def test_what_came_back_is_told_within_seconds(counter: Counter, readiness: Readiness):
    counter.queues.away = True
    assert await readiness.look() == READY | {"queues": "not ready"}
    counter.queues.away = False

    counter.clock.pass_(5)

    assert await readiness.look() == READY


async def test_a_counter_without_services_is_not_published(counter: Counter):
    counter.editions = counter.copy = counter.shipped = FakeEditions()
    counter.new_instance()

    found = await Readiness(counter.store, counter.queues, counter.catalog, counter.clock).look()

    assert found == READY | {"catalog": "not published"}
