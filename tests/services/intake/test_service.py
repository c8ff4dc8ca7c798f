import msgspec
import pytest

from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.case.request import Contact
from services.errors import (
    HandedOver,
    InvalidSubmission,
    KeyReused,
    NotYetProcessed,
    ReferenceTaken,
    ServiceClosed,
    StoreUnavailable,
    SubmissionTooLarge,
    TooManyTries,
    UnknownRequest,
    UnknownService,
)
from services.intake import submissions as intake
from services.intake.service import Receipt
from tests.counter import CITY_PHONE, DEFINITION, HANAKO, KEY, OTHER_KEY, SERVICE_PHONE, Counter, current, submission

CHANGED = {**DEFINITION, "phone": "0000-00-5678"}


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_a_submit_costs_one_write_and_one_send_before_its_receipt(counter: Counter):
    await counter.submit()

    assert counter.store.calls == ["create"]
    assert counter.queues.calls == ["send requests-advance"]


async def test_a_repeated_submit_returns_the_first_receipt(counter: Counter):
    first = await counter.submit()
    counter.clock.pass_(3600)

    again, how = await counter.requests.submit(submission(), KEY, None)

    assert (again, how) == (first, "repeated")
    assert len(counter.store.cases) == 1


async def test_a_body_equal_as_json_is_a_repeat_however_it_is_written(counter: Counter):
    first = await counter.submit(answers={"members": 2, "note": "あ"})

    assert await counter.submit(answers={"note": "あ", "members": 2.0}) == first


async def test_the_language_is_no_part_of_the_body(counter: Counter):
    first = await counter.submit(locale="ja")

    assert await counter.submit(locale="en") == first
    assert counter.case(first).request.locale == "ja"


def hash_as_before(counter: Counter, receipt: Receipt) -> None:
    """Leave the document of a request as versions wrote it that hashed the body with its language."""
    known = counter.case(receipt)
    of_before = intake.hash_with_language(submission(locale=known.request.locale))
    changed = msgspec.structs.replace(known.request, body_hash=of_before)
    counter.store.cases[receipt.reference] = known.with_documents((changed,))


@pytest.mark.parametrize("locale", ["ja", "en"])
async def test_a_repeat_of_what_was_kept_under_the_hash_of_before_is_recognised(counter: Counter, locale: str):
    first = await counter.submit(locale="en")
    hash_as_before(counter, first)

    assert await counter.submit(locale=locale) == first
    with pytest.raises(KeyReused):
        await counter.submit(answers={"members": 3}, locale=locale)


async def test_a_code_is_made_again_under_the_version_that_it_was_made_under(counter: Counter):
    receipt = await counter.submit()
    version = counter.requests.version_behind(receipt)

    assert version is not None
    assert counter.requests.code_again(receipt.reference, version) == receipt.access_code
    assert counter.requests.code_again(receipt.reference, version + 1) is None


async def test_a_repeat_is_recognised_after_the_service_closed(counter: Counter):
    first = await counter.submit()
    await counter.editions.publish(current(version=2, closes="2026-11-23T00:30:00Z"))
    counter.clock.pass_(3600)

    assert await counter.submit() == first
    with pytest.raises(ServiceClosed):
        await counter.submit(key=OTHER_KEY)


async def test_a_repeat_is_recognised_after_the_form_became_stricter(counter: Counter):
    first = await counter.submit()
    await counter.editions.publish(current(version=2, form={"type": "object", "required": ["other"]}))
    counter.clock.pass_(60)

    assert await counter.submit() == first


async def test_the_same_key_with_another_body_is_refused_and_the_first_stands(counter: Counter):
    first = await counter.submit()

    with pytest.raises(KeyReused):
        await counter.submit(answers={"members": 3})

    assert counter.case(first).request.answers == {"members": 2}


async def test_the_same_key_with_an_invalid_other_body_is_a_reused_key_too(counter: Counter):
    await counter.submit()

    with pytest.raises(KeyReused):
        await counter.submit(answers={"members": 0})


async def test_a_foreign_request_under_the_reference_asks_for_a_new_key(counter: Counter):
    receipt = await counter.submit()
    stored = counter.case(receipt)
    foreign = msgspec.structs.replace(stored.request, key_hash="of another key")
    counter.store.cases[receipt.reference] = stored.with_documents((foreign,))

    with pytest.raises(ReferenceTaken):
        await counter.submit()


async def test_a_refused_submit_does_not_use_up_its_key(counter: Counter):
    with pytest.raises(InvalidSubmission):
        await counter.submit(answers={"members": 0})

    receipt, how = await counter.requests.submit(submission(), KEY, None)

    assert how == "created"
    assert receipt.status == "accepted"


