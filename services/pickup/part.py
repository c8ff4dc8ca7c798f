"""What pickup keeps on a request: the booking of its household, and what staff corrected of it."""

from collections.abc import Mapping

import msgspec

from services.case.request import Request, Step, with_part
from services.errors import WriteConflict
from services.pickup.booking import transitions
from services.pickup.booking.state import HAS_PLACE, LASTS, STANDS_STILL, Booking, Correction
from services.times import Instant

NAME = "pickup"


class PickupPart(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Hold the booking and the corrections of a request."""

    booking: Booking | None = None
    corrections: tuple[Correction, ...] = ()

    @property
    def lasts(self) -> bool:
        """Tell whether the household is still to be served although nothing is pending and no task is open."""
        return self.booking is not None and self.booking.state in (*HAS_PLACE, *LASTS)

    @property
    def stands_still(self) -> bool:
        """Tell whether supplies came back from a delivery: only a person, or the resident, finds another way."""
        return self.booking is not None and self.booking.state in STANDS_STILL

    @property
    def is_served(self) -> bool | None:
        """Tell whether supplies were handed over; of a pickup, collecting counts and packing does not."""
        if self.booking is None:
            return None
        if self.booking.state == "collected":
            return True
        return False if self.booking.method == "pickup" else None

    def let_go(self, pending: Mapping[str, Step], now: Instant) -> tuple["PickupPart", dict[str, Step]]:
        """End the booking, and return the steps that give its places back."""
        if self.booking is None:
            return self, {}
        ended = transitions.after(transitions.END, self.booking)
        return msgspec.structs.replace(self, booking=ended), givebacks(self.booking, pending, now)


def givebacks(booking: Booking, pending: Mapping[str, Step], now: Instant) -> dict[str, Step]:
    """Return the steps that give back the place that a booking has and the one that it may be asking for."""
    begun = {id_: step for id_, step in pending.items() if step.kind == "giveback"}
    places = [place for place in (booking.place, booking.asks) if place]
    ended = {p.giveback: Step(kind="giveback", at=now, round=p.round, slot=p.name) for p in places}
    return begun | ended


def part_of(request: Request) -> PickupPart:
    """Return what pickup keeps on a request, empty where it keeps nothing."""
    part = request.parts.get(NAME)
    return part if isinstance(part, PickupPart) else PickupPart()


def booking_of(request: Request) -> Booking | None:
    """Return the booking of a request, None where it asks for no supplies."""
    return part_of(request).booking


def booked(request: Request) -> Booking:
    """Return the booking of a request that has one; raises WriteConflict where it was read from behind it."""
    booking = booking_of(request)
    if booking is None:
        raise WriteConflict(f"{request.reference} was read as it was before it had a booking")
    return booking


def corrections_of(request: Request) -> tuple[Correction, ...]:
    """Return what staff corrected of the household of a request, the earliest first."""
    return part_of(request).corrections


def takings(request: Request) -> int:
    """Count the reasons that a request has had to take grants: every round it asked in, and every correction.

    It only grows, and is written before any grant is taken for it.
    """
    return booked(request).round + len(corrections_of(request))


def with_booking(request: Request, booking: Booking) -> Request:
    """Let a request have this booking."""
    return with_part(request, NAME, msgspec.structs.replace(part_of(request), booking=booking))


def with_corrections(request: Request, corrections: tuple[Correction, ...]) -> Request:
    """Let a request have these corrections."""
    return with_part(request, NAME, msgspec.structs.replace(part_of(request), corrections=corrections))
