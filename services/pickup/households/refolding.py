"""Rewriting what an older folding made by the folding of today: keys, blocks and the grants under former keys."""

import logging
from typing import Literal

import msgspec

from services import side_by_side
from services.case import cases
from services.case.documents import Event
from services.case.ports import RequestStore
from services.case.request import Case, Changes, Request
from services.catalog.service import Catalog
from services.errors import UNUSABLE, UnknownService, WriteConflict
from services.pickup.booking.state import Booking
from services.pickup.entitlement.grants import Grants
from services.pickup.entitlement.section import folded_anew, pickup_of
from services.pickup.households.households import FOLDING
from services.pickup.part import booked, booking_of, with_booking
from services.pickup.ports import Bookings
from services.times import Clock, Instant

SLICE = 500
"""Requests that one call looks at."""
SIDE_BY_SIDE = 16

log = logging.getLogger("madoguchi.pickup")

type Outcome = Literal["rewritten", "rekeyed", "left", "done"]
"""`rekeyed` is rewritten with another key; `left` is on its way or not to be read yet, `done` was folded before."""


class Refolded(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Count what a slice did, or in a dry run would do; `next` is where the following one begins, None after the last.

    `rekeyed` of the rewritten have another key, so that grants moved; `left` are those for another run.
    """

    at: Instant
    dry_run: bool
    looked_at: int
    rewritten: int
    rekeyed: int
    left: int
    next: str | None


class Refolding:
    """Fold anew what was folded before; may stop anywhere and run twice, or in two places at once."""

    def __init__(
        self, store: RequestStore, bookings: Bookings, grants: Grants, catalog: Catalog, secret: bytes, clock: Clock
    ) -> None:
        self._store = store
        self._bookings = bookings
        self._grants = grants
        self._catalog = catalog
        self._secret = secret
        self._clock = clock

    async def run(self, after: str = "", *, dry_run: bool) -> Refolded:
        """Fold the next slice after a reference anew, or say what that would do."""
        references = await self._bookings.folded_before(FOLDING, after, SLICE)
        outcomes = await side_by_side.each(references, lambda one: self._one(one, dry_run), SIDE_BY_SIDE)
        rekeyed = outcomes.count("rekeyed")
        report = Refolded(
            at=self._clock(),
            dry_run=dry_run,
            looked_at=len(references),
            rewritten=outcomes.count("rewritten") + rekeyed,
            rekeyed=rekeyed,
            left=outcomes.count("left"),
            next=references[-1] if len(references) == SLICE else None,
        )
        log.info("refolding: %d looked at, %d rewritten, %d left", report.looked_at, report.rewritten, report.left)
        return report

    async def _one(self, reference: str, dry_run: bool) -> Outcome:
        try:
            return await self._folded(reference, dry_run)
        except (*UNUSABLE, UnknownService):
            return "left"

    async def _folded(self, reference: str, dry_run: bool) -> Outcome:
        case = await self._store.load(reference)
        booking = booking_of(case.request) if case else None
        if case is None or booking is None:
            return "left"
        if booking.folding == FOLDING:
            return "done"
        if _is_on_its_way(case.request, booking):
            return "left"
        anew = await self._anew(case.request, booking)
        if not dry_run and not await self._is_folded(case, anew):
            return "left"
        return "rekeyed" if anew.formerly else "rewritten"

    async def _is_folded(self, case: Case, anew: Booking) -> bool:
        """Fold a request anew, and tell whether that was done: other writers may have been first on every try."""
        try:
            case = await (self._rekey(case, anew) if anew.formerly else self._write(case, anew))
        except WriteConflict:
            return False
        return booked(case.request).folding == FOLDING

    async def _anew(self, request: Request, booking: Booking) -> Booking:
        pickup = pickup_of((await self._catalog.edition(request.service, request.version)).definition)
        if pickup is None:
            return msgspec.structs.replace(booking, folding=FOLDING)
        return folded_anew(pickup, request.answers, request.contact.phone, booking, self._secret)

    async def _rekey(self, case: Case, anew: Booking) -> Case:
        """Let the household have its grants under both keys, then the request its key, and only then end the old ones.

        The folding is written last: until then another run finds the request again, and mends what was left.
        """
        policies = await self._policies(case.request, anew)
        reference = case.request.reference
        await self._grants.adopt(anew, reference, policies)
        case = await self._write(case, msgspec.structs.replace(anew, folding=booked(case.request).folding))
        if booked(case.request).household != anew.household:
            return case
        await self._grants.adopt(anew, reference, policies)
        if booked(case.request).state == "collected":
            await self._grants.keep(anew, reference)
        await self._grants.leave(anew, reference, policies)
        return await self._write(case, anew)

    async def _policies(self, request: Request, booking: Booking) -> list[str]:
        """Return every policy under which a request may have been granted something."""
        pickup = pickup_of((await self._catalog.edition(request.service, request.version)).definition)
        of_service = {policy.id for policy in pickup.supplies.policies} if pickup else set()
        return sorted({*booking.policies, *of_service})

    async def _write(self, case: Case, anew: Booking) -> Case:
        """Write key, blocks and folding, where the answers are those they were made of and nothing is on its way."""
        answers = case.request.answers

        def changes(read: Case) -> Changes:
            if read.request.answers != answers:
                return ()
            changed = refolded(read.request, anew, self._clock())
            return () if changed == read.request else (changed,)

        return await cases.change(self._store, case.request.reference, changes, case)


def refolded(request: Request, anew: Booking, now: Instant) -> Request:
    """Let a booking have the key, blocks and folding of another; another key is told in the history, once."""
    booking = booked(request)
    if booking.folding == FOLDING or _is_on_its_way(request, booking):
        return request
    changed = msgspec.structs.replace(
        booking, household=anew.household, blocks=anew.blocks, folding=anew.folding, formerly=anew.formerly
    )
    event = Event(id=f"refolded.{FOLDING}", at=now, event="refolded")
    is_told = booking.household == anew.household or request.has(event.id)
    history = request.history if is_told else (*request.history, event)
    return msgspec.structs.replace(with_booking(request, changed), history=history)


def _is_on_its_way(request: Request, booking: Booking) -> bool:
    """Tell whether grants may just be taken under the key that the booking has: a place is asked for, or corrected."""
    return booking.asks is not None or any(step.kind == "correct" for step in request.pending.values())
