"""Finding the requests of residents who come without any code, by kana, address and birth date; looks are recorded."""

import asyncio

import msgspec

from services.case import audit
from services.case.ports import AuditLog, RequestStore
from services.case.request import Request
from services.case.task import Staff
from services.catalog.service import Catalog
from services.errors import UNUSABLE, EditionDamaged, UnknownService
from services.pickup.booking.state import Booking
from services.pickup.entitlement.section import household_of, pickup_of, read
from services.pickup.households.alike import Alike
from services.pickup.households.comparing import compare
from services.pickup.households.households import Household, blocks_of_every_folding, likeness
from services.pickup.part import booking_of
from services.pickup.ports import Bookings
from services.times import Clock

MOST_FOUND = 20


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Say whom the counter looks for."""

    kana: str
    address: str = ""
    birth_date: str | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Show as much of a request as it takes to recognise the household; `likeness` is 0 to 1."""

    request: Request
    booking: Booking
    household: Household
    likeness: float
    is_born_then: bool


class Results(msgspec.Struct, frozen=True):
    """List what was found, the likeliest first; `is_cut`: more share the kana or the address than are listed."""

    found: list[Found]
    is_cut: bool


class _Candidate(msgspec.Struct, frozen=True, kw_only=True):
    reference: str
    household: Household
    likeness: float
    is_born_then: bool


class Searching:
    """Find requests for staff at the counter."""

    def __init__(
        self, store: RequestStore, bookings: Bookings, catalog: Catalog, audit: AuditLog, clock: Clock
    ) -> None:
        self._store = store
        self._bookings = bookings
        self._catalog = catalog
        self._audit = audit
        self._clock = clock

    async def search(self, wanted: Wanted, reason: str, staff: Staff) -> Results:
        """List at most 20 requests, the likeliest first; that staff saw them, and why, is recorded for each before."""
        household = Household(name="", kana=wanted.kana, address=wanted.address)

        async def judge(other: Alike) -> _Candidate | None:
            return await self._judged(other, household, wanted)

        compared = await compare(self._bookings, blocks_of_every_folding(household), judge)
        best = sorted(compared.found, key=_rank)[:MOST_FOUND]
        found = [one for one in await asyncio.gather(*(self._found(one) for one in best)) if one]
        await asyncio.gather(*(self._record(one.request, reason, staff) for one in found))
        return Results(found, is_cut=compared.is_cut or len(compared.found) > len(best))

    async def _judged(self, other: Alike, household: Household, wanted: Wanted) -> _Candidate | None:
        try:
            pickup = pickup_of((await self._catalog.edition(other.service, other.version)).definition)
        except (EditionDamaged, UnknownService):
            return None
        if pickup is None or other.status == "withdrawn":
            return None
        own = household_of(pickup, other.answers, None)
        born = read(other.answers, pickup.answers.birth_date) if pickup.answers.birth_date else None
        return _Candidate(
            reference=other.reference,
            household=own,
            likeness=likeness(household, own).score,
            is_born_then=isinstance(born, str) and born == wanted.birth_date,
        )

    async def _found(self, candidate: _Candidate) -> Found | None:
        """Read what is shown of a request; None where it has no booking any more, or cannot be read."""
        try:
            request = await self._store.read(candidate.reference)
        except UNUSABLE:
            return None
        booking = booking_of(request) if request else None
        if request is None or booking is None:
            return None
        return Found(
            request=request,
            booking=booking,
            household=candidate.household,
            likeness=candidate.likeness,
            is_born_then=candidate.is_born_then,
        )

    async def _record(self, request: Request, reason: str, staff: Staff) -> None:
        now = self._clock()
        await self._audit.append(audit.record("found_at_counter", request.reference, staff, now, reason=reason))


def _rank(candidate: _Candidate) -> tuple[bool, float, str]:
    return (not candidate.is_born_then, -candidate.likeness, candidate.reference)
