import msgspec
import pytest

from services.errors import AccessCodeShown, InvalidSubmission, StoreUnavailable, TooManyTries, UnknownRequest
from services.intake.reissue import Checked, Reissue, Reissued
from services.intake.service import Receipt
from tests.counter import HANAKO, SECRETS, TARO, Counter

SEEN = Reissue(id="reissue-0001", checked="driving_licence")
AGAIN = Reissue(id="reissue-0002", checked="questions", note="世帯の人数と続柄を聞いた")


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def reissued(counter: Counter, receipt: Receipt, asked: Reissue = SEEN) -> Reissued:
    return await counter.reissuing.reissue(receipt.reference, asked, HANAKO)


async def test_the_code_that_was_given_ends_at_once_and_the_next_one_opens(counter: Counter):
    receipt = await counter.submit()

    code = (await reissued(counter, receipt)).access_code

    reference, old = receipt.reference, receipt.access_code
    for act in (
        lambda: counter.requests.status(reference, old),
        lambda: counter.requests.withdraw(reference, old),
    ):
        with pytest.raises(UnknownRequest):
            await act()
    assert (await counter.requests.withdraw(reference, code)).status == "withdrawn"


async def test_a_repeat_gives_the_same_code_and_another_id_the_next(counter: Counter):
    receipt = await counter.submit()

    first, repeated = await reissued(counter, receipt), await reissued(counter, receipt)
    another = await reissued(counter, receipt, AGAIN)

    assert first == repeated
    assert another.access_code not in (first.access_code, receipt.access_code)
    assert counter.case(receipt).request.access_epoch == 2


async def test_a_write_whose_reply_was_lost_gives_one_code(counter: Counter):
    receipt = await counter.submit()
    counter.store.lose_replies = 1

    await reissued(counter, receipt)

    assert counter.case(receipt).request.access_epoch == 1


async def test_a_repeat_shows_no_code_that_was_issued_after_it(counter: Counter):
    receipt = await counter.submit()
    await reissued(counter, receipt)
    await counter.reissuing.reissue(receipt.reference, AGAIN, TARO)

    with pytest.raises(AccessCodeShown):
        await reissued(counter, receipt)


async def test_a_code_is_not_read_again_once_time_has_passed(counter: Counter):
    receipt = await counter.submit()
    await reissued(counter, receipt)
    counter.clock.pass_(600)

    with pytest.raises(AccessCodeShown):
        await reissued(counter, receipt)


async def test_the_id_of_one_colleague_is_none_of_another(counter: Counter):
    receipt = await counter.submit()
    first = await reissued(counter, receipt)

    second = await counter.reissuing.reissue(receipt.reference, SEEN, TARO)

    assert first.access_code != second.access_code


async def test_who_issued_and_how_it_was_checked_is_on_record_and_in_the_history(counter: Counter):
    receipt = await counter.submit()

    await reissued(counter, receipt, AGAIN)

    [record] = counter.audit.records.values()
    said = "questions: 世帯の人数と続柄を聞いた"
    assert (record.subject, record.who, record.action) == (receipt.reference, HANAKO.id, "access_code_reissued")
    assert record.reason == said
    event = counter.case(receipt).request.history[-1]
    assert (event.event, event.by, event.note) == ("access_code_reissued", HANAKO.name, said)


async def test_without_a_record_no_code_is_shown_and_the_old_one_stays(counter: Counter):
    receipt = await counter.submit()
    counter.audit.away = True

    with pytest.raises(StoreUnavailable):
        await reissued(counter, receipt)

    assert await counter.requests.status(receipt.reference, receipt.access_code) is not None


@pytest.mark.parametrize("checked", ["questions", "other"])
@pytest.mark.parametrize("note", [None, "", " \u3000"])
async def test_where_no_document_was_seen_a_note_says_what_was_checked(
    counter: Counter, checked: Checked, note: str | None
):
    receipt = await counter.submit()

    with pytest.raises(InvalidSubmission) as refusal:
        await reissued(counter, receipt, Reissue(id="reissue-0001", checked=checked, note=note))

    assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/note", "required")]
    assert counter.audit.records == {}


@pytest.mark.parametrize(
    "number", ["012345678901", "1234 5678 9012", "０１２３ー４５６７", "AB12345678CD", "1950-01-01"]
)
async def test_no_number_of_a_document_is_ever_recorded(counter: Counter, number: str):
    receipt = await counter.submit()

    with pytest.raises(InvalidSubmission) as refusal:
        await reissued(counter, receipt, Reissue(id="reissue-0001", checked="other", note=f"証明書 {number}"))

    assert [(e.pointer, e.code) for e in refusal.value.errors] == [("/note", "document_number")]
    assert counter.audit.records == {}


@pytest.mark.parametrize("typed", ["0000-0000-0000", "x"])
async def test_a_reference_of_nobody_is_unknown(counter: Counter, typed: str):
    with pytest.raises(UnknownRequest):
        await counter.reissuing.reissue(typed, SEEN, HANAKO)


async def test_a_repeat_of_the_submit_does_not_learn_the_next_code(counter: Counter):
    first = await counter.submit()
    code = (await reissued(counter, first)).access_code

    repeated = await counter.submit()

    assert repeated == first
    assert repeated.access_code != code


async def test_with_the_store_away_an_ended_code_opens_no_more_than_that_something_was_received(counter: Counter):
    receipt = await counter.submit()
    await reissued(counter, receipt)
    counter.store.away = True

    assert await counter.requests.status(receipt.reference, receipt.access_code) is None
    with pytest.raises(StoreUnavailable):
        await counter.requests.withdraw(receipt.reference, receipt.access_code)


async def test_a_withdrawal_under_way_with_the_code_that_ends_changes_nothing(counter: Counter):
    receipt = await counter.submit()
    read = counter.store.read

    async def read_before_the_reissue(reference: str):
        found = await read(reference)
        counter.store.read = read
        await reissued(counter, receipt)
        return found

    counter.store.read = read_before_the_reissue
    with pytest.raises(UnknownRequest):
        await counter.requests.withdraw(receipt.reference, receipt.access_code)

    assert counter.case(receipt).request.status == "accepted"


async def test_wrong_codes_that_were_tried_before_do_not_keep_the_next_code_out(counter: Counter):
    receipt = await counter.submit()
    for number in range(20):
        with pytest.raises(UnknownRequest):
            await counter.requests.status(receipt.reference, f"{number:08d}")
    with pytest.raises(TooManyTries):
        await counter.requests.status(receipt.reference, receipt.access_code)

    code = (await reissued(counter, receipt)).access_code

    assert await counter.requests.status(receipt.reference, code) is not None


async def test_who_still_tries_the_ended_code_does_not_keep_the_next_one_out(counter: Counter):
    receipt = await counter.submit()
    code = (await reissued(counter, receipt)).access_code
    for _ in range(50):
        with pytest.raises(UnknownRequest):
            await counter.requests.status(receipt.reference, receipt.access_code)

    assert await counter.requests.status(receipt.reference, code) is not None


async def test_a_code_under_a_secret_that_is_gone_is_issued_under_the_newest(counter: Counter):
    receipt = await counter.submit()
    stored = counter.case(receipt)
    of_old = msgspec.structs.replace(stored.request, access_version=7)
    counter.store.cases[receipt.reference] = stored.with_documents((of_old,))

    code = (await reissued(counter, receipt)).access_code

    assert counter.case(receipt).request.access_version == SECRETS.current_version
    assert await counter.requests.status(receipt.reference, code) is not None
