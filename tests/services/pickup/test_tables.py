"""An officer's tables: taken whole or not at all, once, with every bad line told; and what goes out."""

from collections.abc import Callable
from typing import Any

import pytest

from services.pickup.errors import NotEnoughStock, SheetRefused, UnknownSite
from services.pickup.tables.imports import SITE_COLUMNS
from services.pickup.tables.sheets import read
from services.pickup.tables.tables import Tables, Taken
from tests.counter import current
from tests.pickup import OFFICER, PICKUP_DEFINITION, site, stock
from tests.pickup_counter import PickupCounter

STOCK = "品目,数量,区分,理由\n"
SLOTS = "日付,開始,終了,方法,世帯数,品目,数量\n"


class Office:
    """Hold a site with a hundred kits, and the tables of its officer."""

    def __init__(self, counter: PickupCounter) -> None:
        self.counter = counter
        self.tables = Tables(counter.keeping, counter.clock)

    async def stock(self, content: str, **options: Any) -> Taken:
        return await self.tables.enter_stock("school", content.encode(), OFFICER, **{"dry_run": False, **options})

    async def slots(self, content: str, **options: Any) -> Taken:
        return await self.tables.open_slots("school", content.encode(), OFFICER, **{"dry_run": False, **options})

    async def on_hand(self) -> dict[str, int]:
        return (await self.counter.keeping.site("school")).stock.on_hand


@pytest.fixture
async def office() -> Office:
    counter = PickupCounter(current(**PICKUP_DEFINITION))
    await counter.keeping.put_site("school", site(), OFFICER)
    await counter.keeping.move("school", stock(kit=100, water=600), OFFICER)
    return Office(counter)


async def problems(taking: Callable[[], Any]) -> list[tuple[int, str, str]]:
    with pytest.raises(SheetRefused) as refusal:
        await taking()
    return [(problem.line, problem.column, problem.code) for problem in refusal.value.problems]


async def test_stock_is_entered_by_item_kind_and_reason_in_words_or_keys(office: Office):
    taken = await office.stock(STOCK + "kit,20,受入,\nwater,-3,adjusted,数え直し\n")

    assert taken == Taken(2, True)
    assert await office.on_hand() == {"kit": 120, "water": 597}


async def test_the_same_file_again_changes_nothing(office: Office):
    content = STOCK + "kit,20,,\nwater,-3,調整,数え直し\n"

    for _ in range(2):
        await office.stock(content)

    assert await office.on_hand() == {"kit": 120, "water": 597}


async def test_a_dry_run_looks_and_leaves_everything_as_it_is(office: Office):
    assert await office.stock(STOCK + "kit,20,,\n", dry_run=True) == Taken(1, False)
    with pytest.raises(NotEnoughStock):
        await office.stock(STOCK + "kit,-101,調整,紛失\n", dry_run=True)

    assert await office.on_hand() == {"kit": 100, "water": 600}


async def test_every_bad_line_is_told_and_none_is_taken(office: Office):
    content = (
        STOCK + "kit,20,,\ngold,1,,\nkit,たくさん,,\nkit,0,,\nwater,-1,調整,\nwater,1,盗難,\nkit,7,,\nwater,999999,,\n"
    )

    assert await problems(lambda: office.stock(content)) == [
        (3, "品目", "unknown_item"),
        (4, "数量", "type_integer"),
        (5, "数量", "quantity"),
        (5, "品目", "line_twice"),
        (6, "理由", "required"),
        (7, "区分", "one_of"),
        (8, "品目", "line_twice"),
        (9, "数量", "quantity"),
    ]
    assert await office.on_hand() == {"kit": 100, "water": 600}


async def test_slots_are_opened_from_the_lines_that_name_them(office: Office):
    content = (
        SLOTS
        + "2026-11-25,10:00,12:00,,30,kit,30\n2026/11/25,13:00,15:00,受け取り,10,kit,10\n"
        + "2026-11-25,10:00,12:00,,30,water,180\n"
    )

    taken = await office.slots(content)

    slots = (await office.counter.keeping.site("school")).slots
    assert taken == Taken(2, True)
    assert {id_: (slot.places, slot.allotted) for id_, slot in slots.items()} == {
        "pickup-20261125-1000": (30, {"kit": 30, "water": 180}),
        "pickup-20261125-1300": (10, {"kit": 10}),
    }
    assert await office.slots(content) == taken


