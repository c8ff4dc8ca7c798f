"""Staff correct a household: the new grants first, then the correction, and only then the old grants go."""

from typing import Any

import msgspec
import pytest

from services.errors import FieldError, InvalidSubmission, StoreUnavailable, UnknownRequest, WriteConflict
from services.intake.service import Receipt
from services.pickup.booking.state import Apportioned, Booking
from services.pickup.counter import correction_rules
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.entitlement.quotas import quota_id
from services.pickup.errors import NothingDue
from services.pickup.part import corrections_of
from tests.counter import HANAKO, SECRETS
from tests.pickup import NOW, answers
from tests.services.pickup.correcting_desk import REASON, Desk
from tests.services.pickup.town import MORNING, NOON
from tests.trouble import Crash, Trouble

RIGHT_ADDRESS = {"address": "見本市西町9番"}


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    await desk.open(3, 3)
    return desk


async def test_a_correction_is_told_with_who_and_why_and_keeps_what_was_answered(desk: Desk):
    receipt = await desk.ask(1)

    await desk.correct(receipt, **RIGHT_ADDRESS)

    request = desk.request(receipt)
    [event] = [event for event in request.history if event.event == "corrected"]
    assert (event.by, event.note) == (HANAKO.name, REASON)
    assert request.answers["address"] == "見本市西町9番"
    assert [one.before for one in corrections_of(request)] == [{"address": answers(1)["address"]}]
    [record] = [r for r in desk.counter.audit.records.values() if r.action == "corrected"]
    assert (record.subject, record.who, record.reason) == (receipt.reference, HANAKO.id, REASON)


async def test_another_address_is_another_household_with_grants_of_its_own(desk: Desk):
    receipt = await desk.ask(1)
    before = desk.booking(receipt)

    corrected = await desk.correct(receipt, **RIGHT_ADDRESS)

    after = desk.booking(receipt)
    assert after.household != before.household
    assert (after.state, after.place, desk.grants(receipt)) == ("confirmed", before.place, 1)
    assert (corrected.card.due, corrected.keeps_units) == ({"kit": 1}, False)
    assert desk.booking(await desk.ask(1)).state == "confirmed", "the wrong household may ask for itself now"
    assert desk.booking(await desk.ask(1, **RIGHT_ADDRESS)).state == "already"


async def test_the_same_correction_sent_again_changes_nothing(desk: Desk):
    receipt = await desk.ask(1)
    first = await desk.correct(receipt, **RIGHT_ADDRESS, members=3)
    before = desk.request(receipt)

    again = await desk.correct(receipt, **RIGHT_ADDRESS, members=3)

    assert (again, desk.request(receipt)) == (first, before)
    with pytest.raises(InvalidSubmission) as refused:
        await desk.correct(receipt, members=4)
    assert refused.value.errors == (FieldError("/id", "used_before"),)


@pytest.mark.parametrize(("members", "bottles"), [(1, 6), (3, 18)])
async def test_more_or_fewer_people_get_other_units_in_the_place_they_have(desk: Desk, members: int, bottles: int):
    receipt = await desk.ask(1, items=["kit", "water"])

    corrected = await desk.correct(receipt, members=members)

    assert desk.units(receipt) == corrected.card.due == {"kit": 1, "water": bottles}
    assert (desk.booking(receipt).state, desk.place(receipt), corrected.keeps_units) == ("confirmed", MORNING, False)
    assert desk.booking(receipt).members == members
    desk.check()


async def test_a_full_slot_gives_the_units_of_the_place_for_others(desk: Desk):
    receipts = [await desk.ask(number, items=["kit", "water"], slot=MORNING) for number in (1, 2, 3)]

    await desk.correct(receipts[0], members=3)

    assert desk.slot(MORNING).free_places == 0
    assert desk.units(receipts[0])["water"] == 18
    desk.check()


async def test_units_change_in_a_slot_that_has_begun(desk: Desk):
    receipt = await desk.ask(1, items=["kit", "water"])
    desk.counter.clock.now = desk.slot(MORNING).starts
    desk.counter.clock.pass_(600)

    corrected = await desk.correct(receipt, members=3)

    assert corrected.card.due == {"kit": 1, "water": 18}


async def test_where_the_units_are_not_free_the_place_stays_with_those_it_had_and_staff_hear_it(desk: Desk):
    receipt = await desk.ask(1, items=["water"])

    corrected = await desk.correct(receipt, members=29)

    assert (corrected.card.due, corrected.keeps_units) == ({"water": 12}, True)
    assert (desk.booking(receipt).state, desk.booking(receipt).lines) == ("confirmed", {"water": 174})
    assert "units_kept" in desk.events(receipt)
    assert (await desk.correct(receipt, members=29)).keeps_units
    desk.check()


