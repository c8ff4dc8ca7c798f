"""A short stock is split: every rule is previewed, one is decided, and each household follows with its share."""

import asyncio
import copy
from typing import Any, get_args

import msgspec
import pytest

from functions.pickup.views import PUBLIC_EVENTS
from services.case.request import Contact, Request
from services.catalog.documents import definition_of
from services.errors import InvalidSubmission, StoreUnavailable, WriteConflict
from services.intake.service import Receipt
from services.pickup.booking import progress
from services.pickup.booking.state import Booking
from services.pickup.entitlement.quotas import quota_id
from services.pickup.entitlement.section import pickup_of
from services.pickup.errors import (
    AlreadyDecided,
    LookAgain,
    NoSuchSlot,
    NotForSplit,
    SlotClosed,
    UnknownSite,
    UnknownSlot,
)
from services.pickup.part import booking_of
from services.pickup.sharing.split_rules import Decision, Rule, Share
from services.pickup.sharing.splits import Preview
from services.pickup.slots.turns import HouseholdInLine
from services.pickup.stock.fields import AllotFields, SplitFields
from services.pickup.stock.sites import Slot
from tests.counter import SECRETS, SUPERVISOR, current
from tests.pickup import NOW, OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from tests.pickup_counter import PickupCounter
from tests.trouble import TROUBLES, Conditions, Crash, Trouble, Unreliable
from wiring import SECTIONS

SPLIT, NEXT_DAY = "pickup-20261124-1000", "pickup-20261125-1000"
RULES: tuple[Rule, ...] = get_args(Rule.__value__)


def definition() -> dict[str, Any]:
    """Return the service that hands out kits and water, and asks how many members are elderly."""
    changed = copy.deepcopy(PICKUP_DEFINITION)
    changed["form"]["properties"]["elderly"] = {"type": "integer", "minimum": 0, "x-text": {"label": {"ja": "高齢者"}}}
    changed["pickup"]["answers"]["flags"] = {"elderly": "/elderly"}
    return changed


class Town:
    """Hold a school whose water is short: 6 bottles for each member are due."""

    def __init__(self) -> None:
        self.counter = PickupCounter(current(**definition()))
        self.asked = 0

    async def begin(self) -> None:
        await self.counter.keeping.put_site("school", site(), OFFICER)
        await self.counter.keeping.move("school", stock(kit=1000, water=10_000), OFFICER)

    async def open(self, *, fill: Any = "split", places: int = 10, day: int = 1, **allotted: int) -> None:
        fields = msgspec.structs.replace(slot(day=day, places=places, **allotted), fill=fill)
        await self.counter.keeping.open_slot("school", fields, OFFICER)

    async def ask(self, members: int, items: tuple[str, ...] = ("water",), **changes: Any) -> Receipt:
        self.asked += 1
        self.counter.clock.pass_(1)
        receipt = await self.counter.submit(
            f"key-of-the-resident-{self.asked:04}",
            service="kits",
            answers=answers(self.asked, members=members, items=list(items), **changes),
            contact=Contact(phone=f"090-0000-{self.asked:04}"),
        )
        await self.counter.run_workers()
        return receipt

    def request(self, receipt: Receipt) -> Request:
        return self.counter.case(receipt).request

    def booking(self, receipt: Receipt) -> Booking:
        booking = booking_of(self.request(receipt))
        assert booking
        return booking

    def states(self, *receipts: Receipt) -> list[str]:
        return [self.booking(receipt).state for receipt in receipts]

    def promised(self, receipt: Receipt) -> dict[str, int]:
        """Return what the place of a request holds for it."""
        place = self.booking(receipt).place
        return self.slot(place.slot).lines(f"{receipt.reference}.{place.round}") if place else {}

    def slot(self, id_: str = SPLIT) -> Slot:
        found = self.counter.sites.documents["school", id_]
        assert isinstance(found, Slot)
        return found

    async def look(self, id_: str = SPLIT) -> Preview:
        return await self.counter.splits.preview("school", id_)

    async def decide(
        self, rule: Rule, *, basis: str | None = None, id_: str = "split-00001", at: str = SPLIT
    ) -> Preview:
        basis = (await self.look(at)).basis if basis is None else basis
        fields = SplitFields(id=id_, rule=rule, reason="水が足りないため", basis=basis)
        return await self.counter.splits.decide("school", at, fields, SUPERVISOR)

    async def withdraw(self, receipt: Receipt) -> None:
        await self.counter.requests.withdraw(receipt.reference, receipt.access_code)
        await self.counter.run_workers()

    async def later(self, seconds: float) -> None:
        self.counter.clock.pass_(seconds)
        for _ in range(3):
            await self.counter.advance.sweep()
            await self.counter.run_workers()
            await self.counter.tending.run()
            self.counter.clock.pass_(1)

    def granted(self, receipt: Receipt, policy: str) -> bool:
        """Tell whether a policy's quota of the household is used by this request."""
        known = self.counter.quotas.quotas.get(quota_id(self.booking(receipt).household, policy, SECRETS.reference))
        return known is not None and receipt.reference in known.grants


