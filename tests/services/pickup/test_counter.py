"""Handing over at the counter; tests/stores/pickup/test_counter.py holds who is first where two hand over."""

from typing import Any

import msgspec
import pytest

from services import times
from services.case.audit import SPAN
from services.case.request import Case, Contact, Request, Submission
from services.case.task import Staff
from services.errors import FieldError, InvalidSubmission, UnknownRequest
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import Card, HandOver
from services.pickup.errors import NothingDue
from services.pickup.households.searching import Wanted
from tests.counter import current
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from tests.pickup_counter import PickupCounter
from tests.served import app_over
from wiring.pickup import pickup

STAFF = Staff("u-counter", "窓口 係", frozenset({"Team.supplies"}))
OTHER = Staff("u-other", "別の 係", frozenset({"Team.supplies"}))
WITH_DELIVERY = {
    **PICKUP_DEFINITION,
    "form": {
        **PICKUP_DEFINITION["form"],
        "properties": {
            **PICKUP_DEFINITION["form"]["properties"],
            "receive": {"enum": ["pickup", "delivery"], "x-text": {"label": {"ja": "受け取りかた"}}},
            "born": {"type": "string", "maxLength": 10, "x-text": {"label": {"ja": "生年月日"}}},
        },
    },
    "pickup": {
        **PICKUP_DEFINITION["pickup"],
        "answers": {**PICKUP_DEFINITION["pickup"]["answers"], "method": "/receive", "birthDate": "/born"},
        "routes": {"pickup": "prepare", "delivery": "prepare"},
    },
}


def hand(id_: str = "hand-over-0001", **changes: Any) -> HandOver:
    return HandOver(**{"id": id_, "receiver": "household", **changes})


class Site:
    """Hold an app with one open site, and residents who ask there."""

    def __init__(self, counter: PickupCounter) -> None:
        self.app = app_over(counter)
        self.clock = counter.clock
        self.sites = counter.sites
        self._audit = counter.audit

    async def ask(self, number: int = 0, **changes: Any) -> str:
        sent = Submission(
            service="kits", answers=answers(number, **changes), contact=Contact(phone=f"090-0000-{number:04}")
        )
        receipt, _ = await self.app.requests.submit(sent, f"key-of-the-resident-{number:05}", None)
        await self.app.advance.advance(receipt.reference)
        return receipt.reference

    async def hand_over(self, reference: str, handed: HandOver, staff: Staff = STAFF) -> Card:
        return await pickup(self.app).counter.hand_over(reference, handed, staff)

    async def case(self, reference: str) -> Case:
        case = await self.app.requests._store.load(reference)
        assert case is not None
        return case

    async def on_hand(self) -> dict[str, int]:
        return (await pickup(self.app).keeping.site("school")).stock.on_hand

    def audit(self, reference: str) -> list[dict[str, Any]]:
        of_reference = [record for record in self._audit.records.values() if record.subject == reference]
        return msgspec.to_builtins(sorted(of_reference, key=lambda record: record.at))


@pytest.fixture
async def school() -> Site:
    """Return a site with 5 kits and 60 bottles in one slot for pickup, and a kit in one for delivery."""
    counter = PickupCounter(current(**WITH_DELIVERY))
    await counter.keeping.put_site("school", site(), OFFICER)
    await counter.keeping.move("school", stock(kit=6, water=60), OFFICER)
    await counter.keeping.open_slot("school", slot(places=5, kit=5, water=60), OFFICER)
    delivery = msgspec.structs.replace(slot(places=1, kit=1), method="delivery")
    await counter.keeping.open_slot("school", delivery, OFFICER)
    return Site(counter)


@pytest.mark.parametrize("spell", [str, str.lower, lambda r: f"MADOGUCHI:{r.replace('-', '')}", lambda r: f" {r} "])
async def test_a_card_tells_what_is_due_where_however_the_reference_is_written(school: Site, spell):
    reference = await school.ask(items=["kit", "water"])

    card = await pickup(school.app).counter.card(spell(reference), STAFF)

    assert card.request.reference == reference
    assert card.due == {"kit": 1, "water": 12}
    assert card.site.name["ja"] == "見本第一小学校"
    assert card.handed_over is None


async def test_a_hand_over_reads_its_slot_and_its_site_once_each(school: Site):
    reference = await school.ask()
    school.sites.calls.clear()

    await school.hand_over(reference, hand())

    assert school.sites.calls == ["slot", "turn", "site"]


async def test_a_correction_asks_no_more_of_its_site_than_it_needs(school: Site):
    reference = await school.ask()
    correction = Amendment(id="correction-0001", answers={"name": "見本 直子"}, reason="書き損じ")
    school.sites.calls.clear()

    await pickup(school.app).correcting.correct(reference, correction, STAFF)

    assert school.sites.calls == ["move", "slot", "slot", "move", "site"]


