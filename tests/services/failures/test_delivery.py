import json
import logging

import pytest

from services.errors import NeverPossible, StoreUnavailable, UnknownRequest
from services.failures import model
from tests.counter import SUPERVISOR, Counter


@pytest.fixture
def counter() -> Counter:
    return Counter()


def raising(error: Exception):
    async def work(body: str) -> None:
        raise error

    return work


async def test_a_message_comes_again_later_with_its_tries_counted(counter: Counter):
    await counter.worker.work("q", '{"reference": "r"}', raising(StoreUnavailable("away")), "m1")

    assert counter.queues.visible("q") == []
    counter.clock.pass_(30)
    assert counter.queues.visible("q") == [{"reference": "r", "tries": 1}]


def test_the_delay_doubles_from_thirty_seconds_to_ten_minutes():
    assert [model.delay_after(n) for n in range(7)] == [30, 60, 120, 240, 480, 600, 600]


async def test_an_outage_of_any_length_never_makes_a_failure(counter: Counter):
    body = json.dumps({"reference": "r", "tries": 10_000})

    await counter.worker.work("q", body, raising(StoreUnavailable("away")), "m1")

    assert counter.failures.failures == {}
    assert len(counter.queues.messages["q"]) == 1


async def test_a_document_that_never_comes_is_a_failure_in_the_end(counter: Counter):
    for tries in (11, 12):
        await counter.worker.work("q", json.dumps({"tries": tries}), raising(UnknownRequest()), "m1")

    assert [f.error for f in counter.failures.failures.values()] == [
        "no such request: replay it once the request is there"
    ]
    assert len(counter.queues.messages["q"]) == 1


@pytest.mark.parametrize("rest", ['"x": 1e400', '"x": "\\ud800"'])
async def test_a_message_that_cannot_be_counted_does_not_come_again_for_ever(counter: Counter, rest: str):
    await counter.worker.work("q", f'{{"reference": "K7M2-QX9P-D4TB", {rest}}}', raising(UnknownRequest()), "m1")

    assert len(counter.failures.failures) == 1
    assert "q" not in counter.queues.messages


async def test_a_document_that_is_full_is_a_failure_that_says_where_to_read_what_to_do(counter: Counter):
    receipt = await counter.submit()
    counter.store.full = {receipt.reference}

    await counter.run_workers()

    [failure] = counter.failures.failures.values()
    assert (failure.queue, failure.error) == (
        "requests-advance",
        "document full (413): see docs/operations/failures.md, then replay it",
    )
    counter.store.full = set()
    await counter.operations.replay([failure.id], SUPERVISOR, dry_run=False)
    await counter.run_workers()
    assert counter.case(receipt).request.pending == {}


async def test_what_can_never_succeed_is_a_failure_at_once(counter: Counter):
    await counter.worker.work("q", "rubbish", raising(NeverPossible("not JSON")), "m1")

    [failure] = counter.failures.failures.values()
    assert (failure.queue, failure.body, failure.error) == ("q", "rubbish", "not JSON")


async def test_the_same_content_is_one_failure_and_every_message_counts(counter: Counter):
    for number, body in enumerate(('{"a": 1}', '{"a":1,"tries":3}', '{"tries": 4, "a": 1}')):
        await counter.worker.work("q", body, raising(NeverPossible("no")), f"m{number}")

    [failure] = counter.failures.failures.values()
    assert failure.tries == 5
    assert [e.id for e in failure.history] == ["failed.m0", "failed.m1", "failed.m2"]


async def test_a_message_delivered_twice_counts_once(counter: Counter):
    for _ in range(2):
        await counter.worker.work("q", "{}", raising(NeverPossible("no")), "m1")

    [failure] = counter.failures.failures.values()
    assert (failure.tries, len(failure.history)) == (1, 1)


@pytest.mark.parametrize("known", [0, 1])
async def test_a_record_whose_reply_was_lost_counts_once(counter: Counter, known: int):
    for number in range(known):
        await counter.worker.work("q", "{}", raising(NeverPossible("no")), f"earlier-{number}")
    counter.failures.lose_replies = 1

    await counter.worker.work("q", "{}", raising(NeverPossible("no")), "m1")

    [failure] = counter.failures.failures.values()
    assert (failure.tries, len(failure.history)) == (known + 1, known + 1)


async def test_a_failure_that_cannot_be_recorded_comes_again_later_and_keeps_its_reason(counter: Counter):
    counter.failures.away = True
    await counter.worker.work("q", "rubbish", raising(NeverPossible("not JSON")), "m1")

    assert [m["body"] for m in counter.queues.messages["q"]] == ["rubbish"]
    counter.failures.away = False
    await counter.worker.work("q", "rubbish", raising(NeverPossible("not JSON")), "m2")
    [failure] = counter.failures.failures.values()
    assert failure.error == "not JSON"


async def test_operations_are_told_of_a_failure_in_one_line_that_never_changes(counter: Counter, caplog):
    with caplog.at_level(logging.ERROR):
        await counter.worker.work("q", "{}", raising(NeverPossible("no such service")), "m1")

    [failure] = counter.failures.failures.values()
    assert caplog.messages == [f"failure {failure.id} in q: no such service"]


async def test_the_poison_function_records_what_no_worker_could(counter: Counter):
    for _ in range(2):
        await counter.worker.give_up("q", "{}", "p1")

    [failure] = counter.failures.failures.values()
    assert (failure.error, failure.tries) == ("the worker failed again and again: its log says how", 1)


async def test_the_poison_function_leaves_the_record_of_the_worker(counter: Counter):
    await counter.worker.work("q", "{}", raising(NeverPossible("no such service")), "m1")
    recorded = dict(counter.failures.failures)

    await counter.worker.give_up("q", "{}", "p1")

    assert counter.failures.failures == recorded


async def test_a_mistake_in_the_code_is_left_to_the_host(counter: Counter):
    with pytest.raises(ZeroDivisionError):
        await counter.worker.work("q", "{}", raising(ZeroDivisionError()), "m1")


async def test_a_poisoned_message_that_cannot_be_recorded_comes_again_after_ten_minutes_as_it_was(counter: Counter):
    counter.failures.away = True

    await counter.worker.give_up("q", '{"a": 1}', "m1")

    assert counter.queues.visible("q-poison") == []
    counter.clock.pass_(600)
    assert [m["body"] for m in counter.queues.messages["q-poison"]] == ['{"a": 1}']
    assert counter.queues.visible("q-poison") == [{"a": 1}]


async def test_a_poisoned_message_is_kept_though_the_code_that_records_it_is_wrong(counter: Counter):
    counter.failures.save = raising(ZeroDivisionError())

    await counter.worker.give_up("q", "{}", "m1")

    assert len(counter.queues.messages["q-poison"]) == 1


async def test_a_poisoned_message_that_can_be_neither_recorded_nor_sent_is_left_to_the_host(counter: Counter):
    counter.failures.away = counter.queues.away = True

    with pytest.raises(StoreUnavailable):
        await counter.worker.give_up("q", "{}", "m1")


@pytest.mark.parametrize("body", ["", "\ud800", "[1]", '{"tries": "many"}', "[" * 100_000, '{"tries": -3}'])
def test_any_body_has_an_id_and_a_count(body: str):
    assert model.failure_id("q", body)
    assert model.tries_of(body) == 0
