"""Sites, slots and stock as officers keep them."""

import copy

import msgspec
import pytest

from services import times
from services.errors import InvalidSubmission
from services.pickup.errors import NotEnoughStock, UnknownSite
from services.pickup.stock.fields import AllotFields, SlotFields, StockFields
from services.pickup.stock.sites import after
from tests.counter import current
from tests.pickup import NOW, OFFICER, PICKUP_DEFINITION, TITLE, site, slot, stock
from tests.pickup_counter import PickupCounter


@pytest.fixture
async def app() -> PickupCounter:
    """Return a counter with an open site that has 100 kits and 100 bottles of water."""
    definition = copy.deepcopy(PICKUP_DEFINITION)
    box = {"id": "box", "title": TITLE, "unit": TITLE, "policy": "once", "perHousehold": 1, "contents": {"water": 6}}
    definition["pickup"]["supplies"]["items"].append(box)
    counter = PickupCounter(current(**definition))
    await counter.keeping.put_site("school", site(), OFFICER)
    await counter.keeping.move("school", stock(kit=100, water=100), OFFICER)
    return counter


async def explained(app: PickupCounter) -> bool:
    """Tell whether the stock is the sum of its moves."""
    whole = await app.keeping.site("school")
    summed = msgspec.structs.replace(whole.stock, on_hand={}, allotted={})
    for move in await app.keeping.moves("school"):
        summed = after(summed, move)
    return (summed.on_hand, _nonzero(summed.allotted)) == (whole.stock.on_hand, _nonzero(whole.stock.allotted))


async def test_what_came_in_is_counted_once_however_often_it_is_sent(app):
    first = await app.keeping.move("school", stock("delivery-0002", kit=5), OFFICER)

    again = await app.keeping.move("school", stock("delivery-0002", kit=5), OFFICER)

    assert first.on_hand == again.on_hand == {"kit": 105, "water": 100}


async def test_an_entry_is_known_again_after_many_others(app):
    for n in range(60):
        await app.keeping.move("school", stock(f"delivery-1{n:03}", water=1), OFFICER)

    again = await app.keeping.move("school", stock(kit=100, water=100), OFFICER)

    assert again.on_hand == {"kit": 100, "water": 160}


async def test_an_entry_whose_reply_was_lost_counts_once(app):
    app.sites.lose_replies = 1

    entered = await app.keeping.move("school", stock("delivery-0002", kit=5), OFFICER)

    assert entered.on_hand == {"kit": 105, "water": 100}


async def test_another_entry_under_a_used_id_is_refused(app):
    with pytest.raises(InvalidSubmission) as refused:
        await app.keeping.move("school", stock(kit=7), OFFICER)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/id", "used_before")]


async def test_packed_kits_and_their_contents_are_two_moves_of_one_entry(app):
    packing = StockFields(id="packing-0001", kind="packed", lines={"box": 10})

    packed = await app.keeping.move("school", packing, OFFICER)

    assert packed.on_hand == {"kit": 100, "water": 40, "box": 10}
    assert [m.lines for m in await app.keeping.moves("school") if m.kind == "packed"] == [
        {"box": 10},
        {"water": -60},
    ]
    assert await explained(app)


async def test_a_slot_is_opened_once_and_takes_its_units_out_of_what_is_unallotted(app):
    opened = await app.keeping.open_slot("school", slot(kit=60), OFFICER)

    again = await app.keeping.open_slot("school", slot(kit=60), OFFICER)

    assert (again.id, again.free) == (opened.id, {"kit": 60})
    assert (await app.keeping.site("school")).stock.unallotted("kit") == 40
    with pytest.raises(NotEnoughStock):
        await app.keeping.open_slot("school", slot(hour=13, kit=41), OFFICER)


