"""Finding residents who come without any code: by the name's kana, address and birth date, each look on record."""

import asyncio

import msgspec

from services import audit
from services.catalog.service import Catalog
from services.pickup.booking import Booking
from services.pickup.households import Household, blocks_of, likeness
from services.pickup.plan import Pickup, household_of, read
from services.ports import AuditLog, RequestStore
from services.requests.model import Request
from services.tasks.model import Staff
from services.times import Clock

COMPARED = 100
"""Requests that share the kana or the address and are compared with what was asked for."""
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


class Searching:
    """Find requests for staff at the counter."""

    def __init__(self, store: RequestStore, catalog: Catalog, audit: AuditLog, clock: Clock) -> None:
        self._store = store
        self._catalog = catalog
        self._audit = audit
        self._clock = clock

    async def search(self, wanted: Wanted, reason: str, staff: Staff) -> list[Found]:
        """List at most 20 requests, the likeliest first; that staff saw them, and why, is recorded for each before."""
        household = Household(name="", kana=wanted.kana, address=wanted.address)
        shared = await self._store.sharing(blocks_of(household), COMPARED)
        compared = [await self._compared(request, household, wanted) for request in shared]
        found = sorted((one for one in compared if one), key=_rank)[:MOST_FOUND]
        await asyncio.gather(*(self._record(one.request, reason, staff) for one in found))
        return found

    async def _compared(self, request: Request, household: Household, wanted: Wanted) -> Found | None:
        pickup = (await self._catalog.edition(request.service, request.version)).definition.pickup
        if pickup is None or request.booking is None or request.status == "withdrawn":
            return None
        own = household_of(pickup, request.answers, None)
        return Found(
            request=request,
            booking=request.booking,
            household=own,
            likeness=likeness(household, own).score,
            is_born_then=wanted.birth_date is not None and wanted.birth_date == _born(pickup, request),
        )

    async def _record(self, request: Request, reason: str, staff: Staff) -> None:
        now = self._clock()
        await self._audit.append(audit.record("found_at_counter", request.reference, staff, now, reason=reason))


def _born(pickup: Pickup, request: Request) -> str | None:
    pointer = pickup.answers.birth_date
    answer = read(request.answers, pointer) if pointer else None
    return answer if isinstance(answer, str) else None


def _rank(found: Found) -> tuple[bool, float, str]:
    return (not found.is_born_then, -found.likeness, found.request.reference)
