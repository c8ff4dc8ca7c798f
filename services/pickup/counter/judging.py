"""What a person decides of a household that was served under another request already."""

from services.case import audit, cases
from services.case.ports import AuditLog, RequestStore
from services.case.receipts import read_reference
from services.case.request import Case, Changes
from services.case.task import Staff
from services.errors import UnknownRequest
from services.pickup.booking import progress
from services.pickup.booking.reservations import Reservations
from services.pickup.counter.counter import Card, Counter
from services.pickup.errors import NothingDue
from services.pickup.part import booking_of
from services.times import Clock


class Judging:
    """Let staff serve a household again."""

    def __init__(
        self, store: RequestStore, reservations: Reservations, counter: Counter, audit: AuditLog, clock: Clock
    ) -> None:
        self._store = store
        self._reservations = reservations
        self._counter = counter
        self._audit = audit
        self._clock = clock

    async def override(self, reference: str, reason: str, staff: Staff) -> Card:
        """Serve a household again for a reason, and look for its place; the same reason again changes nothing.

        Raises UnknownRequest, and NothingDue where the household was not refused as served already.
        """
        known = read_reference(reference)
        request = await self._store.read(known) if known else None
        if request is None:
            raise UnknownRequest()
        await self._audit.append(audit.record("served_again", request.reference, staff, self._clock(), reason=reason))

        def changes(read: Case) -> Changes:
            booking = booking_of(read.request)
            if booking and booking.override == reason and booking.state != "already":
                return ()
            if booking is None or booking.state != "already":
                raise NothingDue(booking.state if booking else "no_booking")
            return (progress.overridden(read.request, reason, staff, self._clock()),)

        case = await cases.change(self._store, request.reference, changes)
        return await self._counter.show((await self._reservations.take_now(case)).request)
