"""A household that was served before the folding changed is not served again, and loses nothing by the change.

`before_folding_2.json` is what commit 2f2b285, the last one of folding 1, wrote: a `Town` of test_reservations with two
slots of ten places, in which HIDDEN, HIDDEN_COLLECTED and the households 3 and 4 asked for kit and water one after the
other, and the second and the fourth were handed theirs; each document as `stores.cosmos.plain` makes it.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.case.receipts import access_code_for, reference_for
from services.case.request import Case, Contact, Request
from services.case.task import Task
from services.errors import StoreUnavailable
from services.intake.identities import identify
from services.intake.submissions import QUEUE, message_for, sealed
from services.pickup.booking.state import Booking, Correction
from services.pickup.counter import correction_rules
from services.pickup.counter.correcting import Amendment
from services.pickup.entitlement.quotas import Grant, Quota, quota_id
from services.pickup.entitlement.section import Pickup, household_of
from services.pickup.households.households import FOLDING, Household, blocks_of, key_of
from services.pickup.households.refolding import SLICE, Refolded
from services.pickup.part import booked, with_booking
from stores.case import document_of
from tests.counter import HANAKO, SECRETS, submission
from tests.pickup import PICKUP_DEFINITION, answers
from tests.services.pickup.correcting_desk import Desk
from tests.trouble import TROUBLES, Crash, Trouble
from wiring import PARTS

BEFORE: dict[str, Any] = json.loads((Path(__file__).parent / "before_folding_2.json").read_text("utf-8"))
HIDDEN = {"name": "見本\u2060 1郎", "kana": "ミホン\u3164 アアアイ", "address": "見本市中央一丁目\u115f2番"}
HIDDEN_COLLECTED = {"kana": "ミホン アア\uffa0アウ", "address": "見本市中央一\u200b丁目3番"}
BOTH = ["kit", "water"]


class Past(Desk):
    """Hold a town whose documents are those of before."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 100
        documents = [document_of(item, PARTS) for item in BEFORE["requests"]]
        for request in (d for d in documents if isinstance(d, Request)):
            tasks = {d.id: d for d in documents if isinstance(d, Task) and d.reference == request.reference}
            self.keep(msgspec.structs.replace(request, etag="e0"), tasks)
        for quota in msgspec.convert(BEFORE["quotas"], list[Quota]):
            self.counter.quotas.quotas[quota.id] = msgspec.structs.replace(quota, etag="e0")

    def keep(self, request: Request, tasks: dict[str, Task] | None = None) -> None:
        self.counter.store.cases[request.reference] = Case(request, tasks or {})

    def of_before(self, name: str) -> Request:
        return self.counter.store.cases[BEFORE["references"][name]].request

    def booking_of(self, name: str) -> Booking:
        return booked(self.of_before(name))

    async def refold(self, *, dry_run: bool = False) -> Refolded:
        return await self.counter.refolding.run(dry_run=dry_run)

    async def state_of(self, number: int, **changes: Any) -> str:
        return self.booking(await self.ask(number, items=BOTH, **changes)).state

    async def state_of_waiting(self, number: int, **changes: Any) -> str:
        """Take in a request that waited in the queue: today's door refuses hidden characters, a receipt does not."""
        self.asked += 1
        key = f"key-of-the-resident-{self.asked:04}"
        sent = submission(
            service="kits",
            answers=answers(number, items=BOTH, **changes),
            contact=Contact(phone=f"090-0000-{number:04}"),
        )
        message = message_for(sent, identify(SECRETS, sent, key), received_at=self.counter.clock.now, traceparent=None)
        await self.counter.queues.send(QUEUE, sealed(message, SECRETS.reference))
        await self.counter.run_workers()
        return booked(self.counter.store.cases[reference_for(SECRETS, "web", key)].request).state

    def granted(self, household: str) -> dict[str, dict[str, Grant]]:
        """Return the grants of a household by policy."""
        ids = {policy: quota_id(household, policy, SECRETS.reference) for policy in ("once", "daily")}
        known = self.counter.quotas.quotas
        return {policy: known[id_].grants for policy, id_ in ids.items() if id_ in known and known[id_].grants}

    def documents(self) -> tuple[dict[str, Case], dict[str, Quota]]:
        return dict(self.counter.store.cases), dict(self.counter.quotas.quotas)


