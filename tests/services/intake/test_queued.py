import json
from pathlib import Path

import msgspec
import pytest

from services.intake import submissions as intake
from services.intake.merging import MOST_VARIANTS
from services.intake.service import Receipt
from services.intake.submissions import SealedMessage
from tests.counter import HANAKO, KEY, Counter, current, submission

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def counter() -> Counter:
    return Counter()


def message(counter: Counter, key: str = KEY, **changes) -> str:
    """Return what another channel sends."""
    plain = {**msgspec.to_builtins(submission(**changes)), "idempotencyKey": key, "receivedAt": counter.clock()}
    return json.dumps(plain, ensure_ascii=False)


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


async def test_the_language_is_no_part_of_the_body(counter: Counter):
    receipt = await counter.submit()

    await queued(counter, message(counter, locale="en"))

    assert counter.case(receipt).request.variants == ()


async def test_a_body_that_was_kept_under_the_hash_of_before_is_the_same(counter: Counter):
    """Versions before hashed it with its language."""
    receipt = await counter.submit()
    await queued(counter, message(counter, answers={"members": 3}))
    known = counter.case(receipt)
    first, other = (intake.hash_with_language(submission(answers={"members": n})) for n in (2, 3))
    [variant] = known.request.variants
    of_before = msgspec.structs.replace(
        known.request, body_hash=first, variants=(msgspec.structs.replace(variant, body_hash=other),)
    )
    counter.store.cases[receipt.reference] = known.with_documents((of_before,))

    for members in (2, 3):
        await queued(counter, message(counter, answers={"members": members}))

    assert len(counter.case(receipt).request.variants) == 1


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
    assert json.loads(failure.body)["answers"] == {"members": 8}


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


HIDDEN = {"members": 2, "note": "見\u3164本\u202e"}


async def test_what_waited_with_hidden_characters_is_taken_in_and_shown_to_a_person(counter: Counter):
    await queued(counter, message(counter, answers=HIDDEN))

    [task] = counter.store.tasks
    [case] = counter.store.cases.values()
    assert (task.kind, task.reason) == ("review", "invalid")
    assert case.request.answers == HIDDEN


async def test_a_repeat_of_what_was_stored_with_hidden_characters_gets_its_receipt(counter: Counter):
    await queued(counter, message(counter, answers=HIDDEN))

    receipt, how = await counter.requests.submit(submission(answers=HIDDEN), KEY, None)

    assert how == "repeated"
    assert counter.case(receipt).request.answers == HIDDEN


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
    await queued(counter, dated(counter, "2099-01-01T00:00:00Z"))

    receipt = await counter.submit()
    assert counter.case(receipt).request.received_at == counter.clock()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "not JSON: the sender must send one JSON object"),
        ("not json", "not JSON: the sender must send one JSON object"),
        ("[]", "not a submission"),
        ('{"service": "water"}', "not a submission: Object missing required field `idempotencyKey`"),
        (
            f'{{"idempotencyKey":"{KEY}","version": "1"}}',
            "not a submission: Expected `int | null`, got `str` at $.version",
        ),
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


async def test_a_message_of_more_values_than_any_form_takes_is_a_failure_before_anything_is_done_with_it(
    counter: Counter,
):
    await queued(counter, message(counter, answers={"members": [1] * 2000}))

    [failure] = counter.failures.failures.values()
    assert failure.error == "over 2,000 values: the sender must send less"
    assert counter.store.cases == {}


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


# The time that another channel tells


def dated(counter: Counter, received_at: str) -> str:
    return json.dumps({**json.loads(message(counter)), "receivedAt": received_at})


async def test_another_channels_time_counts_within_three_days(counter: Counter):
    await queued(counter, dated(counter, "2026-11-20T09:00:00+09:00"))

    [case] = counter.store.cases.values()
    assert case.request.received_at == "2026-11-20T00:00:00.000000Z"
    assert [task.route for task in case.tasks.values()] == ["prepare"]


@pytest.mark.parametrize(
    "told",
    [
        "2026-11-19T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999-14:00",
    ],
)
async def test_what_was_received_before_or_at_no_time_of_ours_counts_from_now_and_a_person_looks(
    counter: Counter, told: str
):
    await queued(counter, dated(counter, told))

    [case] = counter.store.cases.values()
    assert case.request.received_at == counter.clock()
    assert [(task.kind, task.reason) for task in case.tasks.values()] == [("review", "undated")]


async def test_a_leap_second_is_the_second_before_it(counter: Counter):
    await queued(counter, dated(counter, "2026-11-22T23:59:60Z"))

    [case] = counter.store.cases.values()
    assert case.request.received_at == "2026-11-22T23:59:59.000000Z"


async def test_our_own_time_counts_however_long_the_message_waited(counter: Counter):
    counter.store.away = True
    receipt = await counter.submit()
    counter.store.away = False
    counter.clock.pass_(30 * 24 * 3600)

    await counter.run_workers()

    assert counter.case(receipt).request.received_at == receipt.received_at
    assert [task.route for task in counter.store.tasks] == ["prepare"]


# Our own messages