@pytest.fixture
async def town() -> Town:
    town = Town()
    await town.begin()
    return town


@pytest.fixture
async def three(town: Town) -> tuple[Receipt, Receipt, Receipt]:
    """Let three households wait, of 1, 4 and 2 members, and open a slot with 14 bottles for their 42."""
    receipts = (await town.ask(1), await town.ask(4), await town.ask(2, elderly=1))
    await town.open(water=14)
    return receipts


async def test_a_slot_for_a_split_is_offered_to_nobody_before_it_is_decided(town: Town, three):
    await town.later(60)

    assert await town.counter.offers.open("pickup") == []
    assert await town.counter.offers.choices(town.request(three[0])) == []
    with pytest.raises(NoSuchSlot):
        await town.counter.reservations.choose(town.request(three[0]), f"school.{SPLIT}")


@pytest.mark.parametrize("wish", [{}, {"slot": f"school.{SPLIT}"}])
async def test_nobody_gets_a_place_in_it_before_it_is_decided_whatever_they_wish(town: Town, three, wish):
    newcomer = await town.ask(1, **wish)
    await town.later(120)

    assert town.states(*three, newcomer) == ["waiting"] * 4
    assert town.slot().entries == {}


async def test_a_slot_opened_for_a_split_is_known_again_and_is_no_other(town: Town, three):
    await town.decide("by_members")

    await town.open(water=14)

    with pytest.raises(InvalidSubmission):
        await town.open(fill="first_come", places=11, water=14)
    assert len((await town.counter.keeping.site("school")).slots) == 1


async def test_a_slot_filled_by_who_comes_first_is_not_taken_for_one_for_a_split(town: Town, three):
    with pytest.raises(InvalidSubmission):
        await town.open(fill="first_come", water=14)


async def test_another_slot_is_taken_while_one_waits_for_its_split(town: Town, three):
    await town.open(fill="first_come", day=2, water=100)
    await town.later(60)

    assert town.states(*three) == ["held"] * 3
    assert {town.booking(receipt).place.slot for receipt in three} == {NEXT_DAY}


async def test_the_preview_shows_what_each_rule_would_grant_and_writes_nothing(town: Town, three):
    before = dict(town.counter.sites.documents), dict(town.counter.store.cases)

    preview = await town.look()

    assert [s.rule for s in preview.splits] == list(RULES)
    shares = {s.rule: [share.granted.get("water", 0) for share in s.shares] for s in preview.splits}
    assert shares == {
        "first_come": [6, 8, 0],
        "equal_share": [5, 5, 4],
        "by_members": [2, 8, 4],
        "flagged_first": [2, 0, 12],
    }
    assert (dict(town.counter.sites.documents), dict(town.counter.store.cases)) == before


