"""Handing supplies over at the counter: the slot decides once, stock moves with it, the request follows."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from services import times
from services.case import audit, cases
from services.case import request as requests
from services.case.documents import Event, must_not_be_newer
from services.case.ports import AuditLog, RequestStore
from services.case.receipts import read_reference
from services.case.request import Case, Changes, Request, Step
from services.case.task import Staff
from services.catalog.model import Definition
from services.catalog.service import Catalog
from services.errors import (
    UNUSABLE,
    FieldError,
    InvalidSubmission,
    StoreUnavailable,
    UnknownRequest,
    WriteConflict,
)
from services.pickup import deliveries
from services.pickup.booking import progress
from services.pickup.booking.state import HAS_PLACE, Booking, Place
from services.pickup.entitlement.grants import Grants
from services.pickup.entitlement.section import pickup_of
from services.pickup.errors import AlreadyHandedOver, NothingDue
from services.pickup.part import booked, booking_of
from services.pickup.ports import SiteStore
from services.pickup.slots import turns
from services.pickup.stock.sites import Move, Site, Slot
from services.times import Clock, Instant

ATTEMPTS = 4
LONGEST_OFFLINE = 24 * 3600.0
"""Seconds by which the counter's own time of a hand-over may lie in the past."""
CODE_PREFIX = "MADOGUCHI:"
"""Stands before the reference in a pickup code, so that no other QR code is taken for one."""


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """Say who received what: `id` is the counter's own, and makes a repeat the same hand-over.

    `lines` are the units handed over where they are fewer than those due; `at` is when it was done, if offline.
    """

    id: str
    receiver: Literal["household", "proxy"]
    proxy_name: str | None = None
    lines: dict[str, int] | None = None
    at: Instant | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """Show the counter a household: what is due where and when, or what was handed over already.

    `definition` is that of the edition the request answered: it names the items, and where the answers stand.
    """

    request: Request
    booking: Booking
    definition: Definition
    site: Site | None
    due: dict[str, int]
    handed_over: Move | None = None


