import json

import msgspec
import pytest

from services.requests import intake
from services.requests.intake import IntakeMessage
from services.requests.merging import MOST_VARIANTS
from tests.counter import KEY, Counter, current, submission


@pytest.fixture
def counter() -> Counter:
    return Counter()


def message(counter: Counter, key: str = KEY, **changes) -> str:
    made = intake.message_for(
        submission(**changes), key, received_at=counter.clock(), access_version=1, traceparent=None
    )
    return msgspec.json.encode(made).decode()


async def queued(counter: Counter, body: str) -> None:
    counter.queues.put(intake.QUEUE, body)
    await counter.run_workers()


async def test_a_submission_from_the_queue_becomes_the_request_its_receipt_promised(counter: Counter):
    counter.store.away = True
    receipt = await counter.submit()
    counter.store.away = False

    await counter.run_workers()

    request = await counter.requests.status(receipt.reference, receipt.access_code)
    assert request is not None
    assert (request.status, request.received_at) == ("accepted", receipt.received_at)
    assert len(counter.store.tasks) == 1


async def test_a_redelivered_submission_changes_nothing(counter: Counter):
    body = message(counter)
    await queued(counter, body)
    receipt = await counter.submit()
    case = counter.case(receipt)

    await queued(counter, body)

    assert counter.case(receipt) == case


async def test_a_default_that_a_channel_spells_out_is_the_same_body(counter: Counter):
    receipt = await counter.submit()
    plain = json.loads(message(counter))
    spelt_out = {**plain, "channel": "web", "locale": "ja", "version": None}

    await queued(counter, json.dumps(spelt_out))

    assert counter.case(receipt).request.variants == ()


async def test_the_earlier_receipt_of_the_same_body_counts(counter: Counter):
    body = message(counter)
    counter.clock.pass_(60)
    receipt = await counter.submit()

    await queued(counter, body)

    assert counter.case(receipt).request.received_at == "2026-11-23T00:00:00.000000Z"


async def test_another_body_under_the_key_is_kept_beside_the_first_and_a_person_gets_a_task(counter: Counter):
    receipt = await counter.submit()

    for _ in range(2):
        await queued(counter, message(counter, answers={"members": 3}))

    case = counter.case(receipt)
    assert case.request.answers == {"members": 2}
    assert [v.answers for v in case.request.variants] == [{"members": 3}]
    assert [(t.kind, t.reason) for t in case.tasks.values() if t.route == "review"] == [("review", "other_body")]


async def test_one_body_more_than_a_request_keeps_is_a_failure_with_its_body(counter: Counter):
    receipt = await counter.submit()

    for members in range(3, 3 + MOST_VARIANTS + 1):
        await queued(counter, message(counter, answers={"members": members}))

    request = counter.case(receipt).request
    assert [v.answers["members"] for v in request.variants] == list(range(3, 3 + MOST_VARIANTS))
    [failure] = counter.failures.failures.values()
    assert failure.error == "5 other bodies stand beside this request: the sender must use a new key"
    assert '"members":8' in failure.body


async def test_another_body_that_comes_again_is_known_however_long_ago_it_came(counter: Counter):
    receipt = await counter.submit()
    body = message(counter, answers={"members": 3})
    await queued(counter, body)
    case = counter.case(receipt)
    forgetful = msgspec.structs.replace(case.request, history=case.request.history[:1])
    counter.store.cases[receipt.reference] = msgspec.structs.replace(case, request=forgetful)

    await queued(counter, body)

    assert len(counter.case(receipt).request.variants) == 1


async def test_ever_earlier_receipts_of_a_body_leave_one_event(counter: Counter):
    bodies = []
    for _ in range(20):
        bodies.append(message(counter))
        counter.clock.pass_(60)
    receipt = await counter.submit()

    for body in reversed(bodies):
        await queued(counter, body)

    request = counter.case(receipt).request
    assert request.received_at == "2026-11-23T00:00:00.000000Z"
    assert [event.event for event in request.history].count("received_earlier") == 1


async def test_an_invalid_submission_from_the_queue_becomes_a_task_for_a_person(counter: Counter):
    await queued(counter, message(counter, answers={"members": 0}))

    [task] = counter.store.tasks
    assert (task.team, task.kind, task.reason) == ("supplies", "review", "invalid")


async def test_a_late_submission_goes_to_a_person_never_to_a_rejection():
    counter = Counter(current(closes="2026-11-22T00:00:00Z"))

    await queued(counter, message(counter))

    [task] = counter.store.tasks
    assert task.reason == "late"


async def test_what_was_received_before_the_close_is_not_late():
    counter = Counter(current(closes="2026-11-23T00:30:00Z"))
    body = message(counter)
    counter.clock.pass_(3600)

    await queued(counter, body)

    [task] = counter.store.tasks
    assert task.route == "prepare"


