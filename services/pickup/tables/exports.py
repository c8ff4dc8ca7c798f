"""An officer's tables, to be opened in a spreadsheet program: sites, stock, slots, moves, and what B-PLo asks for."""

from collections.abc import Iterable, Iterator, Mapping

from services import times
from services.pickup.stock.fields import Items
from services.pickup.stock.numbers import SiteNumbers
from services.pickup.stock.sites import Move, Site
from services.pickup.tables import sheets
from services.pickup.tables.imports import METHODS, MOVE_KINDS, NO, SITE_COLUMNS, SITE_KINDS, YES
from services.pickup.tables.sheets import Column
from services.times import Instant

STOCK = (
    Column("item", "品目"),
    Column("title", "品名"),
    Column("unit", "単位"),
    Column("onHand", "手元"),
    Column("allotted", "割当済み"),
    Column("unallotted", "未割当"),
    Column("promised", "約束済み"),
    Column("free", "枠の空き"),
    Column("lowAt", "目安"),
    Column("low", "不足の警告"),
)
SLOTS = (
    Column("slot", "枠"),
    Column("starts", "開始"),
    Column("ends", "終了"),
    Column("method", "方法"),
    Column("state", "状態"),
    Column("places", "世帯数"),
    Column("freePlaces", "空き世帯"),
    Column("held", "確認前"),
    Column("confirmed", "確定"),
    Column("collected", "お渡し済み"),
    Column("item", "品目"),
    Column("allotted", "割当"),
    Column("free", "空き"),
    Column("unitsHeld", "確認前の数量"),
    Column("unitsConfirmed", "確定の数量"),
    Column("unitsCollected", "渡した数量"),
)
MOVES = (
    Column("at", "日時"),
    Column("kind", "区分"),
    Column("item", "品目"),
    Column("units", "数量"),
    Column("slot", "枠"),
    Column("reference", "受付番号"),
    Column("by", "担当"),
    Column("reason", "理由"),
    Column("id", "記録ID"),
)
B_PLO = (
    Column("site", "拠点ID"),
    Column("name", "拠点名"),
    Column("kind", "種別"),
    Column("address", "住所"),
    Column("phone", "電話番号"),
    Column("nationalCode", "国の品目コード"),
    Column("code", "品目コード"),
    Column("title", "品名"),
    Column("unit", "単位"),
    Column("onHand", "在庫数"),
    Column("promised", "うち引渡予定数"),
    Column("available", "うち利用可能数"),
)
STATES = {
    "open": "受付中",
    "kept": "分けかたの決定待ち",
    "full": "満員",
    "begun": "配布中",
    "over": "終了",
    "closed": "閉鎖",
}
_KIND_OF = {kind: word for word, kind in MOVE_KINDS.items()} | {
    "allotted": "割当",
    "released": "割当戻し",
    "handed_over": "お渡し",
}


def of_sites(sites: Iterable[Site]) -> bytes:
    """Write sites, as `sites_in` reads them."""
    return sheets.write(SITE_COLUMNS, (_site(site) for site in sites))


def of_stock(numbers: SiteNumbers) -> bytes:
    """Write the stock of a site by item."""
    rows = (
        {
            "item": line.item,
            "title": line.title.get("ja", ""),
            "unit": line.unit.get("ja", ""),
            "onHand": line.on_hand,
            "allotted": line.allotted,
            "unallotted": line.unallotted,
            "promised": line.promised,
            "free": line.free,
            "lowAt": line.low_at,
            "low": YES if line.low else "",
        }
        for line in numbers.stock
    )
    return sheets.write(STOCK, rows)


def of_slots(numbers: SiteNumbers) -> bytes:
    """Write the slots of a site, a line for each item of each."""
    return sheets.write(SLOTS, _slots(numbers))


def of_moves(moves: Iterable[Move]) -> bytes:
    """Write the moves of a site's stock, a line for each item of each."""
    rows = (
        {
            "at": _local(move.at),
            "kind": _KIND_OF[move.kind],
            "item": item,
            "units": units,
            "slot": move.slot,
            "reference": move.reference,
            "by": move.by,
            "reason": move.reason,
            "id": move.id,
        }
        for move in moves
        for item, units in move.lines.items()
    )
    return sheets.write(MOVES, rows)


def for_b_plo(all_numbers: Iterable[SiteNumbers], items: Items) -> bytes:
    """Write what the national supply system (B-PLo) is told of each site and item; `available` nobody was promised."""
    rows = (
        {
            "site": numbers.site.site_id,
            "name": numbers.site.name.get("ja", ""),
            "kind": _word(SITE_KINDS, numbers.site.kind),
            "address": numbers.site.address,
            "phone": numbers.site.phone,
            "nationalCode": items[line.item].national_code if line.item in items else "",
            "code": items[line.item].code if line.item in items else line.item,
            "title": line.title.get("ja", ""),
            "unit": line.unit.get("ja", ""),
            "onHand": line.on_hand,
            "promised": line.promised,
            "available": line.unallotted + line.free,
        }
        for numbers in all_numbers
        for line in numbers.stock
    )
    return sheets.write(B_PLO, rows)


def _site(site: Site) -> dict[str, object]:
    return {
        "id": site.site_id,
        "name": site.name.get("ja", ""),
        "nameEasy": site.name.get("ja-easy", ""),
        "nameEn": site.name.get("en", ""),
        "kind": _word(SITE_KINDS, site.kind),
        "address": site.address,
        "hours": site.hours.get("ja", ""),
        "access": site.access.get("ja", ""),
        "phone": site.phone,
        "lat": site.lat,
        "lon": site.lon,
        "open": YES if site.is_open else NO,
    }


def _slots(numbers: SiteNumbers) -> Iterator[dict[str, object]]:
    for slot in numbers.slots:
        for units in slot.items:
            yield {
                "slot": slot.id,
                "starts": _local(slot.starts),
                "ends": _local(slot.ends),
                "method": _word(METHODS, slot.method),
                "state": STATES[slot.state],
                "places": slot.places,
                "freePlaces": slot.free_places,
                "held": slot.held,
                "confirmed": slot.confirmed,
                "collected": slot.collected,
                "item": units.item,
                "allotted": units.allotted,
                "free": units.free,
                "unitsHeld": units.held,
                "unitsConfirmed": units.confirmed,
                "unitsCollected": units.collected,
            }


def _word(words: Mapping[str, str], value: str) -> str:
    return next(word for word, stands_for in words.items() if stands_for == value)


def _local(instant: Instant) -> str:
    return f"{times.moment(instant).astimezone(times.JAPAN):%Y-%m-%d %H:%M}"