async def test_a_repeat_of_an_opening_is_known_after_the_slot_was_changed_and_began(app):
    opened = await app.keeping.open_slot("school", slot(kit=60), OFFICER)
    await app.keeping.allot("school", opened.id, AllotFields(id="change-0001", lines={"kit": -60}, places=1), OFFICER)
    app.clock.pass_(30 * 3600)

    again = await app.keeping.open_slot("school", slot(kit=60), OFFICER)

    assert (again.places, again.free) == (opened.places + 1, {"kit": 0})


async def test_every_change_of_stock_is_explained_by_its_moves(app):
    opened = await app.keeping.open_slot("school", slot(kit=60), OFFICER)
    await app.keeping.allot("school", opened.id, AllotFields(id="change-0001", lines={"kit": -10}), OFFICER)
    await app.keeping.allot("school", opened.id, AllotFields(id="change-0002", lines={"kit": 20}), OFFICER)
    counted = StockFields(id="count-00001", kind="adjusted", lines={"water": -3}, reason="びんの破損")
    await app.keeping.move("school", counted, OFFICER)

    assert await explained(app)
    assert [m.kind for m in await app.keeping.moves("school")] == [
        "received",
        "allotted",
        "released",
        "allotted",
        "adjusted",
    ]


async def test_a_site_that_moves_keeps_its_slots(app):
    opened = await app.keeping.open_slot("school", slot(kit=60), OFFICER)

    await app.keeping.put_site("school", site(address="見本市北町9"), OFFICER)

    whole = await app.keeping.site("school")
    assert whole.site.address == "見本市北町9"
    assert whole.slots[opened.id].free == opened.free


async def test_who_changed_what_of_a_site_is_recorded_and_a_repeat_is_no_change(app):
    for _ in range(2):
        await app.keeping.put_site("school", site(address="見本市北町9", is_open=False), OFFICER)

    [opened, changed] = (await app.keeping.site("school")).site.history
    assert (opened.by, changed.by, changed.note) == (OFFICER.name, OFFICER.name, "address, is_open")


async def test_a_closed_slot_is_looked_after_at_once(app):
    opened = await app.keeping.open_slot("school", slot(kit=60), OFFICER)

    closed = await app.keeping.close_slot("school", opened.id, OFFICER)

    assert (closed.is_open, closed.due_at) == (False, NOW)


@pytest.mark.parametrize("name", ["nowhere", "No Site", "a" * 200])
async def test_a_site_that_is_not_there_is_said_so(app, name):
    for ask in (
        app.keeping.site(name),
        app.keeping.moves(name),
        app.keeping.move(name, stock(kit=1), OFFICER),
        app.keeping.open_slot(name, slot(), OFFICER),
        app.keeping.close_slot(name, "pickup-20261124-1000", OFFICER),
    ):
        with pytest.raises(UnknownSite):
            await ask


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"starts": "2026-11-22T10:00:00+09:00"}, [("/starts", "past"), ("/ends", "span")]),
        ({"starts": "0999-11-22T10:00:00+09:00"}, [("/starts", "date_time")]),
        ({"starts": "tomorrow"}, [("/starts", "date_time")]),
        ({"ends": "2026-11-24T10:00:00"}, [("/ends", "date_time")]),
        ({"ends": slot().starts}, [("/ends", "span")]),
        ({"ends": "2026-11-25T10:00:01+09:00"}, [("/ends", "span")]),
        ({"starts": "2027-11-24T10:00:00Z", "ends": "2027-11-24T12:00:00Z"}, [("/starts", "too_far")]),
        ({"starts": "9999-12-31T23:00:00Z", "ends": "9999-12-31T23:59:59Z"}, [("/starts", "date_time")]),
        ({"places": 0}, [("/places", "quantity")]),
        ({"places": -1}, [("/places", "quantity")]),
        ({"places": 501}, [("/places", "quantity")]),
        ({"allotted": {}}, [("/allotted", "items_of_slot")]),
        ({"allotted": {"kit": 0}}, [("/allotted/kit", "quantity")]),
        ({"allotted": {"kit": -1}}, [("/allotted/kit", "quantity")]),
        ({"allotted": {"kit": 10**30}}, [("/allotted/kit", "quantity")]),
        ({"allotted": {"kit": 1, "gold/bars": 1}}, [("/allotted/gold~1bars", "unknown_item")]),
        ({"places": 0, "allotted": {"gold": 1}}, [("/places", "quantity"), ("/allotted/gold", "unknown_item")]),
    ],
)
async def test_every_field_of_a_slot_that_does_not_fit_is_named(app, changes, errors):
    fields = SlotFields(**{**msgspec.structs.asdict(slot()), **changes})

    with pytest.raises(InvalidSubmission) as refused:
        await app.keeping.open_slot("school", fields, OFFICER)

    assert [(e.pointer, e.code) for e in refused.value.errors] == errors


