"""What the counter sees: the card of a household, its line on a roster, and what a search found."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.catalog.controls import kind_of
from services.catalog.forms import field_at
from services.pickup.booking.state import Booking
from services.pickup.counter.counter import Card
from services.pickup.counter.rosters import RosterEntry
from services.pickup.entitlement.section import household_of, pickup_of, read
from services.pickup.entitlement.supplies import Item
from services.pickup.households.searching import Found
from services.pickup.stock.sites import Move


def card(shown: Card) -> dict[str, Any]:
    """Show the counter a household and what is due to it, in the words of the service."""
    request, pickup = shown.request, pickup_of(shown.definition)
    household = household_of(pickup, request.answers, None) if pickup else None
    return {
        "reference": request.reference,
        "service": {"id": request.service, "title": shown.definition.title},
        "head": household.name if household else "",
        "members": shown.booking.members,
        "household": _household(shown),
        "state": shown.booking.state,
        "due": _lines(shown, shown.due),
        "place": _place(shown.booking) | {"siteName": shown.site.name} if shown.site else None,
        "handedOver": _handed_over(shown, shown.handed_over) if shown.handed_over else None,
    }


def due(shown: RosterEntry, items: Mapping[str, Item]) -> dict[str, Any]:
    """Show what is due to a request, without a word of whom it is."""
    lines = [_line(id_, units, items.get(id_)) for id_, units in shown.lines.items()]
    return {**msgspec.to_builtins(shown), "lines": lines}


def found_card(found: Found) -> dict[str, Any]:
    """Show as much of a request as it takes to recognise whom it is of."""
    return {
        "reference": found.request.reference,
        "head": found.household.name,
        "kana": found.household.kana,
        "address": found.household.address,
        "members": found.booking.members,
        "state": found.booking.state,
        "place": _place(found.booking) if found.booking.place else None,
        "isBornThen": found.is_born_then,
        "likeness": found.likeness,
    }


def _place(booking: Booking) -> dict[str, Any]:
    place = booking.place
    return {
        "site": place.site if place else None,
        "slot": place.slot if place else None,
        "starts": booking.starts,
        "ends": booking.ends,
        "method": booking.method,
    }


def _household(shown: Card) -> list[dict[str, Any]]:
    """Show what was answered of the household, with the words of the form it stands in."""
    definition, answers = shown.definition, shown.request.answers
    pickup = pickup_of(definition)
    pointers = pickup.answers.of_household() if pickup else ()
    return [_answer(pointer, field_at(definition.form, pointer) or {}, read(answers, pointer)) for pointer in pointers]


def _answer(pointer: str, field: dict[str, Any], value: Any) -> dict[str, Any]:
    said = field.get("x-text", {})
    offered = field.get("enum") or field.get("items", {}).get("enum", ())
    options = [{"value": one, "label": said.get("options", {}).get(str(one), {"ja": str(one)})} for one in offered]
    return {
        "pointer": pointer,
        "kind": kind_of(field),
        "label": said.get("label", {}),
        "options": options,
        "value": value,
    }


def _lines(shown: Card, lines: dict[str, int]) -> list[dict[str, Any]]:
    pickup = pickup_of(shown.definition)
    return [_line(id_, units, pickup.supplies.item(id_) if pickup else None) for id_, units in lines.items()]


def _line(id_: str, units: int, item: Item | None) -> dict[str, Any]:
    """Show a line in the words of the service; one it has not is shown by its id."""
    title, unit = (item.title, item.unit) if item else ({"ja": id_}, {})
    return {"item": id_, "title": title, "unit": unit, "units": units}


def _handed_over(shown: Card, move: Move) -> dict[str, Any]:
    given = {item: -units for item, units in move.lines.items() if units}
    return {"at": move.at, "by": move.by, "lines": _lines(shown, given), "receiver": move.receiver}
