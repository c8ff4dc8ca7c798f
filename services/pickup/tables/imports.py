"""What the lines of an officer's table say: sites, stock and slots, with every mistake at its line and column."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from services import door, times
from services.errors import FieldError, InvalidSubmission
from services.pickup.errors import SheetProblem, SheetRefused
from services.pickup.stock import ledger
from services.pickup.stock.fields import (
    Items,
    SiteFields,
    SlotFields,
    StockFields,
    problems_of_site,
    problems_of_slot,
    problems_of_stock,
)
from services.pickup.stock.sites import Method, MoveKind, SiteKind, WholeSite
from services.pickup.tables import sheets
from services.pickup.tables.sheets import Column, Row
from services.times import Instant

SITE_COLUMNS = (
    Column("id", "拠点ID", required=True),
    Column("name", "名称", required=True),
    Column("nameEasy", "名称（やさしい日本語）"),
    Column("nameEn", "名称（英語）"),
    Column("kind", "種別", required=True),
    Column("address", "住所", required=True),
    Column("hours", "受付時間"),
    Column("access", "行きかた・設備"),
    Column("phone", "電話番号"),
    Column("lat", "緯度"),
    Column("lon", "経度"),
    Column("open", "開設"),
)
STOCK_COLUMNS = (
    Column("item", "品目", required=True),
    Column("units", "数量", required=True),
    Column("kind", "区分"),
    Column("reason", "理由"),
)
SLOT_COLUMNS = (
    Column("day", "日付", required=True),
    Column("from", "開始", required=True),
    Column("to", "終了", required=True),
    Column("method", "方法"),
    Column("places", "世帯数", required=True),
    Column("item", "品目", required=True),
    Column("units", "数量", required=True),
)
SITE_KINDS: dict[str, SiteKind] = {"避難所": "shelter", "物資拠点": "depot", "臨時": "temporary"}
MOVE_KINDS: dict[str, MoveKind] = {"受入": "received", "調整": "adjusted", "セット作成": "packed"}
METHODS: dict[str, Method] = {"受け取り": "pickup", "配達": "delivery"}
YES, NO = "はい", "いいえ"
MOST_SLOTS = 45
"""Slots in one table: they are opened in one batch, of at most a hundred documents."""
MOST_REASONS = 45
"""Kinds and reasons in one table of stock: each is a move, and kits are two, in one batch."""
_COLUMN_OF = {
    "name": "名称",
    "address": "住所",
    "lat": "緯度",
    "lon": "経度",
    "phone": "電話番号",
    "hours": "受付時間",
    "access": "行きかた・設備",
    "kind": "区分",
    "reason": "理由",
    "lines": "数量",
    "allotted": "数量",
    "starts": "開始",
    "ends": "終了",
    "places": "世帯数",
    "id": "拠点ID",
}


def digest_of(content: bytes) -> str:
    """Return what tells one file from another; the ids of what it makes derive from it."""
    return hashlib.sha256(content).hexdigest()[:16]


def sites_in(content: bytes) -> dict[str, SiteFields]:
    """Read sites by their ids; raises SheetRefused."""
    rows = sheets.read(content, SITE_COLUMNS)
    problems = [*_twice(rows, "id", "拠点ID")]
    found: dict[str, SiteFields] = {}
    for row in rows:
        fields = _take(problems, lambda: _site_of(row))  # noqa: B023
        if fields:
            found[row.cells["id"]] = fields
            problems += _at(row, problems_of_site(row.cells["id"], fields))
    _refuse(problems)
    return found


def stock_in(content: bytes, items: Items) -> list[StockFields]:
    """Read entries of stock, one for each kind and reason; raises SheetRefused."""
    rows = sheets.read(content, STOCK_COLUMNS)
    problems: list[SheetProblem] = []
    lines: dict[tuple[MoveKind, str | None], dict[str, int]] = {}
    for row in rows:
        fields = _take(problems, lambda: _stock_of(row, items))  # noqa: B023
        if fields is None:
            continue
        problems += _at(row, problems_of_stock(fields, items))
        group = lines.setdefault((fields.kind, fields.reason), {})
        (item,) = fields.lines
        if item in group:
            problems.append(SheetProblem(row.line, "品目", "line_twice"))
        group |= fields.lines
    if len(lines) > MOST_REASONS:
        problems.append(SheetProblem(rows[-1].line, "理由", "too_many_reasons", {"limit": MOST_REASONS}))
    _refuse(problems)
    digest = digest_of(content)
    return [
        StockFields(id=f"csv-{digest}-{number}", kind=kind, reason=reason, lines=units)
        for number, ((kind, reason), units) in enumerate(lines.items())
    ]


def slots_in(content: bytes, whole: WholeSite, items: Items, now: Instant) -> list[SlotFields]:
    """Read slots, each from the lines that name its day, hours and method; raises SheetRefused.

    A slot that stands as it is described is no mistake: the table was taken before.
    """
    rows = sheets.read(content, SLOT_COLUMNS)
    problems: list[SheetProblem] = []
    found: list[SlotFields] = []
    key = ("day", "from", "to", "method")
    by_slot = sorted(rows, key=lambda row: [row.cells[name] for name in key])
    for _, together in groupby(by_slot, lambda row: [row.cells[name] for name in key]):
        lines = sorted(together, key=lambda row: row.line)
        fields = _take(problems, lambda: _slot_of(lines, items))  # noqa: B023 - called at once
        if fields is None:
            continue
        found.append(fields)
        if not ledger.is_opened(whole, fields):
            problems += _at(lines[0], problems_of_slot(fields, items, now))
            problems += _at(lines[0], ledger.problems_of_place(whole, fields))
            whole = ledger.beside(whole, fields)
    if len(found) > MOST_SLOTS:
        problems.append(SheetProblem(rows[-1].line, "", "too_many_slots", {"limit": MOST_SLOTS}))
    _refuse(problems)
    return found


def refused_at_start(error: InvalidSubmission) -> SheetRefused:
    """Turn what a write refused into problems of the table as a whole, at its first line."""
    return SheetRefused(tuple(_at(Row(1, {}), iter(error.errors))))


def _site_of(row: Row) -> SiteFields:
    cells = row.cells
    named = {"ja": cells["name"], "ja-easy": cells["nameEasy"], "en": cells["nameEn"]}
    return SiteFields(
        name={language: text for language, text in named.items() if text},
        kind=_one_of(row, "kind", "種別", SITE_KINDS, None),
        address=cells["address"],
        hours={"ja": cells["hours"]} if cells["hours"] else {},
        access={"ja": cells["access"]} if cells["access"] else {},
        phone=cells["phone"],
        lat=_degrees(row, "lat", "緯度"),
        lon=_degrees(row, "lon", "経度"),
        is_open=_one_of(row, "open", "開設", {YES: True, NO: False}, True),
    )


def _stock_of(row: Row, items: Items) -> StockFields:
    kind = _one_of(row, "kind", "区分", MOVE_KINDS, "received")
    units = {_item(row, items): _number(row, "units", "数量")}
    return StockFields(id=f"csv-{row.line:08}", kind=kind, lines=units, reason=row.cells["reason"] or None)


def _slot_of(lines: Sequence[Row], items: Items) -> SlotFields:
    first = lines[0]
    allotted: dict[str, int] = {}
    for row in lines:
        item = _item(row, items)
        if item in allotted:
            raise SheetRefused((SheetProblem(row.line, "品目", "line_twice"),))
        if row.cells["places"] != first.cells["places"]:
            raise SheetRefused((SheetProblem(row.line, "世帯数", "places_differ", {"line": first.line}),))
        allotted[item] = _number(row, "units", "数量")
    return SlotFields(
        starts=_instant(first, "from", "開始"),
        ends=_instant(first, "to", "終了"),
        method=_one_of(first, "method", "方法", METHODS, "pickup"),
        places=_number(first, "places", "世帯数"),
        allotted=allotted,
    )


def _item(row: Row, items: Items) -> str:
    """Find an item by its id, its code or its Japanese name."""
    wanted = door.plain(row.cells["item"])
    for id_, item in items.items():
        if wanted in (id_, item.code, door.plain(item.title.get("ja", ""))):
            return id_
    raise SheetRefused((SheetProblem(row.line, "品目", "unknown_item"),))


def _one_of[T](row: Row, key: str, title: str, known: Mapping[str, T], default: T | None) -> T:
    """Read a word that is known, or the value it stands for."""
    cell = row.cells[key]
    if not cell and default is not None:
        return default
    found = {**known, **{str(value): value for value in known.values()}}
    if cell not in found:
        raise SheetRefused((SheetProblem(row.line, title, "one_of", {"words": "、".join(known)}),))
    return found[cell]


def _number(row: Row, key: str, title: str) -> int:
    plain = door.plain(row.cells[key]).replace(",", "")
    if not re.fullmatch("[+-]?[0-9]{1,9}", plain):
        raise SheetRefused((SheetProblem(row.line, title, "type_integer"),))
    return int(plain)


def _degrees(row: Row, key: str, title: str) -> float | None:
    plain = door.plain(row.cells[key])
    if not plain:
        return None
    if not re.fullmatch(r"-?[0-9]{1,3}(\.[0-9]{1,12})?", plain):
        raise SheetRefused((SheetProblem(row.line, title, "degrees"),))
    return float(plain)


def _instant(row: Row, key: str, title: str) -> Instant:
    """Read a day (2026-11-26, 2026/11/26) with an hour of it (9:00, 24:00 is no hour) in Japan."""
    text = door.plain(f"{row.cells['day']} {row.cells[key]}").replace("/", "-")
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"):
        try:
            return times.instant(datetime.strptime(text, form).replace(tzinfo=times.JAPAN))
        except ValueError:
            continue
    raise SheetRefused((SheetProblem(row.line, title, "day_and_hour"),))


def _take[T](problems: list[SheetProblem], make: Callable[[], T]) -> T | None:
    """Make something of a line, or note what is wrong with it."""
    try:
        return make()
    except SheetRefused as refusal:
        problems.extend(refusal.problems)
        return None


def _at(row: Row, errors: Iterator[FieldError]) -> Iterator[SheetProblem]:
    """Say of each error of a field in which line and column it stands."""
    for error in errors:
        field = error.pointer.split("/")[1]
        yield SheetProblem(row.line, _COLUMN_OF.get(field, field), error.code, error.limits)


def _twice(rows: Sequence[Row], key: str, title: str) -> Iterator[SheetProblem]:
    seen: set[str] = set()
    for row in rows:
        if row.cells[key] in seen:
            yield SheetProblem(row.line, title, "line_twice")
        seen.add(row.cells[key])


def _refuse(problems: Sequence[SheetProblem]) -> None:
    if problems:
        raise SheetRefused(tuple(sorted(problems, key=lambda problem: problem.line)))