async def test_slots_that_do_not_fit_are_told_by_line_and_none_is_opened(office: Office):
    content = (
        SLOTS
        + "2026-11-25,10:00,12:00,,30,kit,30\n"
        + "2026-11-25,11:00,13:00,,30,kit,30\n"
        + "2020-01-01,10:00,12:00,,30,kit,30\n"
        + "あした,10:00,12:00,,30,kit,30\n"
        + "2026-11-26,10:00,9:00,,30,kit,30\n"
        + "2026-11-27,10:00,12:00,,0,kit,30\n"
        + "2026-11-28,10:00,12:00,,30,kit,-1\n"
        + "2026-11-29,10:00,12:00,,30,kit,1\n2026-11-29,10:00,12:00,,31,water,1\n"
        + "2026-11-30,10:00,12:00,飛行機,30,kit,1\n"
    )

    assert await problems(lambda: office.slots(content)) == [
        (3, "開始", "overlaps"),
        (4, "開始", "past"),
        (5, "開始", "day_and_hour"),
        (6, "終了", "span"),
        (7, "世帯数", "quantity"),
        (8, "数量", "quantity"),
        (10, "世帯数", "places_differ"),
        (11, "方法", "one_of"),
    ]
    assert (await office.counter.keeping.site("school")).slots == {}


async def test_slots_that_need_more_than_there_is_are_refused_together(office: Office):
    with pytest.raises(NotEnoughStock):
        await office.slots(SLOTS + "2026-11-25,10:00,12:00,,30,kit,60\n2026-11-25,13:00,15:00,,30,kit,60\n")

    assert (await office.counter.keeping.site("school")).slots == {}


async def test_sites_come_back_as_they_went_out_and_keep_their_translations(office: Office):
    before = site(
        hours={"ja": "9時から", "en": "from 9"}, access={"ja": "正門", "en": "gate"}, lat=35.5, phone="0000-00-0000"
    )
    await office.counter.keeping.put_site("school", before, OFFICER)
    out = await office.tables.sites()

    changed = out.decode("utf-8-sig").replace("正門", "裏門").encode("cp932")
    taken = [await office.tables.put_sites(content, OFFICER, dry_run=False) for content in (out, changed)]

    after = (await office.counter.keeping.site("school")).site
    assert taken == [Taken(1, True)] * 2
    assert (after.hours, after.access) == ({"ja": "9時から", "en": "from 9"}, {"ja": "裏門"})
    assert (after.lat, after.phone, after.is_open) == (35.5, "0000-00-0000", True)
    assert read(await office.tables.sites(), SITE_COLUMNS)[0].cells["access"] == "裏門"


async def test_sites_that_do_not_fit_are_told_by_line_and_none_is_put(office: Office):
    content = (
        "拠点ID,名称,種別,住所,緯度,開設\n"
        "new-one,見本,臨時,見本市1,,\n"
        "Bad Name,見本,避難所,見本市1,,\n"
        "no-name,,避難所,見本市1,,\n"
        "no-kind,見本,城,見本市1,,\n"
        "far,見本,避難所,見本市1,80,\n"
        "what,見本,避難所,見本市1,北緯,\n"
        "perhaps,見本,避難所,見本市1,,たぶん\n"
        "new-one,見本,臨時,見本市2,,\n"
    )

    assert await problems(lambda: office.tables.put_sites(content.encode(), OFFICER, dry_run=False)) == [
        (3, "拠点ID", "site_id"),
        (4, "名称", "required"),
        (5, "種別", "one_of"),
        (6, "緯度", "latitude"),
        (7, "緯度", "degrees"),
        (8, "開設", "one_of"),
        (9, "拠点ID", "line_twice"),
    ]
    assert [known.site_id for known in await office.counter.keeping.sites()] == ["school"]


async def test_what_goes_out_says_what_is_there(office: Office):
    await office.slots(SLOTS + "2026-11-25,10:00,12:00,,30,kit,30\n")

    stock_out, slots_out, moves_out, b_plo = [
        out.decode("utf-8-sig").splitlines()
        for out in (
            await office.tables.stock("school"),
            await office.tables.slots("school"),
            await office.tables.moves("school"),
            await office.tables.for_b_plo(),
        )
    ]

    assert stock_out[1] == "kit,見本,見本,100,30,70,0,30,0,"
    assert slots_out[1].split(",")[:8] == [
        "pickup-20261125-1000",
        "2026-11-25 10:00",
        "2026-11-25 12:00",
        "受け取り",
        "受付中",
        "30",
        "30",
        "0",
    ]
    assert [line.split(",")[1:4] for line in moves_out[1:]] == [
        ["受入", "kit", "100"],
        ["受入", "water", "600"],
        ["割当", "kit", "30"],
    ]
    assert b_plo[1] == "school,見本第一小学校,避難所,見本市中央1,,,kit,見本,見本,100,0,100"


@pytest.mark.parametrize("which", ["stock", "slots", "moves"])
async def test_an_unknown_site_has_no_tables(office: Office, which: str):
    with pytest.raises(UnknownSite):
        await getattr(office.tables, which)("elsewhere")
