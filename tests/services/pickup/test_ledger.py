import msgspec
import pytest

from services import times
from services.case.documents import Event
from services.errors import InvalidSubmission
from services.pickup.entitlement.supplies import Item
from services.pickup.errors import NotEnoughStock, SlotClosed, UnknownSlot
from services.pickup.stock import ledger
from services.pickup.stock.fields import AllotFields, SiteFields, StockFields
from services.pickup.stock.numbers import count, state_of
from services.pickup.stock.sites import DECIDED, HISTORY_KEPT, MOST_ITEMS_OF_SITE, Entry, Site, Slot, Stock, WholeSite
from services.pickup.tables import exports
from tests.pickup import NOW, OFFICER, TITLE, slot

KIT = Item(id="kit", title=TITLE, unit=TITLE, policy="once", contents={"water": 6, "towel": 1}, low_at=10)
WATER = Item(id="water", title=TITLE, unit=TITLE, policy="once", per_member=6)
ITEMS = {"kit": KIT, "water": WATER, "towel": msgspec.structs.replace(WATER, id="towel")}
SITE = Site(id="site", site_id="school", name={"ja": "見本"}, kind="shelter", address="見本市1")


def whole(**on_hand: int) -> WholeSite:
    return WholeSite(SITE, Stock(id="stock", site_id="school", on_hand=on_hand), {})


def with_slot(**on_hand: int) -> WholeSite:
    """Return a site with one slot of 10 places and 10 kits; 4 kits and 3 places of it are free."""
    start = whole(**{"kit": 30, **on_hand})
    opened = ledger.with_documents(start, ledger.opened(start, slot(places=10, kit=10), OFFICER, NOW))
    (known,) = opened.slots.values()
    entries = {"A.1": Entry(state="held", units=(2,), until=1), "B.1": Entry(state="confirmed", units=(4,))}
    taken = msgspec.structs.replace(known, free={"kit": 4}, free_places=3, entries=entries)
    return ledger.with_documents(opened, (taken,))


def allot(read: WholeSite, now: str = NOW, **fields: object) -> WholeSite:
    (id_,) = read.slots
    fields = AllotFields(**{"id": "change-0001", **fields})
    return ledger.with_documents(read, ledger.reallotted(read, id_, fields, OFFICER, now))


def only_slot(read: WholeSite) -> Slot:
    (known,) = read.slots.values()
    return known


def pack(read: WholeSite, kits: int) -> ledger.Documents:
    fields = StockFields(id="packing-0001", kind="packed", lines={"kit": kits})
    return ledger.entered(read, ledger.moves_of("school", fields, ITEMS, OFFICER, NOW))


def test_packing_kits_takes_their_contents_out_of_stock():
    stock, kits, contents = pack(whole(water=20, towel=5), 3)

    assert stock.on_hand == {"water": 2, "towel": 2, "kit": 3}
    assert (kits.kind, kits.lines) == ("packed", {"kit": 3})
    assert (contents.kind, contents.lines) == ("packed", {"water": -18, "towel": -3})


def test_kits_are_packed_only_of_what_is_there_and_no_slot_was_promised():
    with pytest.raises(NotEnoughStock) as refused:
        pack(whole(water=17, towel=5), 3)

    assert refused.value.items == ("water",)


def test_a_slot_is_given_more_places_and_units_out_of_stock():
    changed = allot(with_slot(), lines={"kit": 20}, places=5)

    assert (only_slot(changed).allotted, only_slot(changed).free) == ({"kit": 30}, {"kit": 24})
    assert (only_slot(changed).places, only_slot(changed).free_places) == (15, 8)
    assert changed.stock.unallotted("kit") == 0


def test_what_nobody_was_promised_is_taken_back_and_every_change_is_a_move():
    read = with_slot()
    (id_,) = read.slots
    fields = AllotFields(id="change-0001", lines={"kit": -4}, places=-3)

    documents = ledger.reallotted(read, id_, fields, OFFICER, NOW)

    changed = ledger.with_documents(read, documents)
    assert only_slot(changed).free == {"kit": 0}
    assert changed.stock.unallotted("kit") == 24
    assert [(d.kind, d.lines, d.slot) for d in documents if hasattr(d, "kind")] == [("released", {"kit": -4}, id_)]


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"lines": {"kit": -5}}, "/lines/kit", "promised"),
        ({"lines": {"water": 1}}, "/lines/water", "not_in_slot"),
        ({"places": -4}, "/places", "promised"),
        ({"places": 495}, "/places", "places_of_slot"),
    ],
)
def test_what_was_promised_stays_with_the_slot(fields, pointer, code):
    with pytest.raises(InvalidSubmission) as refused:
        allot(with_slot(), **fields)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [(pointer, code)]