class Counter:
    """Serve staff at a pickup site."""

    def __init__(
        self,
        store: RequestStore,
        sites: SiteStore,
        grants: Grants,
        catalog: Catalog,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sites = sites
        self._grants = grants
        self._catalog = catalog
        self._audit = audit
        self._clock = clock

    async def card(self, reference: str, staff: Staff) -> Card:
        """Show what is due to a request, once the look is on record. Raises UnknownRequest, NothingDue."""
        request = await self._find(reference)
        await self._audit.append(audit.record("viewed_at_counter", request.reference, staff, self._clock()))
        return await self.show(request)

    async def show(self, request: Request) -> Card:
        """Show what is due to a request, once the look is on record; raises NothingDue where it has no booking."""
        booking = booking_of(request)
        if booking is None:
            raise NothingDue("no_booking")
        place = booking.place
        slot = await self._sites.slot(place.site, place.slot) if place else None
        key = turns.key_of(request.reference, place.round) if place else ""
        move = await self.handed_over(request)
        return await self._card(request, slot.lines(key) if slot and not move else {}, move)

    async def handed_over(self, request: Request) -> Move | None:
        """Read what was handed over to a request at its place, None where nothing was."""
        place = booked(request).place
        key = turns.key_of(request.reference, place.round) if place else ""
        return await self._sites.move(place.site, _move_id(key)) if place else None

    async def hand_over(self, reference: str, handed: HandOver, staff: Staff) -> Card:
        """Record a hand-over, once; the same id of the same clerk again gives the same answer.

        Raises UnknownRequest, NothingDue where no place is held, InvalidSubmission where the lines are not of what is
        due, and AlreadyHandedOver where another counter did it.
        """
        request = await self._find(reference)
        record = audit.record("handed_over", request.reference, staff, self._clock(), operation=handed.id)
        await self._audit.append(record)
        booking = booking_of(request)
        if booking is None:
            raise NothingDue("no_booking")
        if booking.place and booking.state in HAS_PLACE:
            move: Move | None = await self._hand_over(request, booking.place, handed, staff)
        else:
            move = await self.handed_over(request)
        if booking.place is None or move is None:
            raise NothingDue(booking.state)
        if move.operation != handed.id or move.by_id not in (staff.id, None):
            raise AlreadyHandedOver(move.at, move.by or "")
        followed = await self._follow(request, booking.place, move, handed.proxy_name)
        return await self._card(followed, {}, move)

    async def follow(self, reference: str, place: Place) -> bool:
        """Record on a request what was handed over for it at a place; return False where it cannot be read yet."""
        request = await self._store.read(reference)
        move = await self._sites.move(place.site, _move_id(turns.key_of(reference, place.round)))
        if not (request and booking_of(request) and move):
            return False
        await self._follow(request, place, move)
        return True

    async def deliver(self, case: Case, id_: str, _step: Step) -> Case:
        """Hand over what a task took to its household, and clear the step; each part may run twice."""
        done = case.tasks[deliveries.task_of(id_)].history[-1]
        driver = Staff(id=done.by_id or "", name=done.by or "")
        place = booked(case.request).place
        handed = HandOver(id=id_, receiver="household", at=done.at)
        move = await self._delivered(case.request, place, handed, driver) if place else None
        if place and move:
            await self._follow(case.request, place, move)

        def changes(read: Case) -> Changes:
            if id_ not in read.request.pending:
                return ()
            if move is None and booked(read.request).place != place:
                raise WriteConflict("the place has changed since it was read")
            now = self._clock()
            served = read.request if move else deliveries.without_place(read.request, id_, now)
            return (requests.without_step(served, id_, now),)

        return await cases.change(self._store, case.request.reference, changes)

    async def _delivered(self, request: Request, place: Place, handed: HandOver, by: Staff) -> Move | None:
        """Hand over at the place of a request, None where nothing is held there any more."""
        try:
            return await self._hand_over(request, place, handed, by)
        except NothingDue:
            return None

    async def _find(self, typed: str) -> Request:
        """Read the request of a reference as it was typed or scanned; raises UnknownRequest."""
        known = read_reference(typed.strip().upper().removeprefix(CODE_PREFIX))
        request = await self._store.read(known) if known else None
        if request is None:
            raise UnknownRequest()
        return request

    async def _card(self, request: Request, due: dict[str, int], move: Move | None) -> Card:
        booking = booked(request)
        return Card(
            request=request,
            booking=booking,
            definition=(await self._catalog.edition(request.service, request.version)).definition,
            site=await self._site(booking.place) if booking.place else None,
            due=due,
            handed_over=move,
        )

    async def _site(self, place: Place) -> Site | None:
        """Read the site of a place; None where it is not there, or cannot be read: who stands there is served."""
        try:
            return await self._sites.site(place.site)
        except UNUSABLE:
            return None

    async def _follow(self, request: Request, place: Place, move: Move, proxy: str | None = None) -> Request:
        """Finish the task of the hand-over, note the name of a proxy, and keep what was granted."""
        pickup = pickup_of((await self._catalog.edition(request.service, request.version)).definition)
        booking = booked(request)
        route = pickup.routes.get(booking.method) if pickup else None

        def changes(read: Case) -> Changes:
            return _noted(read, progress.collected(read, place, move, route, self._clock()), move, proxy)

        case = await cases.change(self._store, request.reference, changes)
        await self._grants.served(booked(case.request), request.reference, move.at)
        return case.request

    async def _hand_over(self, request: Request, place: Place, handed: HandOver, by: Staff) -> Move:
        """Write the turn and the move in one batch; where that was done before, return the move that is stored.

        Raises NothingDue where the place has ended, and StoreUnavailable where place or move cannot be read yet.
        """
        key = turns.key_of(request.reference, place.round)
        for _ in range(ATTEMPTS):
            slot = await self._sites.slot(place.site, place.slot)
            entry = slot.entries.get(key) if slot else None
            turn = turns.collect(slot, key, handed.lines) if slot else None
            if entry.state == "ended" if entry else booked(request).is_past(place):
                raise NothingDue("ended")
            if slot is None or turn is None:
                known = await self._sites.move(place.site, _move_id(key)) if entry else None
                if known is None:
                    raise StoreUnavailable(f"{place.name} was read from behind")
                return known
            must_not_be_newer(place.name, slot.schema_version)
            _refuse(_problems_of_lines(handed.lines, slot.lines(key)))
            move = _move(slot, key, request, turn.given, handed, by, self._clock())
            if await self._sites.turn(place.site, place.slot, turn, move):
                return move
        raise WriteConflict(f"{ATTEMPTS} turns in a row were overtaken")


def _move_id(key: str) -> str:
    return f"{key}.handed_over"


def _move(
    slot: Slot, key: str, request: Request, given: dict[str, int], handed: HandOver, by: Staff, now: Instant
) -> Move:
    """Return the move that takes what was given out of stock.

    The counter's own time counts if it lies within the last 24 hours (`LONGEST_OFFLINE`).
    """
    oldest = times.later(now, -LONGEST_OFFLINE)
    at = handed.at if handed.at and oldest <= handed.at <= now else now
    return Move(
        id=_move_id(key),
        site_id=slot.site_id,
        kind="handed_over",
        at=at,
        lines={item: -units for item, units in given.items()},
        slot=slot.id,
        reference=request.reference,
        by=by.name,
        by_id=by.id or None,
        operation=handed.id,
        receiver=handed.receiver,
    )


def _noted(read: Case, changes: Changes, move: Move, proxy: str | None) -> Changes:
    """Note who received for the household; the name stands in the history of the request alone."""
    request = next((changed for changed in changes if isinstance(changed, Request)), read.request)
    id_, by, by_id = f"{move.id}.proxy", move.by, move.by_id
    event = Event(id=id_, at=move.at, event="received_by_proxy", by=by, by_id=by_id, note=proxy)
    if not proxy or request.has(event.id):
        return changes
    noted = msgspec.structs.replace(request, history=(*request.history, event))
    return (noted, *(changed for changed in changes if not isinstance(changed, Request)))


def _refuse(problems: Iterator[FieldError]) -> None:
    errors = tuple(problems)
    if errors:
        raise InvalidSubmission(errors)


def _problems_of_lines(lines: dict[str, int] | None, due: dict[str, int]) -> Iterator[FieldError]:
    if lines is None:
        return
    for item, units in lines.items():
        if item not in due:
            yield FieldError(f"/lines/{item}", "not_due")
        elif units > due[item]:
            yield FieldError(f"/lines/{item}", "maximum", {"limit": due[item]})
        elif units < 0:
            yield FieldError(f"/lines/{item}", "minimum", {"limit": 0})
    if not any(lines.values()):
        yield FieldError("/lines", "minimum", {"limit": 1})
