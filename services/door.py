"""The door: the limits of what comes from outside, kept before anything normalises, matches, sorts or parses it.

Here alone is text normalised, and are JSON, forms and tables decoded; a guard finds whoever does it elsewhere.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any
from urllib.parse import parse_qs

import msgspec

from services.invisible import without_unseen

LONGEST_LINE = 300
"""Characters of what people type into one line: a reference, a code, a name, a number, a day, an address.

Normalising costs the square of a run of combining marks: 300 of them take microseconds, 16,000 more than a second.
"""
DEEPEST = 64
"""Levels of JSON within each other."""
MOST_VALUES = 2_000
"""Values in one JSON body, those that hold others included: a form has a few hundred."""
MOST_PLACES = 100
"""Places that a refusal names: whoever has more to mend starts with these."""
LONGEST_STEP = 100
"""Characters of a name that a refusal repeats: no name of ours is longer."""
MOST_CONTROLS = 500
"""Controls of one form, hidden ones included."""
MOST_CELLS = 100
LONGEST_CELL = 2_000
"""Cells of the header of a table, and characters of a cell."""


class Unreadable(Exception):
    """Say why bytes are not what they should be, in words of the decoder."""


class TooMuch(Exception):
    """Stop reading what has more values or lines than anybody takes."""


def plain(typed: str) -> str:
    """Return a line as it is compared: width folded (NFKC), without what nobody sees.

    A longer text is returned unchanged: nothing that anybody looks for in a line is that long.
    """
    return typed if len(typed) > LONGEST_LINE else without_unseen(unicodedata.normalize("NFKC", without_unseen(typed)))


def json(content: bytes | str, most: int = MOST_VALUES) -> Any:
    """Decode JSON of at most 64 levels; raises Unreadable, and TooMuch for more values. Who read it bounds its size."""
    try:
        value = msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeError, ValueError) as error:
        raise Unreadable(type(error).__name__) from error
    if is_too_deep(value):
        raise Unreadable("nested too deeply")
    if count_values(value) > most:
        raise TooMuch
    return value


def is_too_deep(value: object) -> bool:
    """Tell whether JSON is nested deeper than 64 levels, without going deeper itself."""
    return len(list(islice(_levels(value), DEEPEST + 2))) > DEEPEST + 1


def values(value: object) -> Iterator[object]:
    """Yield every value of JSON of bounded depth, those that hold others included."""
    return chain.from_iterable(_levels(value))


def texts(value: object) -> Iterator[str]:
    """Yield every text in JSON of bounded depth, names of values included."""
    for one in values(value):
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            yield from (name for name in one if isinstance(name, str))


def count_values(value: object) -> int:
    """Count the values of JSON of bounded depth, those that hold others included."""
    return sum(len(level) for level in _levels(value))


def form(content: bytes) -> dict[str, list[str]]:
    """Decode what a browser's form sends, of at most 500 controls; raises Unreadable."""
    try:
        return parse_qs(content.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_CONTROLS)
    except ValueError as error:
        raise Unreadable(type(error).__name__) from error


def records(text: str, most: int) -> Iterator[list[str]]:
    """Read the lines of a CSV, the header first; raises TooMuch, and Unreadable where its quotes are broken.

    It reads twice as many lines as are taken, so that a refusal can name the first one too many, and ten times as many
    empty lines, which spreadsheet programs leave behind.
    """
    tenths = 0
    try:
        for record in csv.reader(io.StringIO(text, newline=""), strict=True):
            tenths += 10 if any(record) else 1
            if tenths > 20 * most:
                raise TooMuch
            yield record
    except csv.Error as error:
        raise Unreadable(type(error).__name__) from error


def step(name: str) -> str:
    """Return as much of a name from outside as a refusal repeats."""
    return name if len(name) <= LONGEST_STEP else f"{name[:LONGEST_STEP]}…"


def _levels(value: object) -> Iterator[list[object]]:
    """Yield a value alone, then all that it holds, and so on inwards."""
    level = [value]
    while level:
        yield level
        level = [inner for one in level if isinstance(one, dict | list) for inner in _held(one)]


def _held(value: dict[str, Any] | list[Any]) -> Iterable[object]:
    return value.values() if isinstance(value, dict) else value