async def test_each_household_is_held_its_share_and_no_more(town: Town, three):
    shown = await town.decide("by_members")

    assert town.states(*three) == ["held"] * 3
    assert [town.promised(receipt) for receipt in three] == [{"water": 2}, {"water": 8}, {"water": 4}]
    assert [town.booking(receipt).lines for receipt in three] == [{"water": 2}, {"water": 8}, {"water": 4}]
    assert (town.slot().free, town.slot().free_places) == ({"water": 0}, 7)
    assert shown.decided is not None
    assert [share.because for share in shown.decided.shares] == ["by_members"] * 3


async def test_the_decision_is_on_record_with_who_why_and_every_share(town: Town, three):
    seen = await town.look()
    await town.decide("flagged_first")

    decided = (await town.look()).decided

    assert decided is not None
    assert (decided.rule, decided.reason, decided.by, decided.basis) == (
        "flagged_first",
        "水が足りないため",
        "課長",
        seen.basis,
    )
    assert [(s.reference, s.granted, s.missing, s.because) for s in decided.shares] == [
        (three[0].reference, {"water": 2}, {"water": 4}, "flagged_first"),
        (three[1].reference, {}, {"water": 24}, "flagged_first"),
        (three[2].reference, {"water": 12}, {}, "served"),
    ]
    assert (await town.look()).splits == ()


async def test_the_resident_reads_that_it_was_shared_and_staff_reads_the_rule(town: Town, three):
    await town.decide("equal_share")

    [event] = [e for e in town.request(three[0]).history if e.event == "apportioned"]
    assert event.note == "equal_share: equal_share"
    assert "apportioned" in PUBLIC_EVENTS


async def test_a_household_that_gets_nothing_stays_in_the_line_with_its_turn(town: Town, three):
    await town.decide("first_come")
    behind = await town.ask(2)
    await town.open(fill="first_come", places=1, day=2, water=100)
    await town.later(60)

    assert town.booking(three[2]).since < town.booking(behind).since
    assert town.states(*three, behind) == ["held", "held", "held", "waiting"]
    assert town.promised(three[2]) == {"water": 12}


async def test_what_was_not_granted_uses_up_no_quota(town: Town):
    both = await town.ask(1, ("kit", "water"))
    await town.open(water=10)

    await town.decide("first_come")

    assert town.booking(both).lines == {"water": 6}
    assert (town.granted(both, "daily"), town.granted(both, "once")) == (True, False)


async def test_a_household_that_wants_nothing_of_the_slot_is_no_part_of_the_split(town: Town, three):
    other = await town.ask(1, ("kit",))

    shown = await town.decide("first_come")

    assert len(shown.decided.shares) == 3
    assert town.states(other) == ["waiting"]


async def test_the_same_id_again_gives_the_same_decision(town: Town, three):
    seen = await town.look()
    first = await town.decide("by_members", basis=seen.basis)
    again = await town.decide("by_members", basis=seen.basis)

    assert again.decided == first.decided
    assert town.slot().free == {"water": 0}


async def test_another_decision_on_a_decided_slot_is_refused_and_says_who_decided(town: Town, three):
    await town.decide("by_members")

    with pytest.raises(AlreadyDecided) as refused:
        await town.decide("first_come", id_="split-00002")
    with pytest.raises(InvalidSubmission):
        await town.decide("first_come")

    assert refused.value.by == "課長"


async def test_two_officers_at_once_decide_once(town: Town, three):
    seen = await town.look()

    answers_ = await asyncio.gather(
        town.decide("by_members", basis=seen.basis, id_="split-00001"),
        town.decide("first_come", basis=seen.basis, id_="split-00002"),
        return_exceptions=True,
    )

    assert sorted(type(answer).__name__ for answer in answers_) == ["AlreadyDecided", "Preview"]
    assert sum(sum(town.promised(receipt).values()) for receipt in three) == 14