async def test_an_outdated_submission_goes_to_a_person(counter: Counter):
    await counter.editions.publish(current(version=2))

    await queued(counter, message(counter, version=1))

    [task] = counter.store.tasks
    assert task.reason == "outdated"


async def test_a_channel_cannot_claim_to_have_received_something_in_the_future(counter: Counter):
    early = msgspec.json.decode(message(counter), type=IntakeMessage)
    forged = msgspec.structs.replace(early, received_at="2099-01-01T00:00:00Z")

    await queued(counter, msgspec.json.encode(forged).decode())

    receipt = await counter.submit()
    assert counter.case(receipt).request.received_at == counter.clock()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "not JSON: the sender must send one JSON object"),
        ("not json", "not JSON: the sender must send one JSON object"),
        ("[]", "not a submission"),
        ('{"service": "water"}', "not a submission: Object missing required field `idempotencyKey`"),
        ('{"version": "1"}', "not a submission: Expected `int | null`, got `str` at $.version"),
        ("eyJhIjogMX0=", "base64: the sender must send plain text (messageEncoding none)"),
        ("[" * 60_000, "not a submission"),
        (
            f'{{"idempotencyKey":"{KEY}","receivedAt":"2026-11-23T00:00:00Z","service":"water","contact":{{}},'
            f'"answers":{{"a":{"[" * 80}{"]" * 80}}}}}',
            "nested too deeply",
        ),
        (
            '{"idempotencyKey":"short","receivedAt":"2026-11-23T00:00:00Z","service":"water","answers":{},"contact":{}}',
            "idempotencyKey",
        ),
        (
            f'{{"idempotencyKey":"{KEY}","receivedAt":"yesterday","service":"water","answers":{{}},"contact":{{}}}}',
            "receivedAt",
        ),
        (
            f'{{"idempotencyKey":"{KEY}","receivedAt":"2026-11-23T00:00:00Z","service":"nothing","answers":{{}},'
            '"contact":{}}',
            "no such service: nothing is not published",
        ),
    ],
)
async def test_what_no_team_could_act_on_is_a_failure_with_a_reason(counter: Counter, body: str, why: str):
    await queued(counter, body)

    [failure] = counter.failures.failures.values()
    assert why in failure.error
    assert (failure.queue, failure.body) == (intake.QUEUE, body)
    assert counter.store.cases == {}


NOBODY_READS = "見本 花子 090-0000-0000"


@pytest.mark.parametrize(
    "changes",
    [
        {"service": NOBODY_READS},
        {"receivedAt": NOBODY_READS},
        {"idempotencyKey": NOBODY_READS},
        {"contact": {NOBODY_READS: 1}},
        {"contact": NOBODY_READS},
        {"answers": {"a": {NOBODY_READS: 2**60}}},
        {"answers": [NOBODY_READS]},
        {"answers": {"a": NOBODY_READS * 2000}},
        {"version": NOBODY_READS},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_no_reason_says_anything_of_what_a_resident_sent(counter: Counter, changes: dict):
    body = {**json.loads(message(counter)), **changes}

    await queued(counter, json.dumps(body, ensure_ascii=False))

    [failure] = counter.failures.failures.values()
    assert not set(failure.error) & set(NOBODY_READS.replace(" ", "").strip("0123456789-"))


async def test_the_queue_takes_as_large_answers_as_the_door_and_no_larger(counter: Counter):
    plain = json.loads(message(counter))
    room = 48 * 1024 - len('{"a":""}')

    for length in (room, room + 1):
        await queued(counter, json.dumps({**plain, "answers": {"a": "x" * length}}))

    [failure] = counter.failures.failures.values()
    assert failure.error == "answers are over 48 KiB: the sender must send less"
    assert len(counter.store.cases) == 1


async def test_a_store_that_is_away_puts_the_message_back_for_later(counter: Counter):
    counter.store.away = True
    await queued(counter, message(counter))

    assert counter.queues.visible(intake.QUEUE) == []
    counter.store.away = False
    counter.clock.pass_(30)
    await counter.run_workers()

    assert len(counter.store.cases) == 1


@pytest.mark.parametrize("service", ["water", "blankets"])
async def test_a_submission_waits_while_no_published_edition_can_be_read(counter: Counter, service: str):
    for source in (counter.editions, counter.copy):
        await source.publish(current(id="blankets"))
        source.away = True
    await queued(counter, message(counter, service=service))

    assert (counter.failures.failures, counter.store.cases) == ({}, {})
    counter.editions.away = False
    counter.clock.pass_(30)
    await counter.run_workers()

    [case] = counter.store.cases.values()
    assert (case.request.service, case.request.version, case.request.status) == (service, 1, "accepted")
    assert case.tasks
