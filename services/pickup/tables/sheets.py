"""Tables as a spreadsheet program saves and opens them: CSV in UTF-8 or Shift_JIS, each bad line with its number."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import msgspec

from services import door
from services.invisible import trimmed
from services.pickup.errors import SheetProblem, SheetRefused

MOST_LINES = 1000
MOST_BYTES = 1024 * 1024
_BOM = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How text begins that a spreadsheet program takes for a formula (OWASP, CSV injection)."""


class Column(msgspec.Struct, frozen=True):
    """Name a column: by its key, and by the title that people read; an import takes either."""

    key: str
    title: str
    required: bool = False


class Row(msgspec.Struct, frozen=True):
    """Hold one line: its number as a spreadsheet program counts, and its cells by the keys of their columns."""

    line: int
    cells: dict[str, str]


def read(content: bytes, columns: Sequence[Column]) -> list[Row]:
    """Read the rows of a table; raises SheetRefused with everything that keeps it from being one.

    Empty lines are passed over; a column that is missing reads as empty where it is not required.
    """
    records = _records(_decoded(content))
    header = _header(records[0] if records else [], columns)
    misshapen = tuple(_problems_of_shape(records, len(header)))
    if misshapen:
        raise SheetRefused(misshapen)
    rows = [Row(number, dict(zip(header, _stripped(cells), strict=False))) for number, cells in _numbered(records)]
    if not rows:
        raise SheetRefused((SheetProblem(1, "", "empty_sheet"),))
    if len(rows) > MOST_LINES:
        raise SheetRefused((_too_many_lines(records),))
    return [msgspec.structs.replace(row, cells={c.key: row.cells.get(c.key, "") for c in columns}) for row in rows]


def write(columns: Sequence[Column], rows: Iterable[Mapping[str, object]]) -> bytes:
    """Write a table with the titles of its columns, as UTF-8 with BOM; text that would be a formula is defused."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column.title for column in columns])
    writer.writerows([_cell(row.get(column.key)) for column in columns] for row in rows)
    return (_BOM + out.getvalue()).encode()


def _decoded(content: bytes) -> str:
    """Decode UTF-8, with or without BOM, else Shift_JIS as Windows writes it (cp932)."""
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise SheetRefused((SheetProblem(1, "", "not_text"),))


def _records(text: str) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        for record in door.records(text, MOST_LINES):
            records.append(record)
    except door.Unreadable as error:
        raise SheetRefused((SheetProblem(len(records) + 1, "", "broken_quotes"),)) from error
    except door.TooMuch as error:
        raise SheetRefused((_too_many_lines(records),)) from error
    return records


def _too_many_lines(records: list[list[str]]) -> SheetProblem:
    """Name the first line too many, be it that only empty ones are."""
    line = next(islice((number for number, _ in _numbered(records)), MOST_LINES, None), len(records))
    return SheetProblem(line, "", "too_many_lines", {"limit": MOST_LINES})


def _problems_of_shape(records: list[list[str]], columns: int) -> Iterator[SheetProblem]:
    for number, cells in _numbered(records):
        if len(cells) > columns:
            yield SheetProblem(number, "", "too_many_cells", {"limit": columns})
        if any(len(cell) > door.LONGEST_CELL for cell in cells[:columns]):
            yield SheetProblem(number, "", "max_length", {"limit": door.LONGEST_CELL})


def _numbered(records: list[list[str]]) -> Iterator[tuple[int, list[str]]]:
    for number, cells in enumerate(records[1:], 2):
        if any(cell.strip() for cell in cells):
            yield number, cells


def _header(cells: list[str], columns: Sequence[Column]) -> list[str]:
    """Return the keys of the columns in the order of the file; a cell without a title closes the table."""
    by_name = {name: column.key for column in columns for name in (column.key, column.title)}
    if len(cells) > door.MOST_CELLS:
        raise SheetRefused((SheetProblem(1, "", "too_many_cells", {"limit": len(columns)}),))
    names = _stripped(cells)
    while names and not names[-1]:
        names.pop()
    found = [by_name.get(name, "") for name in names]
    told = [door.step(name) for name in names]
    times = Counter(found)
    problems = [SheetProblem(1, name, "unknown_column") for name, key in zip(told, found, strict=True) if not key]
    problems += [
        SheetProblem(1, name, "column_twice") for name, key in zip(told, found, strict=True) if key and times[key] > 1
    ]
    problems += [SheetProblem(1, c.title, "missing_column") for c in columns if c.required and c.key not in found]
    if problems:
        raise SheetRefused(tuple(problems))
    return found


def _stripped(cells: list[str]) -> list[str]:
    return [_undefused(trimmed(cell)) for cell in cells]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return str(value)


def _undefused(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