async def test_who_decides_on_a_line_that_changed_since_is_asked_to_look_again(town: Town, three):
    seen = await town.look()
    await town.ask(1)

    with pytest.raises(LookAgain):
        await town.decide("by_members", basis=seen.basis)

    assert town.states(*three) == ["waiting"] * 3
    assert (await town.look()).decided is None


async def test_who_decides_on_a_stock_that_changed_since_is_asked_to_look_again(town: Town, three):
    seen = await town.look()
    await town.counter.keeping.allot("school", SPLIT, AllotFields(id="more-00001", lines={"water": 1}), OFFICER)

    with pytest.raises(LookAgain):
        await town.decide("by_members", basis=seen.basis)


async def test_more_households_than_places_are_refused_before_anything_is_written(town: Town):
    receipts = [await town.ask(1) for _ in range(3)]
    await town.open(places=2, water=9)

    with pytest.raises(InvalidSubmission) as refused:
        await town.decide("equal_share")

    assert [(e.pointer, e.code, e.limits) for e in refused.value.errors] == [
        ("/rule", "more_than_places", {"served": 3, "limit": 2})
    ]
    assert (await town.look()).decided is None
    await town.decide("first_come")
    assert town.states(*receipts) == ["held", "held", "waiting"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"id": "short"}, ("/id", "operation_id")),
        ({"reason": "  "}, ("/reason", "required")),
        ({"reason": "x" * 501}, ("/reason", "max_length")),
    ],
)
async def test_what_is_wrong_with_a_decision_is_told_by_field(town: Town, three, changes, error):
    fields = {"id": "split-00001", "rule": "first_come", "reason": "足りない", "basis": (await town.look()).basis}

    with pytest.raises(InvalidSubmission) as refused:
        await town.counter.splits.decide("school", SPLIT, SplitFields(**{**fields, **changes}), SUPERVISOR)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [error]


async def test_a_slot_that_is_first_come_closed_or_begun_is_not_split(town: Town, three):
    await town.open(fill="first_come", day=2, places=1, water=1)
    with pytest.raises(NotForSplit):
        await town.decide("first_come", at=NEXT_DAY)

    town.counter.clock.now = town.slot().starts
    with pytest.raises(SlotClosed):
        await town.decide("first_come")
    town.counter.clock.now = NOW
    await town.counter.keeping.close_slot("school", SPLIT, SUPERVISOR)
    with pytest.raises(SlotClosed):
        await town.decide("first_come")


async def test_a_site_or_slot_that_is_not_there_is_said_so(town: Town):
    with pytest.raises(UnknownSite):
        await town.counter.splits.preview("../nowhere", SPLIT)
    with pytest.raises(UnknownSlot):
        await town.look("pickup/../20261124")


async def decide_but_do_not_follow(town: Town, rule: Rule) -> None:
    """Let the request store be away for those who follow, once the line was read."""
    basis = (await town.look()).basis
    line = await town.counter.bookings.waiting("pickup", 501)

    async def last_answer(method: str, limit: int) -> list[HouseholdInLine]:
        town.counter.store.away = True
        return line

    town.counter.bookings.waiting = last_answer  # type: ignore[method-assign]
    await town.decide(rule, basis=basis)
    del town.counter.bookings.waiting
    town.counter.store.away = False


async def test_tending_finishes_what_a_failed_follow_left(town: Town, three):
    await decide_but_do_not_follow(town, "by_members")
    assert town.states(*three) == ["waiting"] * 3

    await town.later(60)

    assert [town.promised(receipt) for receipt in three] == [{"water": 2}, {"water": 8}, {"water": 4}]
    assert town.slot().fill == "first_come"