async def test_a_place_that_is_held_stays_held_until_the_same_instant(desk: Desk):
    for number in (1, 2, 3):
        await desk.ask(number, slot=NOON)
    late = await desk.ask(4, items=["kit", "water"], slot=NOON)
    until = desk.booking(late).until

    await desk.correct(late, members=1)
    await desk.counter.run_workers()

    assert (desk.booking(late).state, desk.booking(late).until) == ("held", until)
    await desk.later(13 * 3600)
    assert desk.booking(late).state == "expired"
    desk.check()


async def test_a_household_that_was_served_under_another_request_goes_to_a_person_and_is_never_rejected(desk: Desk):
    first = await desk.ask(1)
    second = await desk.ask(2)

    corrected = await desk.correct(second, **{k: answers(1)[k] for k in ("kana", "address")})
    await desk.counter.run_workers()

    assert (corrected.card.booking.state, desk.grants(second), desk.grants(first)) == ("already", 0, 1)
    assert [t.reason for t in desk.counter.case(second).tasks.values() if t.kind == "review"] == ["served_before"]
    assert desk.slot(MORNING).free_places == 2
    desk.check()


async def test_a_household_taken_for_another_gets_a_place_once_it_is_corrected(desk: Desk):
    await desk.ask(1)
    second = await desk.ask(1)
    assert desk.booking(second).state == "already"

    corrected = await desk.correct(second, **RIGHT_ADDRESS)

    assert (corrected.card.booking.state, corrected.card.due) == ("confirmed", {"kit": 1})
    assert desk.grants(second) == 1


async def test_a_corrected_household_is_compared_with_the_others_again(desk: Desk):
    await desk.ask(1)
    receipt = await desk.ask(2)
    alike = {"kana": "ミホン アアアオ", "name": answers(1)["name"], "address": answers(1)["address"]}

    await desk.correct(receipt, **alike)
    await desk.counter.run_workers()
    await desk.correct(receipt, "correct-0002", kana="ミホン アアアウ")
    await desk.counter.run_workers()

    rounds = [t.id.partition(".")[2] for t in desk.counter.case(receipt).tasks.values() if t.kind == "review"]
    assert rounds == ["household.1", "household.2"]


async def test_who_waits_keeps_the_turn_and_is_due_what_was_corrected(desk: Desk):
    for number in range(1, 7):
        await desk.ask(number)
    waiting = await desk.ask(7)
    since = desk.booking(waiting).since

    await desk.correct(waiting, members=5, **RIGHT_ADDRESS)
    await desk.counter.run_workers()

    booking = desk.booking(waiting)
    assert (booking.state, booking.since, booking.members, desk.grants(waiting)) == ("waiting", since, 5, 0)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"members": 0}, FieldError("/answers/members", "minimum", {"limit": 1})),
        ({"members": 200}, FieldError("/answers/members", "maximum", {"limit": 30})),
        ({"members": None}, FieldError("/answers/members", "required")),
        ({"address": ""}, FieldError("/answers/address", "min_length", {"limit": 1})),
        ({"address": {"city": "見本市"}}, FieldError("/answers/address/city", "not_of_household")),
        ({"address": "見本市\0"}, FieldError("/answers/address", "control_character")),
        ({"address": "見本市\u1160 1"}, FieldError("/answers/address", "hidden_character")),
        ({"items": ["water"]}, FieldError("/answers/items", "not_of_household")),
        ({"address": "町" * 1365}, FieldError("/answers", "correction_too_long")),
        ({"slot": NOON}, FieldError("/answers/slot", "not_of_household")),
        ({"gold": 1}, FieldError("/answers/gold", "unknown_field")),
        ({}, FieldError("/answers", "required")),
    ],
)
async def test_what_does_not_fit_the_form_or_the_household_is_told_and_changes_nothing(
    desk: Desk, changes: dict[str, Any], error: FieldError
):
    receipt = await desk.ask(1)
    before = desk.request(receipt)

    with pytest.raises(InvalidSubmission) as refused:
        await desk.correct(receipt, **changes)

    assert error in refused.value.errors
    assert desk.request(receipt) == before


async def test_what_was_collected_or_withdrawn_is_not_corrected_and_its_state_is_told(desk: Desk):
    collected, withdrawn = await desk.ask(1), await desk.ask(2)
    await desk.counter.handing.hand_over(collected.reference, HandOver(id="hand-0001", receiver="household"), HANAKO)
    await desk.withdraw(withdrawn)

    for receipt, state in ((collected, "collected"), (withdrawn, "ended")):
        with pytest.raises(NothingDue, match=state):
            await desk.correct(receipt, **RIGHT_ADDRESS)