async def test_a_slot_that_overlaps_another_is_refused_and_one_that_follows_it_is_not(app):
    first = await app.keeping.open_slot("school", slot(hour=10, kit=10), OFFICER)
    across = SlotFields(
        starts=times.later(first.starts, 1800), ends=times.later(first.ends, 1800), places=1, allotted={"kit": 1}
    )

    with pytest.raises(InvalidSubmission) as refused:
        await app.keeping.open_slot("school", across, OFFICER)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/starts", "overlaps")]
    assert await app.keeping.open_slot("school", slot(hour=11, kit=10), OFFICER)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"id": "short"}, [("/id", "operation_id")]),
        ({"id": "入荷のきろくばんごう"}, [("/id", "operation_id")]),
        ({"kind": "handed_over"}, [("/kind", "enum")]),
        ({"kind": "adjusted"}, [("/reason", "required")]),
        ({"reason": "数え\u200b直し"}, [("/reason", "hidden_character")]),
        ({"lines": {}}, [("/lines", "required")]),
        ({"lines": {"kit": -5}}, [("/lines/kit", "quantity")]),
        ({"lines": {"kit": 100_001}}, [("/lines/kit", "quantity")]),
        ({"lines": {"gold": 5}}, [("/lines/gold", "unknown_item")]),
        ({"kind": "adjusted", "reason": "数え直し", "lines": {"kit": 0}}, [("/lines/kit", "quantity_signed")]),
        ({"kind": "packed", "lines": {"kit": 1}}, [("/lines/kit", "no_kit")]),
    ],
)
async def test_every_field_of_an_entry_of_stock_that_does_not_fit_is_named(app, changes, errors):
    fields = StockFields(**{"id": "delivery-0009", "lines": {"kit": 1}, **changes})

    with pytest.raises(InvalidSubmission) as refused:
        await app.keeping.move("school", fields, OFFICER)

    assert [(e.pointer, e.code) for e in refused.value.errors] == errors


@pytest.mark.parametrize(
    ("id_", "changes", "errors"),
    [
        ("第一小学校", {}, [("/id", "site_id")]),
        ("gym", {"name": {"en": "Gym"}}, [("/name/ja", "required")]),
        ("gym", {"address": " "}, [("/address", "required")]),
        ("gym", {"address": "あ" * 501}, [("/address", "max_length")]),
        ("gym", {"hours": {"ja": "9時\u0000から"}}, [("/hours/ja", "control_character")]),
        ("gym", {"name": {"ja": "体育館\u202e"}}, [("/name/ja", "hidden_character")]),
        ("gym", {"lat": 139.7, "lon": 35.6}, [("/lat", "latitude"), ("/lon", "longitude")]),
    ],
)
async def test_every_field_of_a_site_that_does_not_fit_is_named(app, id_, changes, errors):
    with pytest.raises(InvalidSubmission) as refused:
        await app.keeping.put_site(id_, site(**changes), OFFICER)

    assert [(e.pointer, e.code) for e in refused.value.errors] == errors


def _nonzero(units: dict[str, int]) -> dict[str, int]:
    return {item: n for item, n in units.items() if n}