async def test_a_decision_stands_where_those_who_follow_meet_a_store_that_is_away(town: Town, three):
    town.counter.quotas.away = True
    shown = await town.decide("by_members")
    town.counter.quotas.away = False

    assert (shown.decided is not None, shown.slot.is_being_split) == (True, True)
    assert not (await town.decide("by_members", basis="")).slot.is_being_split
    assert town.states(*three) == ["held"] * 3


async def test_an_officer_does_not_wait_for_long_until_all_have_followed(town: Town, three, monkeypatch):
    hangs, loop = asyncio.Event(), asyncio.get_running_loop()

    async def hang(id_: str) -> None:
        hangs.set()
        await asyncio.Event().wait()

    town.counter.quotas.read = hang  # type: ignore[method-assign, assignment]
    deciding = asyncio.create_task(town.decide("by_members"))
    await hangs.wait()
    now = loop.time
    monkeypatch.setattr(loop, "time", lambda: now() + 60)
    shown = await deciding
    del town.counter.quotas.read
    await town.later(60)

    assert (shown.decided is not None, shown.slot.is_being_split) == (True, True)
    assert [town.promised(receipt) for receipt in three] == [{"water": 2}, {"water": 8}, {"water": 4}]


async def test_a_decision_whose_reply_was_lost_is_a_success_the_second_time(town: Town, three):
    town.counter.sites.lose_replies = 1

    shown = await town.decide("by_members")

    assert shown.decided is not None
    assert sum(key.startswith("split.") for _, key in town.counter.sites.documents) == 1
    assert town.states(*three) == ["held"] * 3


async def test_a_slot_whose_decision_is_not_to_be_read_yet_stays_closed_to_others(town: Town, three):
    await decide_but_do_not_follow(town, "by_members")
    town.counter.sites.decision = town.counter.sites.decision_behind  # type: ignore[method-assign]

    with pytest.raises(StoreUnavailable):
        await town.counter.splits.follow("school", SPLIT)

    assert town.slot().is_being_split


async def test_a_household_withdrawn_meanwhile_is_passed_over_and_leaves_its_share_to_the_line(town: Town, three):
    small = await town.ask(1)
    await decide_but_do_not_follow(town, "first_come")
    await town.withdraw(three[0])

    await town.later(60)

    assert town.states(*three, small) == ["ended", "held", "waiting", "held"]
    assert town.promised(three[1]) == {"water": 8}
    assert town.promised(small) == {"water": 6}
    assert town.slot().free == {"water": 0}


async def test_a_household_that_found_a_place_meanwhile_keeps_it_whole(town: Town, three):
    await decide_but_do_not_follow(town, "by_members")
    await town.open(fill="first_come", places=1, day=2, water=6)
    await town.counter.reservations.serve(None, "pickup")

    await town.later(60)

    assert town.booking(three[0]).lines == town.promised(three[0]) == {"water": 6}
    assert [town.promised(receipt) for receipt in three[1:]] == [{"water": 8}, {"water": 4}]


async def test_a_household_just_being_called_elsewhere_is_helped_along_first(town: Town, three):
    await decide_but_do_not_follow(town, "by_members")
    called = town.request(three[0])
    case = town.counter.store.cases[called.reference]
    town.counter.store.cases[called.reference] = case.with_documents((progress.call(called, town.counter.clock()),))

    await town.counter.tending.tend("school", SPLIT)

    assert [town.promised(receipt) for receipt in three] == [{"water": 2}, {"water": 8}, {"water": 4}]


async def test_what_a_split_leaves_is_for_those_who_wait_and_then_for_newcomers(town: Town):
    await town.ask(1)
    await town.open(water=14)
    await town.decide("first_come")

    first_newcomer = await town.ask(1)
    await town.later(60)

    assert town.slot().fill == "first_come"
    assert town.states(first_newcomer) == ["held"]
    await town.later(60)
    assert not town.slot().has_line


async def test_a_split_with_nobody_in_the_line_opens_the_slot(town: Town):
    await town.open(water=14)
    await town.decide("equal_share")
    await town.later(60)

    assert town.states(await town.ask(1)) == ["confirmed"]


