"""Finding requests that may be of one household: never refused, but shown to a person."""

from services import cases
from services.catalog.service import Catalog
from services.pickup import progress
from services.pickup.households import POSSIBLE_DUPLICATE, likeness
from services.pickup.plan import household_of
from services.ports import RequestStore
from services.requests import model as requests
from services.requests.model import Case, Changes, Request
from services.times import Clock

COMPARED = 50
"""Requests that share something with a new one and are compared with it."""


class Matching:
    """Compare the household of a new request with those it shares a name, an address or a number with."""

    def __init__(self, store: RequestStore, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock

    async def take(self, case: Case, id_: str) -> Case:
        """Ask a person to judge where another request may be of the same household, and clear the step."""
        found = await self._alike(case.request)

        def changes(read: Case) -> Changes:
            if id_ not in read.request.pending:
                return ()
            now = self._clock()
            if not found:
                return (requests.without_step(read.request, id_, now),)
            return (progress.may_be_the_same(read.request, id_, found, now),)

        return await cases.change(self._store, case.request.reference, changes, case)

    async def _alike(self, request: Request) -> tuple[str, ...]:
        """Return the references of live requests whose household is likely the same, but not known to be."""
        booking = request.booking
        pickup = (await self._catalog.edition(request.service, request.version)).definition.pickup
        if booking is None or pickup is None:
            return ()
        own = household_of(pickup, request.answers, request.contact.phone)
        found = []
        for other in await self._store.sharing(booking.blocks, COMPARED):
            if other.reference == request.reference or other.booking is None or other.status == "withdrawn":
                continue
            if other.booking.household == booking.household:
                continue
            if likeness(own, household_of(pickup, other.answers, other.contact.phone)).score >= POSSIBLE_DUPLICATE:
                found.append(other.reference)
        return tuple(sorted(found))
