"""No document of supplies grows without end either; tests/services/case/test_sizes.py has those of the platform."""

import itertools
from collections.abc import Callable

import msgspec
import pytest

from services.case.bounds import bounded
from services.case.request import MOST_OPEN_TASKS, Request
from services.errors import InvalidSubmission
from services.pickup.booking import choosing, progress, transitions
from services.pickup.booking.state import MOST_ASKED, MOST_CHOICES, Apportioned, Booking, Correction, Place
from services.pickup.counter import correction_rules
from services.pickup.counter.correction_rules import LARGEST_CORRECTION, MOST_CORRECTIONS
from services.pickup.entitlement import quotas
from services.pickup.entitlement.quotas import Quota
from services.pickup.entitlement.supplies import MOST_UNITS, Item, Policy
from services.pickup.errors import TooManyCorrections
from services.pickup.part import NAME, PickupPart, booked
from services.pickup.sharing.split_rules import Decision, Share
from services.pickup.sharing.splits import MOST_IN_A_SPLIT
from services.pickup.slots import turns
from services.pickup.slots.turns import MOST_ENTRIES
from services.pickup.stock import ledger
from services.pickup.stock.fields import LONGEST_TEXT, AllotFields, SiteFields, StockFields
from services.pickup.stock.sites import (
    MOST_ALLOTMENTS,
    MOST_HOUSEHOLDS,
    MOST_ITEMS,
    MOST_ITEMS_OF_SITE,
    Entry,
    Move,
    Site,
    Slot,
    Stock,
    WholeSite,
)
from tests.pickup import NOW, TITLE
from tests.pickup import slot as slot_fields
from tests.services.case.largest import (
    CLERK,
    COSMOS_DB_TAKES,
    LARGEST,
    REFERENCE,
    accepted,
    size,
    with_everything_else,
    withdrawn,
)

LONGEST_REASON = "理" * LONGEST_TEXT
ITEM_IDS = [f"item{'X' * 24}{n:04}" for n in range(MOST_ITEMS_OF_SITE + 1)]
BODY = 48 * 1024
"""Bytes of a body that a function takes (functions/edge/web.py)."""


def largest_request() -> Request:
    """Answer, correct, choose and send other bodies as often as may be, and let everything else happen for ever."""
    request = accepted({NAME: PickupPart(booking=largest_booking())})
    return with_everything_else(with_choices(with_corrections(request)))


def largest_booking() -> Booking:
    lines = dict.fromkeys(ITEM_IDS[:100], MOST_UNITS)
    policies = tuple(f"policy-{'x' * 30}{n:03}" for n in range(100))
    place = Place(site="s" * 40, slot="pickup-20261124-1000", round=1)
    return Booking(
        state="confirmed",
        method="pickup",
        since=NOW,
        members=100,
        lines=lines,
        policies=policies,
        household="0" * 64,
        blocks=("ブ" * 200,) * 10,
        place=place,
        asks=place,
        asked=(place.name,) * MOST_ASKED,
        override=LONGEST_REASON,
        apportioned=Apportioned(slot=place.name, lines=lines, policies=policies),
    )


def with_corrections(request: Request) -> Request:
    for n in range(MOST_CORRECTIONS):
        new = _correction(n)
        asked = correction_rules.asked(request, new)
        booking = booked(asked)
        made = correction_rules.made(
            asked, correction_rules.step_of(new.id), booking, NOW, is_used_up=False, swaps=False
        )
        request = msgspec.structs.replace(made, pending={})
    with pytest.raises(TooManyCorrections):
        correction_rules.asked(request, _correction(MOST_CORRECTIONS))
    return request


def with_choices(request: Request) -> Request:
    for n in range(MOST_CHOICES):
        wished = choosing.wish(msgspec.structs.replace(request, pending={}), f"{'s' * 40}.{n}", NOW)
        request = progress.after(msgspec.structs.replace(wished, pending={}), transitions.KEEP)
    return request


def largest_slot() -> Slot:
    """Fill a slot to the last place and with as many entries as it may hold, and change its allotment for ever."""
    allotted = dict.fromkeys(ITEM_IDS[:MOST_ITEMS], MOST_UNITS)
    [slot, *_] = ledger.opened(_whole(allotted), slot_fields(places=MOST_HOUSEHOLDS, **allotted), CLERK, NOW)
    assert isinstance(slot, Slot)
    slot = with_allotments(slot)
    held = Entry(state="confirmed", units=(MOST_UNITS,) * MOST_ITEMS, until=2_000_000_000)
    alive = {f"{REFERENCE[:-4]}{n:04}.1000": held for n in range(MOST_HOUSEHOLDS)}
    ended = {f"{REFERENCE[:-4]}{n:04}.1001": Entry(state="ended") for n in range(MOST_ENTRIES - MOST_HOUSEHOLDS)}
    return msgspec.structs.replace(slot, entries={**alive, **ended})


def with_allotments(slot: Slot) -> Slot:
    for n in range(MOST_ALLOTMENTS):
        slot = _allotted(slot, n)
    with pytest.raises(InvalidSubmission, match="allotments_of_slot"):
        _allotted(slot, MOST_ALLOTMENTS)
    return slot