async def test_nothing_is_taken_out_of_a_slot_while_its_split_is_followed(town: Town, three):
    await decide_but_do_not_follow(town, "by_members")

    with pytest.raises(InvalidSubmission) as refused:
        await town.counter.keeping.allot(
            "school", SPLIT, AllotFields(id="less-00001", lines={"water": -1}, places=-1), OFFICER
        )

    assert [(e.pointer, e.code) for e in refused.value.errors] == [
        ("/lines/water", "promised"),
        ("/places", "promised"),
    ]


async def test_a_slot_closed_before_its_split_is_followed_leaves_everybody_as_they_were(town: Town, three):
    await decide_but_do_not_follow(town, "by_members")
    await town.counter.keeping.close_slot("school", SPLIT, SUPERVISOR)
    await town.later(60)

    assert town.states(*three) == ["waiting"] * 3
    assert [town.booking(receipt).lines["water"] for receipt in three] == [6, 24, 12]
    assert not any(event.event == "apportioned" for event in town.request(three[0]).history)
    assert (await town.counter.keeping.site("school")).stock.allotted == {"water": 0}


async def test_a_household_of_a_split_slot_that_is_closed_is_due_everything_again(town: Town, three):
    await town.decide("by_members")
    await town.open(fill="first_come", day=2, water=100)
    await town.counter.keeping.close_slot("school", SPLIT, SUPERVISOR)
    await town.later(60)

    assert [town.promised(receipt) for receipt in three] == [{"water": 6}, {"water": 24}, {"water": 12}]
    assert town.booking(three[0]).apportioned is None
    assert [event.event for event in town.request(three[0]).history].count("waiting") == 1


async def test_a_household_that_comes_too_late_for_its_share_is_due_everything_elsewhere(town: Town, three):
    """An instance dies between telling the household of its share and asking for it; then the slot is closed."""
    await decide_but_do_not_follow(town, "by_members")
    tell(town, three[0], {"water": 2})
    await town.open(fill="first_come", day=2, water=100)
    await town.counter.keeping.close_slot("school", SPLIT, SUPERVISOR)
    await town.later(60)

    assert town.promised(three[0]) == {"water": 6}
    assert town.booking(three[0]).apportioned is None


def tell(town: Town, receipt: Receipt, granted: dict[str, int]) -> Request:
    share = Share(reference=receipt.reference, granted=granted, missing={}, because="by_members")
    told = progress.apportioned(
        town.request(receipt), f"school.{SPLIT}", "by_members", share, ("daily",), town.counter.clock()
    )
    cases = town.counter.store.cases
    cases[receipt.reference] = cases[receipt.reference].with_documents((told,))
    return told


async def test_a_share_is_given_once_even_to_a_household_that_is_back_in_the_line(town: Town, three):
    await town.decide("by_members")
    await town.counter.keeping.close_slot("school", SPLIT, SUPERVISOR)
    await town.later(60)
    before = town.request(three[0])
    assert town.states(three[0]) == ["waiting"]

    assert tell(town, three[0], {"water": 2}) == before


async def test_a_household_served_under_another_request_is_shown_to_a_person_and_leaves_its_share(town: Town, three):
    pickup = pickup_of(definition_of(definition(), SECTIONS))
    assert pickup
    await town.counter.grants.grant(town.booking(three[0]), "K7M2-QX9P-D4TB", pickup.supplies.policies[1:], 1)

    await town.decide("by_members")

    assert town.states(*three) == ["already", "held", "held"]
    assert (town.booking(three[0]).lines, town.slot().free) == ({"water": 6}, {"water": 2})