@pytest.fixture
async def past() -> Past:
    past = Past()
    await past.open(5, 5)
    return past


@pytest.mark.parametrize(("number", "answered"), [(1, HIDDEN), (2, HIDDEN_COLLECTED)])
async def test_the_same_text_is_known_again_under_the_key_it_had(past: Past, number: int, answered: dict[str, str]):
    assert await past.state_of_waiting(number, **answered) == "already"


@pytest.mark.parametrize("number", [3, 4])
async def test_an_ordinary_household_is_known_again_without_any_refolding(past: Past, number: int):
    assert await past.state_of(number) == "already"


@pytest.mark.parametrize("number", [1, 2])
async def test_the_name_that_one_sees_is_known_again_once_it_was_refolded(past: Past, number: int):
    await past.refold()

    assert await past.state_of(number) == "already"


async def test_until_it_was_refolded_a_person_is_asked_where_anything_else_is_shared(past: Past):
    receipt = await past.ask(1, items=BOTH)

    assert "possible_duplicate" in [task.reason for task in past.counter.case(receipt).tasks.values()]


async def test_key_blocks_and_grants_are_those_of_the_name_that_one_sees(past: Past):
    before = {name: past.granted(past.booking_of(name).household) for name in ("hidden", "hidden_collected")}

    report = await past.refold()

    assert (report.looked_at, report.rewritten, report.rekeyed, report.left, report.next) == (4, 4, 2, 0, None)
    for name, grants in before.items():
        booking, household = past.booking_of(name), _household(past.of_before(name))
        assert (booking.folding, booking.household) == (FOLDING, key_of(household, SECRETS.reference))
        assert booking.blocks == blocks_of(household)
        assert grants
        assert past.granted(booking.household) == grants
        assert not any(past.granted(former) for former in booking.formerly)
        assert [e.event for e in past.of_before(name).history].count("refolded") == 1
    assert "refolded" not in [event.event for event in past.of_before("ordinary").history]


async def test_refolding_twice_changes_nothing(past: Past):
    await past.refold()
    before = past.documents()

    again = await past.refold()

    assert (again.looked_at, again.rewritten) == (0, 0)
    assert past.documents() == before


async def test_a_dry_run_tells_the_same_and_changes_nothing(past: Past):
    before = past.documents()

    told = await past.refold(dry_run=True)
    assert past.documents() == before

    done = await past.refold()
    assert (told.looked_at, told.rewritten, told.rekeyed) == (done.looked_at, done.rewritten, done.rekeyed)


async def test_slices_follow_one_another_until_there_is_none(past: Past):
    ordinary = past.of_before("ordinary")
    for number in range(SLICE):
        reference = f"ZZZZ-ZZZZ-{number:04}"
        past.keep(msgspec.structs.replace(ordinary, id=reference, reference=reference, etag="e0"))

    first = await past.counter.refolding.run(dry_run=True)
    second = await past.counter.refolding.run(first.next or "", dry_run=True)

    assert (first.looked_at, second.looked_at, second.next) == (SLICE, 4, None)


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_breaks_in_between_is_mended_by_running_again(trouble: Trouble):
    whole = Past()
    await whole.refold()
    for operation in range(100):
        past = Past()
        past.with_conditions()
        past.break_at(operation, trouble)
        broke = await _attempt(past)
        reached = not past.conditions.plan
        past.conditions.plan = []
        _holds_its_grants(past)
        if broke:
            await past.refold()
        assert (await past.refold()).looked_at == 0
        assert _plain(past) == _plain(whole)
        if not reached:
            return
    raise AssertionError("it never ran through")


async def _attempt(past: Past) -> bool:
    try:
        report = await past.refold()
    except (Crash, StoreUnavailable):
        return True
    return report.left > 0


def _holds_its_grants(past: Past) -> None:
    """Check that a household has its grants under the key of its booking, at every moment."""
    for name in ("hidden", "hidden_collected"):
        granted = past.granted(past.booking_of(name).household)
        assert {policy: set(grants) for policy, grants in granted.items()} == {
            policy: {past.of_before(name).reference} for policy in ("once", "daily")
        }


