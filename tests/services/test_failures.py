import json

import pytest

from services import failures
from services.errors import NeverPossible, StoreUnavailable, UnknownRequest
from tests.counter import Counter


@pytest.fixture
def counter() -> Counter:
    return Counter()


def raising(error: Exception):
    async def work(body: str) -> None:
        raise error

    return work


async def test_a_message_comes_again_later_with_its_tries_counted(counter: Counter):
    await counter.delivery.work("q", '{"reference": "r"}', raising(StoreUnavailable("away")))

    assert counter.queues.visible("q") == []
    counter.clock.pass_(30)
    assert counter.queues.visible("q") == [{"reference": "r", "tries": 1}]


def test_the_delay_doubles_from_thirty_seconds_to_ten_minutes():
    assert [failures.delay_after(n) for n in range(7)] == [30, 60, 120, 240, 480, 600, 600]


async def test_an_outage_of_any_length_never_makes_a_failure(counter: Counter):
    body = json.dumps({"reference": "r", "tries": 10_000})

    await counter.delivery.work("q", body, raising(StoreUnavailable("away")))

    assert counter.failures.failures == {}
    assert len(counter.queues.messages["q"]) == 1


async def test_a_document_that_never_comes_is_a_failure_in_the_end(counter: Counter):
    for tries in (11, 12):
        await counter.delivery.work("q", json.dumps({"tries": tries}), raising(UnknownRequest()))

    assert [f.error for f in counter.failures.failures.values()] == ["no such request"]
    assert len(counter.queues.messages["q"]) == 1


async def test_what_can_never_succeed_is_a_failure_at_once(counter: Counter):
    await counter.delivery.work("q", "rubbish", raising(NeverPossible("not JSON")))

    [failure] = counter.failures.failures.values()
    assert (failure.queue, failure.body, failure.error) == ("q", "rubbish", "not JSON")


async def test_the_same_message_is_one_failure_however_often_it_fails(counter: Counter):
    for body in ('{"a": 1}', '{"a":1,"tries":3}', '{"tries": 4, "a": 1}'):
        await counter.delivery.work("q", body, raising(NeverPossible("no")))

    [failure] = counter.failures.failures.values()
    assert failure.tries == 3


async def test_a_mistake_in_the_code_is_left_to_the_host(counter: Counter):
    with pytest.raises(ZeroDivisionError):
        await counter.delivery.work("q", "{}", raising(ZeroDivisionError()))


async def test_a_failure_that_cannot_be_recorded_leaves_the_message_to_the_host(counter: Counter):
    counter.failures.away = True

    with pytest.raises(StoreUnavailable):
        await counter.delivery.give_up("q", "{}")


@pytest.mark.parametrize("body", ["", "\ud800", "[1]", '{"tries": "many"}', "[" * 100_000])
def test_any_body_has_an_id_and_a_count(body: str):
    assert failures.failure_id("q", body)
    assert failures.tries_of(body) == 0