async def test_a_share_that_nobody_confirms_goes_to_those_who_wait(town: Town):
    wish = "school.pickup-20261130-1000"
    first, second = await town.ask(1, ("kit", "water"), slot=wish), await town.ask(1)
    await town.open(water=6)
    await town.decide("first_come")

    await town.later(13 * 3600)

    assert town.states(first, second) == ["expired", "held"]
    due_again = town.booking(first)
    assert (due_again.lines, due_again.policies) == ({"kit": 1, "water": 6}, ("daily", "once"))
    assert (due_again.wish, due_again.apportioned) == (wish, None)


async def test_a_confirmed_share_is_kept_and_handed_over_as_it_was_granted(town: Town, three):
    await town.decide("by_members")
    await town.counter.reservations.confirm(town.request(three[1]))
    await town.counter.reservations.choose(town.request(three[1]), f"school.{SPLIT}")

    appointment = await town.counter.offers.appointment(town.request(three[1]))

    assert town.states(three[1]) == ["confirmed"]
    assert appointment is not None
    assert {line.item: line.units for line in appointment.lines} == {"water": 8}


async def test_one_split_looks_at_500_households_and_says_that_more_wait(town: Town):
    await town.open(places=500, water=700)
    waiting = [
        HouseholdInLine(
            reference=f"K7M2-QX9P-{n:04}", since=NOW, members=2, flagged=n % 3, lines={"water": 12, "kit": 1}
        )
        for n in range(501)
    ]

    async def line(method: str, limit: int) -> list[HouseholdInLine]:
        return waiting[:limit]

    town.counter.bookings.waiting = line  # type: ignore[method-assign]

    preview = await town.look()

    assert (len(preview.line.wants), preview.line.more) == (500, True)
    await town.decide("equal_share")
    decision = town.counter.sites.documents["school", f"split.{SPLIT}"]
    assert isinstance(decision, Decision)
    assert len(msgspec.json.encode(decision)) < 100_000


async def test_however_often_and_wherever_it_fails_everybody_gets_one_share(town: Town, three):
    """Let each operation of a decision fail in each way, by an instance that lives or dies, and let another look."""
    points = await operations_of_a_decision()
    assert points > 40

    for trouble in TROUBLES:
        for point in range(points):
            await fail_at(point, trouble, again=point % 2 == 0)


async def operations_of_a_decision() -> int:
    own, conditions = await unreliable()
    conditions.plan = [None] * 10_000
    await own.decide("by_members", basis=(await own.look()).basis)
    return 10_000 - len(conditions.plan)


async def unreliable() -> tuple[Town, Conditions]:
    """Return a town in which three wait for a slot to be split, with ports that may fail."""
    own, conditions = Town(), Conditions()
    await own.begin()
    for members in (1, 4, 2):
        await own.ask(members)
    await own.open(water=14)
    for port in ("store", "bookings", "sites", "quotas", "queues"):
        setattr(own.counter, port, Unreliable(getattr(own.counter, port), conditions))
    own.counter.new_instance()
    return own, conditions


async def fail_at(point: int, trouble: Trouble, *, again: bool) -> None:
    own, conditions = await unreliable()
    basis = (await own.look()).basis
    conditions.plan = [*([None] * point), trouble]
    try:
        await own.decide("by_members", basis=basis)
    except (Crash, StoreUnavailable, WriteConflict, UnknownSlot):
        await end_what_runs()
    conditions.plan = []
    own.counter.new_instance()

    if again or (await own.look()).decided is None:
        await own.decide("by_members", basis=basis)
    await own.later(60)

    promised = sorted(sum(units for units in entry.units) for entry in own.slot().entries.values())
    assert promised == [2, 4, 8], (point, trouble)
    assert (own.slot().free, own.slot().free_places, own.slot().fill) == ({"water": 0}, 7, "first_come")
    requests = [case.request for case in own.counter.store.cases.values()]
    assert [booking_of(r).state for r in requests if booking_of(r)] == ["held"] * 3
    assert [[e.event for e in r.history].count("apportioned") for r in requests] == [1] * 3


async def end_what_runs() -> None:
    """End what an instance that died had begun beside."""
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