async def test_all_errors_are_told_at_once_per_field(counter: Counter):
    with pytest.raises(InvalidSubmission) as refusal:
        await counter.submit(
            answers={"members": 99, "atHome": "yes", "extra": 1, "note": "あ" * 201},
            contact=Contact(phone="no number", name="見\x00本"),
            locale="??",
        )

    found = [(e.pointer, e.code) for e in refusal.value.errors]
    assert found == [
        ("/answers/members", "maximum"),
        ("/answers/atHome", "type"),
        ("/answers/note", "max_length"),
        ("/answers/extra", "unknown_field"),
        ("/contact/name", "control_character"),
        ("/locale", "locale"),
        ("/contact/phone", "phone"),
    ]
    assert refusal.value.phone == SERVICE_PHONE


@pytest.mark.parametrize(
    ("contact", "pointer", "code"),
    [
        (Contact(), "/contact", "contact_missing"),
        (Contact(name=" \u3000"), "/contact", "contact_missing"),
        (Contact(phone="12"), "/contact/phone", "phone"),
        (Contact(email="no at"), "/contact/email", "email"),
        (Contact(name="あ" * 101), "/contact/name", "max_length"),
    ],
)
async def test_a_resident_who_cannot_be_reached_is_told_so(counter: Counter, contact, pointer: str, code: str):
    with pytest.raises(InvalidSubmission) as refusal:
        await counter.submit(contact=contact)

    assert [(e.pointer, e.code) for e in refusal.value.errors] == [(pointer, code)]


@pytest.mark.parametrize(
    "phone", ["090-0000-0000", "09000000000", "（03）0000-0000", "０９０ー００００ー００００", "+81 90 0000 0000"]
)
async def test_phone_numbers_are_taken_as_people_type_them_and_kept_so(counter: Counter, phone: str):
    receipt = await counter.submit(contact=Contact(phone=phone))

    assert counter.case(receipt).request.contact.phone == phone


@pytest.mark.parametrize("text", ["\x00", "a\x07", "\ufffe", "\uffff", "\x7f"])
async def test_characters_that_no_queue_can_carry_are_refused_at_the_door(counter: Counter, text: str):
    with pytest.raises(InvalidSubmission) as refusal:
        await counter.submit(answers={"members": 2, "note": text})

    assert refusal.value.errors[0].pointer == "/answers/note"
    assert refusal.value.errors[0].code == "control_character"


@pytest.mark.parametrize("text", ["見\u3164本", "\u202e本見", "見\u200b本", "見\x85本"])
async def test_what_nobody_sees_is_refused_at_the_door_and_told_where(counter: Counter, text: str):
    with pytest.raises(InvalidSubmission) as refusal:
        await counter.submit(answers={"members": 2, "note": text}, contact=Contact(name=text))

    found = [(e.pointer, e.code) for e in refusal.value.errors]
    assert found == [("/answers/note", "hidden_character"), ("/contact/name", "hidden_character")]


async def test_who_can_only_be_reached_by_a_name_that_nobody_sees_cannot_be_reached(counter: Counter):
    with pytest.raises(InvalidSubmission) as refusal:
        await counter.submit(contact=Contact(name="\u200d"))

    assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/contact", "contact_missing")]


async def test_a_number_too_long_for_a_line_is_no_number(counter: Counter):
    with pytest.raises(InvalidSubmission) as refusal:
        await counter.submit(contact=Contact(phone="０" * 11 + "\u0300" * 300))

    assert [e.code for e in refusal.value.errors] == ["phone"]


async def test_line_breaks_are_kept(counter: Counter):
    receipt = await counter.submit(answers={"members": 2, "note": "一行目\n二行目\tここ"})

    assert counter.case(receipt).request.answers["note"] == "一行目\n二行目\tここ"


async def test_integers_that_a_document_would_round_are_refused(counter: Counter):
    with pytest.raises(InvalidSubmission) as refusal:
        await counter.submit(answers={"members": 2**53 + 1})

    assert ("/answers/members", "number_out_of_range") in [(e.pointer, e.code) for e in refusal.value.errors]


@pytest.mark.parametrize("length", [21_000, 16_400])
async def test_what_the_queue_would_not_take_is_refused_before_the_store_is_asked(length: int):
    form = {**DEFINITION["form"], "properties": {**DEFINITION["form"]["properties"], "note": {"type": "string"}}}
    counter = Counter(current(form=form))

    with pytest.raises(SubmissionTooLarge):
        await counter.submit(answers={"members": 2, "note": "あ" * length})

    assert counter.store.calls == []