async def test_a_look_is_on_record_once_if_it_is_repeated_at_once_and_each_time_later_on(school: Site):
    reference = await school.ask()

    for pause in (0, 1, SPAN, SPAN):
        school.clock.pass_(pause)
        await pickup(school.app).counter.card(reference, STAFF)

    assert [(r["who"], r["action"]) for r in school.audit(reference)] == [("u-counter", "viewed_at_counter")] * 3


async def test_a_look_at_what_a_colleague_looks_at_is_on_record_too(school: Site):
    reference = await school.ask()

    for staff in (STAFF, OTHER):
        await pickup(school.app).counter.card(reference, staff)

    assert {r["who"] for r in school.audit(reference)} == {"u-counter", "u-other"}


async def test_a_hand_over_is_on_record_with_its_id_and_again_where_it_is_sent_again_hours_later(school: Site):
    reference = await school.ask()

    for pause in (0, 1, 3 * 3600):
        school.clock.pass_(pause)
        await school.hand_over(reference, hand())

    seen = [(r["action"], r["operation"]) for r in school.audit(reference)]
    assert seen == [("handed_over", "hand-over-0001")] * 2
    assert await school.on_hand() == {"kit": 5, "water": 60}


async def test_every_reason_given_is_on_record(school: Site):
    reference = await school.ask(7)

    for reason in ("控えをなくした", "控えをなくした", "家族の代わりに来た"):
        await pickup(school.app).searching.search(Wanted(kana="ミホン アアアク"), reason, STAFF)

    assert {r["reason"] for r in school.audit(reference)} == {"控えをなくした", "家族の代わりに来た"}


async def test_an_unknown_reference_is_refused_as_such(school: Site):
    for reference in ("K7M2-QX9P-D4TB", "https://example.com/", "MADOGUCHI:"):
        with pytest.raises(UnknownRequest):
            await pickup(school.app).counter.card(reference, STAFF)


async def test_a_hand_over_takes_stock_and_finishes_the_task_and_the_request(school: Site):
    reference = await school.ask()

    card = await school.hand_over(reference, hand())

    case = await school.case(reference)
    assert (card.due, card.handed_over.by, card.booking.state) == ({}, "窓口 係", "collected")
    assert await school.on_hand() == {"kit": 5, "water": 60}
    assert [t.status for t in case.tasks.values()] == ["completed"]
    assert case.request.status == "completed"


async def test_the_same_hand_over_sent_again_changes_nothing(school: Site):
    reference = await school.ask()
    first = await school.hand_over(reference, hand(proxy_name="例示 春子", receiver="proxy"))
    before = await school.case(reference)

    again = await school.hand_over(reference, hand(proxy_name="例示 春子", receiver="proxy"))

    assert again == first
    assert await school.case(reference) == before
    assert await school.on_hand() == {"kit": 5, "water": 60}


async def test_fewer_units_leave_the_rest_to_others(school: Site):
    reference = await school.ask(items=["kit", "water"])

    card = await school.hand_over(reference, hand(lines={"kit": 1, "water": 4}))

    whole = await pickup(school.app).keeping.site("school")
    assert card.handed_over.lines == {"kit": -1, "water": -4}
    assert whole.stock.on_hand == {"kit": 5, "water": 56}
    assert whole.slots["pickup-20261124-1000"].free == {"kit": 4, "water": 56}


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ({"kit": 2}, FieldError("/lines/kit", "maximum", {"limit": 1})),
        ({"kit": -1}, FieldError("/lines/kit", "minimum", {"limit": 0})),
        ({"kit": 1, "gold": 1}, FieldError("/lines/gold", "not_due")),
        ({"kit": 0}, FieldError("/lines", "minimum", {"limit": 1})),
        ({}, FieldError("/lines", "minimum", {"limit": 1})),
    ],
)
async def test_never_more_is_handed_over_than_is_due_and_never_nothing(school: Site, lines: dict, error: FieldError):
    reference = await school.ask()

    with pytest.raises(InvalidSubmission) as refused:
        await school.hand_over(reference, hand(lines=lines))

    assert error in refused.value.errors
    assert await school.on_hand() == {"kit": 6, "water": 60}


async def test_the_name_of_a_proxy_stands_in_the_history_of_the_request_alone(school: Site):
    reference = await school.ask()

    card = await school.hand_over(reference, hand(receiver="proxy", proxy_name="例示 春子"))

    notes = [e.note for e in (await school.case(reference)).request.history if e.event == "received_by_proxy"]
    assert notes == ["例示 春子"]
    assert card.handed_over.receiver == "proxy"
    moves = await pickup(school.app).keeping.moves("school")
    assert "例示" not in msgspec.json.encode(moves).decode() + str(school.audit(reference))


@pytest.mark.parametrize(("earlier", "counts"), [(3600, True), (48 * 3600, False), (-60, False)])
async def test_a_hand_over_made_offline_keeps_its_own_time_unless_that_is_absurd(
    school: Site, earlier: float, counts: bool
):
    reference = await school.ask()
    at = times.later(school.clock.now, -earlier)

    card = await school.hand_over(reference, hand(at=at))

    assert card.handed_over.at == (at if counts else school.clock.now)