async def test_a_hand_over_that_only_the_slot_knows_of_counts(desk: Desk):
    receipt = await desk.ask(1)
    desk.with_conditions()
    operations = iter(range(20))
    while desk.slot(MORNING).entries[f"{receipt.reference}.1"].state != "collected":
        desk.break_at(next(operations), "crash after")
        with pytest.raises(Crash):
            await desk.counter.handing.hand_over(
                receipt.reference, HandOver(id="hand-0001", receiver="household"), HANAKO
            )
    assert desk.booking(receipt).state == "confirmed"

    with pytest.raises(NothingDue, match="collected"):
        await desk.correct(receipt, members=3)


async def test_an_unknown_reference_is_refused_as_such(desk: Desk):
    with pytest.raises(UnknownRequest):
        await desk.counter.correcting.correct("nothing", Amendment(id="correct-0001", answers={}, reason="r"), HANAKO)


CORRECTED: dict[str, Any] = {name: answers(9)[name] for name in ("kana", "address")} | {"members": 3}
TROUBLES: tuple[Trouble, ...] = ("before", "after", "twice", "crash before", "crash after")


@pytest.mark.parametrize("is_repeated", [True, False])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("other", [False, True], ids=["own grants", "used up"])
async def test_wherever_it_breaks_off_the_correction_is_made_whole_or_not_at_all(
    trouble: Trouble, is_repeated: bool, other: bool
):
    for operation in range(60):
        desk = Desk()
        await desk.open(3, 3)
        if other:
            await desk.ask(9, items=["water"])
        receipt = await desk.ask(1, items=["kit", "water"])
        desk.with_conditions()
        desk.break_at(operation, trouble)
        broke = await _attempt(desk, receipt, CORRECTED)
        reached = not desk.conditions.plan
        desk.conditions.plan = []
        if is_repeated and broke:
            await desk.correct(receipt, **CORRECTED)
        await desk.later(120)

        _check_whole(desk, receipt, other, must_be_made=is_repeated or not broke)
        if not reached:
            return
    raise AssertionError("it never ran through")


async def _attempt(desk: Desk, receipt: Receipt, changes: dict[str, Any]) -> bool:
    try:
        await desk.correct(receipt, **changes)
    except (StoreUnavailable, WriteConflict):
        return True
    except Crash:
        desk.counter.new_instance()
        return True
    return False


def _check_whole(desk: Desk, receipt: Receipt, other: bool, *, must_be_made: bool) -> None:
    request, booking = desk.request(receipt), desk.booking(receipt)
    is_made = desk.events(receipt).count("corrected") == 1
    assert is_made or not must_be_made
    assert not request.pending
    assert request.answers == answers(1, items=["kit", "water"]) | (CORRECTED if is_made else {})
    if is_made and other:
        assert (booking.state, desk.grants(receipt)) == ("already", 0)
    else:
        assert (booking.state, desk.grants(receipt)) == ("confirmed", 2)
        assert desk.units(receipt) == {"kit": 1, "water": 18 if is_made else 12}
        assert _granted_to(desk, receipt) == {booking.household}
    desk.check()


def _granted_to(desk: Desk, receipt: Receipt) -> set[str]:
    ids = {id_ for id_, quota in desk.counter.quotas.quotas.items() if receipt.reference in quota.grants}
    booking = desk.booking(receipt)
    own = {quota_id(booking.household, policy, SECRETS.reference) for policy in booking.policies}
    return {booking.household} if ids == own else set()


async def test_a_withdrawal_in_the_middle_leaves_nothing_behind(desk: Desk):
    receipt = await desk.ask(1, items=["kit", "water"])
    desk.with_conditions()
    for operation in range(8, 30, 3):
        desk.break_at(operation, "crash after")
        await _attempt(desk, receipt, CORRECTED)
    desk.conditions.plan = []

    await desk.withdraw(receipt)
    await desk.later(120)

    assert desk.booking(receipt).state == "ended"
    assert desk.slot(MORNING).free == {"kit": 3, "water": 54}
    assert desk.booking(await desk.ask(9, items=["kit", "water"])).state == "confirmed", "a grant left behind is void"
    assert desk.request(receipt).status == "withdrawn"


def test_a_share_of_a_split_never_grows_by_a_correction_and_falls_to_what_is_due_in_all():
    before = Apportioned(slot=MORNING, lines={"kit": 1, "water": 18}, policies=("daily", "once"))
    share = Booking(
        state="held",
        method="pickup",
        since=NOW,
        members=3,
        lines={"kit": 1, "water": 6},
        policies=("daily", "once"),
        household="h",
        apportioned=before,
    )

    def after(units: int) -> Booking:
        corrected = msgspec.structs.replace(share, lines={"water": units}, policies=("daily",), apportioned=None)
        return correction_rules.due_after(share, corrected)

    assert [after(units).lines for units in (24, 3)] == [{"water": 6}, {"water": 3}]
    assert after(24).policies == ("daily",)
    assert after(24).apportioned == Apportioned(slot=MORNING, lines={"water": 24}, policies=("daily",))