async def waiting(counter: Counter, **changes) -> tuple[Receipt, dict]:
    """Return a receipt that was given while the store was away, and the message behind it, taken out of the queue."""
    counter.store.away = True
    receipt, _ = await counter.requests.submit(submission(**changes), KEY, TRACE)
    counter.store.away = False
    [put] = counter.queues.messages.pop(intake.QUEUE)
    return receipt, json.loads(put["body"])


async def test_whoever_reads_the_queue_learns_neither_key_nor_access_code(counter: Counter):
    receipt, sent = await waiting(counter)

    assert KEY not in json.dumps(sent)
    assert receipt.access_code not in json.dumps(sent)
    assert sent["reference"] == receipt.reference


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "K7M2-QX9P-D4TB"},
        {"keyHash": "0" * 64},
        {"receivedAt": "2026-11-20T00:00:00.000000Z"},
        {"service": "blankets"},
        {"answers": {"members": 9}},
        {"contact": {"phone": "090-0000-9999"}},
        {"channel": "phone"},
        {"locale": "en"},
        {"version": 1},
        {"resolvedVersion": 2},
        {"accessVersion": 2},
        {"traceparent": TRACE.replace("4bf9", "0000")},
        {"added": True},
        {"seal": "0" * 64},
        {"seal": ""},
        {"seal": 1},
        {"seal": None},
        {"answers": {"members": 2**60}},
    ],
    ids=lambda changes: next(iter(changes)),
)
async def test_what_nobody_of_ours_sealed_is_a_failure_whose_reason_quotes_nothing(counter: Counter, changes: dict):
    _, sent = await waiting(counter)

    await queued(counter, json.dumps({**sent, **changes}))

    [failure] = counter.failures.failures.values()
    assert failure.error == "not sealed by this app"
    assert counter.store.cases == {}


async def test_a_message_without_its_seal_is_nobodys(counter: Counter):
    _, sent = await waiting(counter)
    del sent["seal"]

    await queued(counter, json.dumps(sent))

    [failure] = counter.failures.failures.values()
    assert failure.error == "not a submission: Object missing required field `idempotencyKey`"


async def test_a_seal_of_another_secret_is_none(counter: Counter):
    _, sent = await waiting(counter)
    made = msgspec.convert(sent, SealedMessage)

    await queued(counter, json.dumps(intake.sealed(made, b"another secret than the one of the tests")))

    assert [failure.error for failure in counter.failures.failures.values()] == ["not sealed by this app"]


async def test_a_message_written_anew_with_its_tries_is_still_ours(counter: Counter):
    receipt, sent = await waiting(counter, answers={"members": 2.0, "note": "a/b é 漢字 1e-7"})

    await queued(counter, json.dumps({**sent, "tries": 7}, sort_keys=True, indent=1, ensure_ascii=True))

    assert counter.case(receipt).request.answers["note"] == "a/b é 漢字 1e-7"


async def test_our_own_message_is_put_back_counted_and_worked_in_the_end(counter: Counter):
    receipt, sent = await waiting(counter)
    counter.store.away = True
    await queued(counter, json.dumps(sent))
    counter.store.away = False
    counter.clock.pass_(30)

    await counter.run_workers()

    assert await counter.requests.status(receipt.reference, receipt.access_code) is not None


async def test_our_own_message_that_failed_is_replayed(counter: Counter):
    receipt, sent = await waiting(counter)
    await counter.worker.give_up(intake.QUEUE, json.dumps({**sent, "tries": 2}), "p1")

    await counter.operations.replay(list(counter.failures.failures), HANAKO, dry_run=False)
    await counter.run_workers()

    assert await counter.requests.status(receipt.reference, receipt.access_code) is not None


async def test_a_message_of_the_version_before_opens_with_the_very_receipt_that_was_given(counter: Counter):
    known = json.loads((Path(__file__).parent / "message_with_its_key.json").read_text(encoding="utf-8"))

    await queued(counter, known["message"])

    receipt = known["receipt"]
    request = await counter.requests.status(receipt["reference"], receipt["accessCode"])
    assert request is not None
    assert (request.received_at, request.version) == (receipt["receivedAt"], receipt["version"])
    assert request.traceparent == TRACE


# What a message says besides


@pytest.mark.parametrize("traceparent", ["00-short", TRACE.upper(), TRACE + "-more", "x" * 40_000, ""])
async def test_a_traceparent_that_is_none_is_dropped(counter: Counter, traceparent: str):
    await queued(counter, json.dumps({**json.loads(message(counter)), "traceparent": traceparent}))

    [case] = counter.store.cases.values()
    assert case.request.traceparent is None


async def test_a_locale_that_is_none_keeps_nobody_from_being_served(counter: Counter):
    await queued(counter, json.dumps({**json.loads(message(counter)), "locale": "x" * 40_000}))

    [case] = counter.store.cases.values()
    assert case.request.locale == "ja"
    assert [task.route for task in case.tasks.values()] == ["prepare"]


async def test_a_channel_that_is_no_name_is_a_failure(counter: Counter):
    await queued(counter, json.dumps({**json.loads(message(counter)), "channel": "x" * 40_000}))

    [failure] = counter.failures.failures.values()
    assert failure.error.startswith("channel is not 1 to 20 characters")
    assert counter.store.cases == {}