async def test_without_a_place_nothing_is_handed_over_and_the_state_is_told(school: Site):
    reference = await school.ask()
    access = await receipt_code(school, 0)
    await school.app.requests.withdraw(reference, access)
    await school.app.advance.advance(reference)

    with pytest.raises(NothingDue, match="ended"):
        await school.hand_over(reference, hand())

    assert await school.on_hand() == {"kit": 6, "water": 60}


async def receipt_code(school: Site, number: int) -> str:
    sent = Submission(service="kits", answers=answers(number), contact=Contact(phone=f"090-0000-{number:04}"))
    receipt, _ = await school.app.requests.submit(sent, f"key-of-the-resident-{number:05}", None)
    return receipt.access_code


async def test_a_delivery_is_handed_over_by_the_same_call(school: Site):
    reference = await school.ask(receive="delivery")

    card = await school.hand_over(reference, hand())

    case = await school.case(reference)
    assert card.booking.place.slot.startswith("delivery-")
    assert (case.request.status, [t.status for t in case.tasks.values()]) == ("completed", ["completed"])
    assert await school.on_hand() == {"kit": 5, "water": 60}


async def test_a_resident_without_a_code_is_found_by_name_and_address_and_the_look_is_on_record(school: Site):
    reference = await school.ask(7)
    await school.ask(8)

    results = await pickup(school.app).searching.search(Wanted(kana="みほん アアアク"), "番号の控えをなくした", STAFF)

    assert [one.request.reference for one in results.found] == [reference]
    [record] = school.audit(reference)
    assert (record["who"], record["action"], record["reason"]) == (
        "u-counter",
        "found_at_counter",
        "番号の控えをなくした",
    )


async def test_the_likeliest_comes_first(school: Site):
    far = await school.ask(1, kana="ミホン サクラ", address="見本市東町9番地")
    near = await school.ask(2, kana="ミホン サクラ", address="見本市西町3番地", born="1950-01-01")

    by_address = await pickup(school.app).searching.search(
        Wanted(kana="ミホン サクラ", address="見本市西町3"), "r", STAFF
    )
    by_birth = await pickup(school.app).searching.search(
        Wanted(kana="ミホン サクラ", birth_date="1950-01-01"), "r", STAFF
    )

    assert [one.request.reference for one in by_address.found] == [near, far]
    assert [(one.request.reference, one.is_born_then) for one in by_birth.found] == [(near, True), (far, False)]


async def test_a_walk_in_gets_a_request_and_its_card_and_the_same_id_the_same_request(school: Site):
    sent = Submission(service="kits", answers=answers(3), contact=Contact(name="見本 三郎"))

    cards = [await pickup(school.app).walk_ins.take_in(sent, "walk-in-0000000000000001", STAFF, None) for _ in range(2)]

    assert cards[0] == cards[1]
    assert cards[0].due == {"kit": 1}
    assert (await request_of(school, cards[0])).channel == "counter"


async def request_of(school: Site, card: Card) -> Request:
    return (await school.case(card.request.reference)).request


async def test_a_corrected_household_gets_other_units_in_its_place_and_is_handed_those(school: Site):
    reference = await school.ask(items=["kit", "water"])
    amendment = Amendment(id="correct-0001", answers={"members": 4}, reason="赤ちゃんを数えていなかった")

    corrected = [await pickup(school.app).correcting.correct(reference, amendment, STAFF) for _ in range(2)]
    await school.hand_over(reference, hand())

    assert corrected[0] == corrected[1]
    assert corrected[0].card.due == {"kit": 1, "water": 24}
    whole = await pickup(school.app).keeping.site("school")
    assert whole.slots["pickup-20261124-1000"].free == {"kit": 4, "water": 36}
    assert whole.stock.on_hand == {"kit": 5, "water": 36}


async def test_more_units_than_are_free_leave_a_place_as_it_is(school: Site):
    reference = await school.ask(items=["water"])

    amendment = Amendment(id="correct-0001", answers={"members": 11}, reason="親族が来た")
    corrected = await pickup(school.app).correcting.correct(reference, amendment, STAFF)

    assert (corrected.card.due, corrected.keeps_units) == ({"water": 12}, True)


async def test_a_household_served_before_is_served_again_only_for_a_reason(school: Site):
    first = await school.ask(1)
    await school.hand_over(first, hand())
    again = await school.ask(2, **answers(1))
    with pytest.raises(NothingDue, match="already"):
        await school.hand_over(again, hand("hand-over-0002"))

    cards = [await pickup(school.app).judging.override(again, "火事で失った", OFFICER) for _ in range(2)]
    await school.hand_over(again, hand("hand-over-0002"))

    assert [card.due for card in cards] == [{"kit": 1}] * 2
    assert "火事で失った" in [record.get("reason") for record in school.audit(again)]
    assert await school.on_hand() == {"kit": 4, "water": 60}


async def test_only_what_was_refused_as_served_already_can_be_served_again(school: Site):
    reference = await school.ask()

    with pytest.raises(NothingDue, match="confirmed"):
        await pickup(school.app).judging.override(reference, "間違い", OFFICER)
