"""What residents see of slots and places."""

from typing import Any

from functions.edge.capabilities import Standing
from services.case.request import Request
from services.pickup.booking.offers import Appointment, Line, Offer
from services.pickup.booking.state import HAS_PLACE
from services.pickup.part import booking_of
from services.pickup.stock.sites import Site

PUBLIC_EVENTS = (
    "waiting",
    "place_held",
    "place_confirmed",
    "place_expired",
    "place_missed",
    "not_delivered",
    "place_moved",
    "place_kept",
    "apportioned",
    "site_moved",
    "corrected",
    "collected",
)
"""The events of pickup that a resident reads about."""


def standing(request: Request, appointment: Appointment | None) -> Standing:
    """Tell how the pickup of a request stands."""
    return Standing(
        says={"booking": booking(appointment)} if appointment else {},
        next=_next(request),
        has_time=appointment is not None and appointment.place is not None,
    )


def booking(shown: Appointment) -> dict[str, Any]:
    """Show a resident how the pickup of a request stands; a household served before is told no more than that."""
    stands, place = shown.booking, shown.place
    return {
        "state": stands.state,
        "method": stands.method,
        "place": {
            "slot": place.name,
            "site": site(shown.site) if shown.site else {"id": place.site},
            "starts": stands.starts,
            "ends": stands.ends,
        }
        if place
        else None,
        "until": stands.until,
        "lines": [_named(line, "item", "units") for line in shown.lines],
        "missing": [_named(line, "item", "units") for line in shown.missing],
    }


def slot(shown: Offer) -> dict[str, Any]:
    """Show a slot that is open to whoever looks for a place."""
    opening = shown.opening
    return {
        "name": opening.name,
        "site": site(shown.site),
        "starts": opening.starts,
        "ends": opening.ends,
        "method": opening.method,
        "items": [_named(line, "id", "free") for line in shown.lines],
        "freePlaces": opening.free_places,
    }


def site(shown: Site) -> dict[str, Any]:
    """Show where supplies are handed out."""
    return {
        "id": shown.site_id,
        "name": shown.name,
        "address": shown.address,
        "access": shown.access,
        "hours": shown.hours,
        "lat": shown.lat,
        "lon": shown.lon,
    }


def _named(line: Line, id_: str, units: str) -> dict[str, Any]:
    return {id_: line.item, "title": line.title, "unit": line.unit, units: line.units}


def _next(request: Request) -> str | None:
    booking = booking_of(request)
    if request.status != "accepted" or booking is None or booking.method != "pickup":
        return None
    if booking.state in HAS_PLACE:
        return "next.place"
    return "next.collected" if booking.state == "collected" else None