def _plain(past: Past) -> tuple[Any, Any]:
    """Return what stands in the stores, without ETags and quotas of nobody."""
    cases, quotas = past.documents()
    bookings = {reference: booked(case.request) for reference, case in cases.items()}
    return bookings, {id_: quota.grants for id_, quota in quotas.items() if quota.grants}


def _asking(request: Request) -> Request:
    booking = booked(request)
    return with_booking(request, msgspec.structs.replace(booking, asks=booking.place))


def _being_corrected(request: Request) -> Request:
    pending = Correction(id="correct-0001", at=request.received_at, by="花子", reason="r", answers={"members": 3})
    return correction_rules.asked(request, pending)


@pytest.mark.parametrize("on_its_way", [_asking, _being_corrected])
async def test_a_request_on_its_way_is_left_for_another_run(past: Past, on_its_way: Any):
    resting = past.of_before("hidden")
    past.keep(on_its_way(resting))
    before = past.of_before("hidden")

    first = await past.refold()
    assert (first.rewritten, first.left, past.of_before("hidden")) == (3, 1, before)

    past.keep(resting)
    second = await past.refold()
    assert (second.looked_at, second.rekeyed, second.left) == (1, 1, 0)


async def test_a_request_of_before_that_waits_is_not_served_beside_the_name_that_one_sees(past: Past):
    waits = msgspec.structs.replace(past.booking_of("hidden"), state="waiting", place=None)
    past.keep(msgspec.structs.replace(with_booking(past.of_before("hidden"), waits), pending={}))
    for policy in ("once", "daily"):
        past.counter.quotas.quotas.pop(quota_id(waits.household, policy, SECRETS.reference))
    assert await past.state_of(1) == "confirmed"

    await past.counter.reservations.serve(None, "pickup")

    assert past.booking_of("hidden").state == "already"


async def test_a_grant_that_is_kept_while_its_request_is_refolded_is_kept(past: Past):
    household = past.booking_of("hidden_collected").household
    for policy in ("once", "daily"):
        id_ = quota_id(household, policy, SECRETS.reference)
        quota = past.counter.quotas.quotas[id_]
        held = {key: msgspec.structs.replace(one, state="held") for key, one in quota.grants.items()}
        past.counter.quotas.quotas[id_] = msgspec.structs.replace(quota, grants=held)

    await past.refold()

    granted = past.granted(past.booking_of("hidden_collected").household)
    assert [one.state for grants in granted.values() for one in grants.values()] == ["kept", "kept"]


async def test_who_withdraws_after_the_refolding_may_ask_again_under_either_name(past: Past):
    await past.refold()
    request = past.of_before("hidden")
    code = access_code_for(SECRETS, request.reference, version=request.access_version, epoch=request.access_epoch)
    await past.counter.requests.withdraw(request.reference, code)
    await past.counter.advance.advance(request.reference)

    assert await past.state_of_waiting(1, **HIDDEN) == "confirmed"
    assert await past.state_of(1) == "already"


async def test_a_grant_that_was_left_behind_under_a_former_key_is_void(past: Past):
    ended = msgspec.structs.replace(past.booking_of("hidden"), state="ended", place=None)
    past.keep(msgspec.structs.replace(with_booking(past.of_before("hidden"), ended), status="withdrawn"))

    assert await past.state_of_waiting(1, **HIDDEN) == "confirmed"


async def test_a_correction_of_a_request_of_before_folds_it_anew(past: Past):
    old = past.booking_of("hidden")
    amendment = Amendment(id="correct-0001", answers={"members": 3}, reason="本人が窓口で申し出た")

    await past.counter.correcting.correct(past.of_before("hidden").reference, amendment, HANAKO)

    assert (past.booking_of("hidden").folding, past.granted(old.household)) == (FOLDING, {})
    assert await past.state_of(1) == "already"
    assert await past.state_of_waiting(1, **HIDDEN) == "already"


def _household(request: Request) -> Household:
    pickup = msgspec.convert(PICKUP_DEFINITION["pickup"], Pickup)
    return household_of(pickup, request.answers, request.contact.phone)