async def test_an_unknown_service_is_refused(counter: Counter):
    with pytest.raises(UnknownService):
        await counter.submit(service="nothing")


async def test_a_service_that_has_not_opened_says_when_it_will():
    counter = Counter(current(opens="2027-01-01T09:00:00+09:00"))

    with pytest.raises(ServiceClosed) as refusal:
        await counter.submit()

    assert refusal.value.opens == "2027-01-01T09:00:00+09:00"
    assert refusal.value.phone == SERVICE_PHONE


async def test_a_version_that_was_current_within_a_day_is_accepted_and_kept(counter: Counter):
    await counter.catalog.services()
    await counter.catalog.publish(CHANGED)

    receipt = await counter.submit(version=1)

    assert receipt.version == 1
    assert counter.case(receipt).request.version == 1


async def test_a_version_older_than_a_day_is_refused_as_outdated(counter: Counter):
    await counter.catalog.publish(CHANGED)
    counter.clock.pass_(25 * 3600)

    with pytest.raises(InvalidSubmission) as refusal:
        await counter.submit(version=1)

    assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/version", "outdated")]


async def test_a_write_whose_reply_was_lost_is_a_first_receipt_and_is_moved_on(counter: Counter):
    counter.store.lose_replies = 1

    receipt, how = await counter.requests.submit(submission(), KEY, None)

    assert how == "created"
    [woken] = await counter.queues.receive(ADVANCE_QUEUE, 10, hidden_for=60)
    assert receipt.reference in woken.body


async def test_a_queue_that_is_away_does_not_keep_a_resident_waiting(counter: Counter):
    counter.queues.away = True

    _, how = await counter.requests.submit(submission(), KEY, None)

    assert how == "created"


async def test_a_store_that_is_away_gives_the_same_receipt_through_the_queue(counter: Counter):
    counter.store.away = True
    queued, how = await counter.requests.submit(submission(), KEY, None)
    counter.store.away = False

    stored = await counter.submit()

    assert (how, queued.status) == ("queued", "received")
    assert (queued.reference, queued.access_code) == (stored.reference, stored.access_code)


async def test_both_stores_away_is_not_known(counter: Counter):
    counter.store.away = counter.queues.away = True

    with pytest.raises(StoreUnavailable):
        await counter.submit()


async def test_a_refusal_is_not_given_while_a_repeat_could_not_be_recognised(counter: Counter):
    counter.store.away = True

    with pytest.raises(StoreUnavailable):
        await counter.submit(answers={"members": 0})


async def test_after_five_failures_in_a_row_the_queue_is_used_at_once_for_ten_seconds(counter: Counter):
    counter.store.away = True
    for n in range(5):
        await counter.submit(key=f"{KEY}{n}")
    asked = len(counter.store.calls)

    await counter.submit(key=f"{KEY}5")
    assert len(counter.store.calls) == asked

    counter.clock.pass_(11)
    await counter.submit(key=f"{KEY}6")
    assert len(counter.store.calls) == asked + 1


async def test_a_cold_instance_during_an_outage_takes_requests_with_what_was_shipped(counter: Counter):
    counter.store.away = counter.editions.away = counter.copy.away = True
    counter.new_instance()

    receipt, how = await counter.requests.submit(submission(), KEY, None)

    assert how == "queued"
    counter.store.away = counter.editions.away = counter.copy.away = False
    counter.clock.pass_(60)
    await counter.run_workers()
    assert counter.case(receipt).request.version == 1


async def test_the_status_of_a_genuine_receipt_without_document_is_received(counter: Counter):
    counter.store.away = True
    receipt = await counter.submit()
    counter.store.away = False

    assert await counter.requests.status(receipt.reference, receipt.access_code) is None


async def test_a_wrong_pair_and_an_unknown_one_are_refused_alike(counter: Counter):
    receipt = await counter.submit()

    for reference, code in ((receipt.reference, "00000000"), ("0000-0000-0000", receipt.access_code), ("x", "y")):
        with pytest.raises(UnknownRequest):
            await counter.requests.status(reference, code)


async def try_codes(counter: Counter, reference: str, times: int) -> None:
    for number in range(times):
        with pytest.raises(UnknownRequest):
            await counter.requests.status(reference, f"{number:08d}")


