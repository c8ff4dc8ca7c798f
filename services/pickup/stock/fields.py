"""What officers write of sites, slots and stock, and everything that is wrong with it."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from services import times
from services.catalog.forms import child
from services.errors import FieldError, InvalidSubmission
from services.invisible import hides
from services.names import is_name
from services.pickup.entitlement.supplies import Item
from services.pickup.sharing.split_rules import Rule
from services.pickup.stock.sites import MOST_HOUSEHOLDS, MOST_ITEMS, MOST_UNITS, Fill, Method, MoveKind, SiteKind
from services.texts import Text
from services.times import Instant, Told

LONGEST_SLOT = 24 * 3600.0
FURTHEST_SLOT = 92 * 24 * 3600.0
"""Seconds from now within which a slot begins."""
LONGEST_TEXT = 500

type Items = Mapping[str, Item]


class _Fields(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class SiteFields(_Fields, frozen=True, kw_only=True):
    """Describe a site as an officer writes it.

    `moved`: it is somewhere else from now on, so whoever has a place there is asked. Otherwise a change only shows.
    """

    name: Text
    kind: SiteKind
    address: str
    hours: Text = {}
    access: Text = {}
    phone: str = ""
    lat: float | None = None
    lon: float | None = None
    is_open: bool = True
    moved: bool = False


class SlotFields(_Fields, frozen=True, kw_only=True):
    """Describe a slot as an officer opens it: `places` for households, and the units allotted by item."""

    starts: Told
    ends: Told
    method: Method = "pickup"
    fill: Fill = "first_come"
    places: int
    allotted: dict[str, int]


class StockFields(_Fields, frozen=True, kw_only=True):
    """Describe units that came, kits that were packed, or what was counted otherwise than the books say.

    `id` makes a repeat the same.
    """

    id: str
    kind: MoveKind = "received"
    lines: dict[str, int]
    reason: str | None = None


class AllotFields(_Fields, frozen=True, kw_only=True):
    """Describe what a slot gets besides, or gives back where it is negative; `id` makes a repeat the same."""

    id: str
    lines: dict[str, int] = {}
    places: int = 0


class SplitFields(_Fields, frozen=True, kw_only=True):
    """Name the rule by which a slot is split, and why; `basis` is that of the preview, `id` makes a repeat the same."""

    id: str
    rule: Rule
    reason: str
    basis: str


def refuse(problems: Iterable[FieldError]) -> None:
    """Raise InvalidSubmission with everything that is wrong, if anything is."""
    errors = tuple(problems)
    if errors:
        raise InvalidSubmission(errors)


def span(fields: SlotFields) -> tuple[Instant, Instant]:
    """Return beginning and end of a slot as instants of fixed width; raises InvalidSubmission."""
    return _instant("/starts", fields.starts), _instant("/ends", fields.ends)


def problems_of_site(site: str, fields: SiteFields) -> Iterator[FieldError]:
    """Find what is wrong with a site."""
    if not is_name(site):
        yield FieldError("/id", "site_id")
    if not fields.name.get("ja", "").strip():
        yield FieldError("/name/ja", "required")
    if not fields.address.strip():
        yield FieldError("/address", "required")
    if fields.lat is not None and not 20 <= fields.lat <= 46:
        yield FieldError("/lat", "latitude")
    if fields.lon is not None and not 122 <= fields.lon <= 154:
        yield FieldError("/lon", "longitude")
    yield from _problems_of_texts(fields)


def problems_of_slot(fields: SlotFields, items: Items, now: Instant) -> Iterator[FieldError]:
    """Find what is wrong with a new slot, whatever else is open."""
    starts, ends = span(fields)
    if starts <= now:
        yield FieldError("/starts", "past")
    elif times.seconds_between(now, starts) > FURTHEST_SLOT:
        yield FieldError("/starts", "too_far", {"limit": round(FURTHEST_SLOT / 86_400)})
    if not 0 < times.seconds_between(starts, ends) <= LONGEST_SLOT:
        yield FieldError("/ends", "span", {"limit": round(LONGEST_SLOT / 3600)})
    if not 1 <= fields.places <= MOST_HOUSEHOLDS:
        yield FieldError("/places", "quantity", {"least": 1, "most": MOST_HOUSEHOLDS})
    if not 1 <= len(fields.allotted) <= MOST_ITEMS:
        yield FieldError("/allotted", "items_of_slot", {"limit": MOST_ITEMS})
    yield from _problems_of_lines("/allotted", fields.allotted, items, least=1)


def problems_of_stock(fields: StockFields, items: Items) -> Iterator[FieldError]:
    """Find what is wrong with an entry of stock."""
    yield from _problems_of_id(fields.id)
    if fields.kind not in ("received", "adjusted", "packed"):
        yield FieldError("/kind", "enum")
    if fields.kind == "adjusted" and not (fields.reason or "").strip():
        yield FieldError("/reason", "required")
    if len(fields.reason or "") > LONGEST_TEXT:
        yield FieldError("/reason", "max_length", {"limit": LONGEST_TEXT})
    if hides(fields.reason or ""):
        yield FieldError("/reason", "hidden_character")
    if not fields.lines:
        yield FieldError("/lines", "required")
    least = -MOST_UNITS if fields.kind == "adjusted" else 1
    yield from _problems_of_lines("/lines", fields.lines, items, least=least)
    if fields.kind == "packed":
        for id_ in fields.lines:
            if id_ in items and not items[id_].contents:
                yield FieldError(child("/lines", id_), "no_kit")


def problems_of_allotment(fields: AllotFields, items: Items) -> Iterator[FieldError]:
    """Find what is wrong with a change of what a slot is allotted."""
    yield from _problems_of_id(fields.id)
    if not fields.lines and not fields.places:
        yield FieldError("/lines", "required")
    if not -MOST_HOUSEHOLDS < fields.places < MOST_HOUSEHOLDS:
        yield FieldError("/places", "quantity", {"least": 1 - MOST_HOUSEHOLDS, "most": MOST_HOUSEHOLDS - 1})
    yield from _problems_of_lines("/lines", fields.lines, items, least=-MOST_UNITS)


def problems_of_split(fields: SplitFields) -> Iterator[FieldError]:
    """Find what is wrong with a decision, whatever is split."""
    yield from _problems_of_id(fields.id)
    if not fields.reason.strip():
        yield FieldError("/reason", "required")
    if len(fields.reason) > LONGEST_TEXT:
        yield FieldError("/reason", "max_length", {"limit": LONGEST_TEXT})
    if hides(fields.reason):
        yield FieldError("/reason", "hidden_character")


def _problems_of_id(id_: str) -> Iterator[FieldError]:
    if not 8 <= len(id_) <= 64 or not id_.isascii() or not id_.replace("-", "").replace("_", "").isalnum():
        yield FieldError("/id", "operation_id")


def _problems_of_texts(fields: SiteFields) -> Iterator[FieldError]:
    texts = [("/address", fields.address), ("/phone", fields.phone)]
    for name, text in (("name", fields.name), ("hours", fields.hours), ("access", fields.access)):
        texts += [(child(f"/{name}", language), each) for language, each in text.items()]
    for pointer, each in texts:
        if len(each) > LONGEST_TEXT:
            yield FieldError(pointer, "max_length", {"limit": LONGEST_TEXT})
        if any(ord(character) < 32 for character in each):
            yield FieldError(pointer, "control_character")
        if hides(each):
            yield FieldError(pointer, "hidden_character")


def _problems_of_lines(pointer: str, lines: dict[str, int], items: Items, *, least: int) -> Iterator[FieldError]:
    for item, units in lines.items():
        if item not in items:
            yield FieldError(child(pointer, item), "unknown_item")
        elif not least <= units <= MOST_UNITS or units == 0:
            code = "quantity" if least > 0 else "quantity_signed"
            yield FieldError(child(pointer, item), code, {"least": least, "most": MOST_UNITS})


def _instant(pointer: str, text: str) -> Instant:
    try:
        return times.told(text)
    except ValueError as error:
        raise InvalidSubmission((FieldError(pointer, "date_time"),)) from error
