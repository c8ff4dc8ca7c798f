"""Finding requests that may be of one household: never refused, but shown to a person."""

import msgspec

from services.case import cases
from services.case import request as requests
from services.case.documents import Event
from services.case.ports import RequestStore
from services.case.request import Case, Changes, Request, Step
from services.catalog.service import Catalog
from services.errors import EditionDamaged, UnknownService
from services.pickup.asking import HOUSEHOLD, next_round
from services.pickup.booking.state import Booking
from services.pickup.entitlement.section import household_of, pickup_of
from services.pickup.households.alike import Alike
from services.pickup.households.comparing import Compared, compare
from services.pickup.households.households import POSSIBLE_DUPLICATE, Household, blocks_of_every_folding, likeness
from services.pickup.part import booking_of
from services.pickup.ports import Bookings
from services.times import Clock, Instant

MOST_NAMED = 50
"""References that the history of a request names, the likeliest of those that may be of the same household."""

type Match = tuple[float, str]
"""How likely (0 to 1), and which reference."""


class Matching:
    """Compare the household of a new request with those it shares a name, an address or a number with."""

    def __init__(self, store: RequestStore, bookings: Bookings, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._bookings = bookings
        self._catalog = catalog
        self._clock = clock

    async def take(self, case: Case, id_: str, _step: Step) -> Case:
        """Ask a person to judge where another request may be of the same household, and clear the step."""
        matches = await self._matches(case.request)

        def changes(read: Case) -> Changes:
            return (judged(read.request, id_, matches, self._clock()),) if id_ in read.request.pending else ()

        return await cases.change(self._store, case.request.reference, changes, case)

    async def _matches(self, request: Request) -> Compared[Match]:
        """Find live requests whose household is likely the same, but not known to be."""
        booking = booking_of(request)
        pickup = pickup_of((await self._catalog.edition(request.service, request.version)).definition)
        if booking is None or pickup is None:
            return Compared([], is_cut=False)
        own = household_of(pickup, request.answers, request.contact.phone)

        async def judge(other: Alike) -> Match | None:
            if other.reference == request.reference or _is_out_of_question(other, booking):
                return None
            score = likeness(own, await self._household(other)).score
            return (score, other.reference) if score >= POSSIBLE_DUPLICATE else None

        return await compare(self._bookings, blocks_of_every_folding(own), judge)

    async def _household(self, other: Alike) -> Household:
        """Return another household, nobody where the edition that it answers says nothing of it or cannot be read."""
        try:
            pickup = pickup_of((await self._catalog.edition(other.service, other.version)).definition)
        except (EditionDamaged, UnknownService):
            pickup = None
        return household_of(pickup, other.answers, other.phone) if pickup else Household(name="", kana="", address="")


def judged(request: Request, step: str, matches: Compared[Match], now: Instant) -> Request:
    """Clear the step, and ask a person about other requests that may be of the household; nothing is refused meanwhile.

    Where more share something than were compared, or more may be the same than are named, the history says so.
    """
    cleared = requests.without_step(request, step, now)
    found = sorted(matches.found, key=lambda match: (-match[0], match[1]))
    named = sorted(reference for _, reference in found[:MOST_NAMED])
    events = []
    if named:
        review = Step(kind="review", at=now, round=next_round(request, HOUSEHOLD), reason="possible_duplicate")
        cleared = requests.with_step(cleared, f"{step}.review", review)
        events.append(Event(id=f"{step}.found", at=now, event="possible_duplicate", note=" ".join(named)))
    if matches.is_cut or len(found) > len(named):
        events.append(Event(id=f"{step}.cut", at=now, event="not_all_compared" if matches.is_cut else "not_all_named"))
    return msgspec.structs.replace(cleared, history=(*cleared.history, *events))


def _is_out_of_question(other: Alike, booking: Booking) -> bool:
    """Tell whether a request need not be compared: it was withdrawn, or shares a key, which the grants deal with."""
    keys = {booking.household, *booking.formerly}
    return other.status == "withdrawn" or not keys.isdisjoint((other.household, *other.formerly))