async def test_nobody_can_try_codes_and_no_code_is_looked_at_meanwhile(counter: Counter):
    receipt = await counter.submit()
    await try_codes(counter, receipt.reference, 20)
    counter.store.calls.clear()

    for code in ("99999999", receipt.access_code):
        with pytest.raises(TooManyTries) as refusal:
            await counter.requests.status(receipt.reference, code)

    assert counter.store.calls == []
    assert 0 < refusal.value.wait <= 6


async def test_another_reference_can_be_looked_up_while_one_is_tried(counter: Counter):
    receipt, other = await counter.submit(), await counter.submit(OTHER_KEY)
    await try_codes(counter, receipt.reference, 20)

    assert await counter.requests.status(other.reference, other.access_code) is not None


async def test_a_reference_opens_again_a_while_after_codes_were_tried(counter: Counter):
    receipt = await counter.submit()
    await try_codes(counter, receipt.reference, 20)

    counter.clock.pass_(7)

    assert await counter.requests.status(receipt.reference, receipt.access_code) is not None


@pytest.mark.parametrize("is_away", [False, True])
async def test_a_right_code_may_look_as_often_as_it_likes(counter: Counter, is_away: bool):
    receipt = await counter.submit()
    counter.store.away = is_away

    for _ in range(50):
        await counter.requests.status(receipt.reference, receipt.access_code)


async def test_codes_cannot_be_tried_while_the_store_is_away_either(counter: Counter):
    receipt = await counter.submit()
    counter.store.away = True
    for number in range(20):
        with pytest.raises(StoreUnavailable):
            await counter.requests.status(receipt.reference, f"{number:08d}")

    with pytest.raises(TooManyTries):
        await counter.requests.status(receipt.reference, receipt.access_code)


async def test_a_store_that_throttled_a_submission_is_left_to_submissions_for_some_seconds(counter: Counter):
    receipt = await counter.submit()
    counter.store.away, counter.store.asks_to_wait = True, 0.1
    assert (await counter.submit(OTHER_KEY)).status == "received"
    counter.store.away = False
    counter.store.calls.clear()

    assert await counter.requests.status(receipt.reference, receipt.access_code) is None
    assert counter.store.calls == []
    counter.clock.pass_(6)
    assert await counter.requests.status(receipt.reference, receipt.access_code) is not None


async def test_a_reference_and_code_are_read_without_regard_to_case_and_dashes(counter: Counter):
    receipt = await counter.submit()

    request = await counter.requests.status(
        receipt.reference.lower().replace("-", ""), f" {receipt.access_code.lower()} "
    )

    assert request is not None


async def test_a_withdrawal_cancels_every_open_task(counter: Counter):
    receipt = await counter.submit(answers={"members": 11, "atHome": True})
    await counter.run_workers()

    request = await counter.requests.withdraw(receipt.reference, receipt.access_code)

    assert request.status == "withdrawn"
    assert {t.status for t in counter.store.tasks} == {"cancelled"}
    assert request.due_at is None


async def test_a_repeated_withdrawal_changes_nothing(counter: Counter):
    receipt = await counter.submit()
    first = await counter.requests.withdraw(receipt.reference, receipt.access_code)
    counter.clock.pass_(5)

    assert await counter.requests.withdraw(receipt.reference, receipt.access_code) == first


async def test_a_withdrawal_before_the_dispatch_leaves_no_task(counter: Counter):
    receipt = await counter.submit()

    await counter.requests.withdraw(receipt.reference, receipt.access_code)
    await counter.run_workers()

    assert counter.store.tasks == []


async def test_a_withdrawal_after_the_work_was_done_is_refused_with_the_number_to_call(counter: Counter):
    receipt = await counter.submit()
    await counter.run_workers()
    [claimed] = await counter.claim()
    await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome="done", note=None)

    with pytest.raises(HandedOver) as refusal:
        await counter.requests.withdraw(receipt.reference, receipt.access_code)

    assert refusal.value.phone == SERVICE_PHONE


async def test_a_withdrawal_waits_for_its_document(counter: Counter):
    counter.store.away = True
    receipt = await counter.submit()
    counter.store.away = False

    with pytest.raises(NotYetProcessed) as refusal:
        await counter.requests.withdraw(receipt.reference, receipt.access_code)

    assert refusal.value.phone == CITY_PHONE


async def test_a_receipt_names_the_number_of_its_service_first_repeated_and_queued(counter: Counter):
    first, repeated = await counter.submit(), await counter.submit()
    counter.store.away = True
    queued = await counter.submit(OTHER_KEY)

    assert {receipt.phone for receipt in (first, repeated, queued)} == {SERVICE_PHONE}