def largest_stock() -> Stock:
    """Enter one item after the other, until a site takes no further one."""
    whole = _whole({})
    for item in ITEM_IDS[:MOST_ITEMS_OF_SITE]:
        whole = ledger.with_documents(whole, ledger.entered(whole, _moves_of(item)))
    with pytest.raises(InvalidSubmission, match="items_of_site"):
        ledger.entered(whole, _moves_of(ITEM_IDS[-1]))
    return msgspec.structs.replace(whole.stock, allotted=whole.stock.on_hand)


def largest_site() -> Site:
    """Describe a site as widely as a body of a request can, again and again."""
    whole = _whole({})
    text = {f"l{n:03}": "字" * 500 for n in range(BODY // 1508)}
    for n in range(200):
        fields = SiteFields(name={"ja": f"{n}", **text}, kind="shelter", address="住" * 500, phone="0" * 500)
        [site] = ledger.described(whole, "s" * 40, fields, CLERK, NOW)
        assert isinstance(site, Site)
        whole = WholeSite(site, whole.stock, {})
    return whole.site


def largest_quota() -> Quota:
    """Serve a household for a reason, again and again."""
    quota: Quota | None = None
    policy = Policy(id="once", title=TITLE, limit=10_000)
    for n in itertools.count():
        granted = quotas.grant(quota, "0" * 64, f"{REFERENCE[:-4]}{n:04}", policy, NOW, LONGEST_REASON)
        if granted is None:
            break
        quota = granted
    assert quota
    return quota


def largest_decision() -> Decision:
    units = dict.fromkeys(ITEM_IDS[:MOST_ITEMS], MOST_UNITS)
    share = Share(reference=REFERENCE, granted=units, missing=units, because="flagged_first")
    return Decision(
        id="split.pickup-20261124-1000",
        site_id="s" * 40,
        slot="pickup-20261124-1000",
        operation="0" * 64,
        rule="flagged_first",
        reason=LONGEST_REASON,
        by=CLERK.name,
        by_id=CLERK.id,
        at=NOW,
        basis="0" * 32,
        shares=(share,) * MOST_IN_A_SPLIT,
    )


def largest_move() -> Move:
    """Pack kits whose contents are all that a site may have."""
    kit = Item(id="kit", title=TITLE, unit=TITLE, policy="once", contents=dict.fromkeys(ITEM_IDS, MOST_UNITS))
    fields = StockFields(id="0" * 64, kind="packed", lines={"kit": MOST_UNITS}, reason=LONGEST_REASON)
    return ledger.moves_of("s" * 40, fields, {"kit": kit}, CLERK, NOW)[-1]


KINDS: dict[str, Callable[[], msgspec.Struct]] = {
    "request": largest_request,
    "slot": largest_slot,
    "stock": largest_stock,
    "site": largest_site,
    "quota": largest_quota,
    "decision of a split": largest_decision,
    "move of stock": largest_move,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_document_that_the_rules_allow_stays_below_half_of_what_cosmos_db_takes(
    kind: str, record_property: Callable[[str, object], None]
):
    bytes_ = size(KINDS[kind]())

    record_property("bytes", bytes_)
    assert bytes_ < LARGEST


def test_a_request_and_all_its_open_tasks_are_withdrawn_in_one_batch():
    changes = withdrawn(largest_request())

    assert len(changes) == MOST_OPEN_TASKS + 1
    assert sum(size(bounded(document)) for document in changes) < COSMOS_DB_TAKES


def test_a_slot_takes_a_turn_when_it_holds_as_much_as_it_may():
    slot = largest_slot()
    made = [turns.collect(slot, next(iter(slot.entries))), turns.end(slot, "LATE-LATE-LATE.1")]

    for turn in made:
        assert turn
        after = turns.after(slot, turn)
        assert after
        assert size(after) < LARGEST


def _correction(number: int) -> Correction:
    answers = {f"field{number:02}": "字" * ((LARGEST_CORRECTION - 14) // 3)}
    return Correction(id=f"{number:064}", at=NOW, by=CLERK.name, by_id=CLERK.id, reason=LONGEST_REASON, answers=answers)


def _allotted(slot: Slot, number: int) -> Slot:
    whole = ledger.with_documents(_whole({}), (slot,))
    fields = AllotFields(id=f"{number:064}", places=-1 if number % 2 == 0 else 1)
    [changed] = ledger.reallotted(whole, slot.id, fields, CLERK, NOW)
    assert isinstance(changed, Slot)
    return changed


def _moves_of(item: str) -> tuple[Move, ...]:
    fields = StockFields(id=f"{item:0>64}", lines={item: 10 * MOST_UNITS})
    return ledger.moves_of("s" * 40, fields, {}, CLERK, NOW)


def _whole(on_hand: dict[str, int]) -> WholeSite:
    return WholeSite(Site(id="site", site_id="s" * 40, name={}, kind="shelter", address=""), _stock(on_hand), {})


def _stock(on_hand: dict[str, int]) -> Stock:
    return Stock(id="stock", site_id="s" * 40, on_hand=on_hand)