def test_no_slot_is_given_more_than_the_site_has():
    with pytest.raises(NotEnoughStock):
        allot(with_slot(), lines={"kit": 21})


def test_the_same_change_of_a_slot_counts_once():
    once = allot(with_slot(), lines={"kit": 5})

    assert allot(once, lines={"kit": 5}) == once


def test_a_slot_that_is_over_or_closed_is_left_as_it_is():
    read = with_slot()
    (id_,) = read.slots
    shut = ledger.with_documents(read, ledger.closed(read, id_, OFFICER, NOW))

    with pytest.raises(SlotClosed):
        allot(shut, places=1)
    with pytest.raises(SlotClosed):
        allot(read, times.later(only_slot(read).ends, 0), places=1)
    with pytest.raises(UnknownSlot):
        ledger.closed(read, "pickup-20261124-0900", OFFICER, NOW)


def test_a_slot_is_known_again_by_how_it_was_opened_and_by_how_it_stands():
    changed = allot(with_slot(), lines={"kit": 5}, places=2)

    assert ledger.is_opened(changed, slot(places=10, kit=10))
    assert ledger.is_opened(changed, slot(places=12, kit=15))
    assert not ledger.is_opened(changed, slot(places=11, kit=10))


def test_slots_of_one_method_do_not_overlap():
    read = with_slot()
    beside = msgspec.structs.replace(slot(places=1, kit=1), method="delivery")

    assert ledger.opened(read, beside, OFFICER, NOW)
    with pytest.raises(InvalidSubmission) as refused:
        ledger.opened(read, msgspec.structs.replace(slot(places=1, kit=1), starts=_later(slot().starts)), OFFICER, NOW)
    assert [e.code for e in refused.value.errors] == ["overlaps"]


def test_a_site_is_counted_by_item_and_by_slot():
    numbers = count(with_slot(), ITEMS, NOW)

    (kit,) = numbers.stock
    assert (kit.on_hand, kit.allotted, kit.unallotted, kit.free, kit.promised) == (30, 10, 20, 4, 6)
    (counted,) = numbers.slots
    assert (counted.state, counted.places, counted.held, counted.confirmed) == ("open", 10, 1, 1)
    (units,) = counted.items
    assert (units.allotted, units.free, units.held, units.confirmed, units.collected) == (10, 4, 2, 4, 0)


def test_a_slot_is_kept_until_its_split_is_decided():
    fields = msgspec.structs.replace(slot(places=10, kit=10), fill="split")
    kept = ledger.with_documents(whole(kit=30), ledger.opened(whole(kit=30), fields, OFFICER, NOW))
    event = Event(id=DECIDED, at=NOW, event="split_decided", by="officer")
    decided = msgspec.structs.replace(only_slot(kept), history=(*only_slot(kept).history, event))
    ended = msgspec.structs.replace(only_slot(kept), is_open=False)

    assert state_of(only_slot(kept), NOW) == state_of(only_slot(kept), fields.starts) == "kept"
    assert (state_of(decided, NOW), state_of(ended, NOW)) == ("open", "closed")
    assert "分けかたの決定待ち" in exports.of_slots(count(kept, ITEMS, NOW)).decode()


def test_a_site_remembers_the_latest_puts_and_numbers_each_anew():
    read = whole()
    for n in range(HISTORY_KEPT + 10):
        fields = SiteFields(name={"ja": "見本"}, kind="shelter", address=f"見本市{n}")
        [described] = ledger.described(read, "school", fields, OFFICER, NOW)
        assert isinstance(described, Site)
        read = WholeSite(described, read.stock, {})

    numbers = [event.id for event in read.site.history]
    assert numbers == [f"put.{n}" for n in range(11, HISTORY_KEPT + 11)]


def test_items_that_a_site_has_are_entered_though_it_takes_no_others():
    full = whole(**{f"item{n}": 1 for n in range(MOST_ITEMS_OF_SITE)})
    known, other = (StockFields(id="delivery-0009", lines={item: 5}) for item in ("item7", "kit"))

    [stock, _] = ledger.entered(full, ledger.moves_of("school", known, ITEMS, OFFICER, NOW))
    with pytest.raises(InvalidSubmission, match="/lines/kit items_of_site"):
        ledger.entered(full, ledger.moves_of("school", other, ITEMS, OFFICER, NOW))

    assert isinstance(stock, Stock)
    assert stock.on_hand["item7"] == 6


@pytest.mark.parametrize(("on_hand", "low"), [(15, True), (16, False)])
def test_stock_is_low_when_what_can_still_be_promised_falls_under_the_level_of_the_item(on_hand, low):
    """Four kits are free in the slot, ten are allotted: with fifteen on hand, nine can still be promised."""
    assert count(with_slot(kit=on_hand), ITEMS, NOW).stock[0].low is low


def _later(instant: str) -> str:
    return times.later(instant, 1800)
