"""Correcting at the counter what a request says of its household, with everything that follows for grants and place."""

from collections.abc import Callable
from typing import Any

import msgspec

from services import times
from services.case import audit, cases
from services.case import request as requests
from services.case.ports import AuditLog, RequestStore
from services.case.receipts import read_reference
from services.case.request import Case, Changes, Request, Step
from services.case.task import Staff
from services.catalog.forms import hidden, unsendable
from services.catalog.routing import CompiledService
from services.catalog.service import Catalog
from services.errors import FieldError, InvalidSubmission, UnknownRequest
from services.pickup.booking.granting import Granting
from services.pickup.booking.reservations import Reservations
from services.pickup.booking.state import HAS_PLACE, Booking, Correction
from services.pickup.counter import correction_rules
from services.pickup.counter.counter import Card, Counter
from services.pickup.entitlement.grants import Grants
from services.pickup.entitlement.section import booking_for, household_of, pickup_of
from services.pickup.errors import NothingDue
from services.pickup.part import booked, corrections_of, takings
from services.pickup.ports import SiteStore
from services.pickup.slots import turns
from services.times import Clock


class Amendment(msgspec.Struct, frozen=True, kw_only=True):
    """Say what is corrected, as a merge patch (RFC 7396) of the answers, and why; `id` makes a repeat the same."""

    id: str
    answers: dict[str, Any]
    reason: str


class Corrected(msgspec.Struct, frozen=True):
    """Show the household as it is now; `keeps_units`: its place has the old units, the new are not free."""

    card: Card
    keeps_units: bool


class Correcting:
    """Let staff correct a household; the step that makes a correction may run twice."""

    def __init__(
        self,
        store: RequestStore,
        sites: SiteStore,
        reservations: Reservations,
        grants: Grants,
        granting: Granting,
        counter: Counter,
        catalog: Catalog,
        audit: AuditLog,
        secret: bytes,
        clock: Clock,
    ) -> None:
        self._store = store
        self._sites = sites
        self._reservations = reservations
        self._grants = grants
        self._granting = granting
        self._counter = counter
        self._catalog = catalog
        self._audit = audit
        self._secret = secret
        self._clock = clock

    async def correct(self, reference: str, amendment: Amendment, staff: Staff) -> Corrected:
        """Correct what a request says of its household, once; the same id of the same clerk gives the same answer.

        Raises UnknownRequest, InvalidSubmission where the answers would not fit the form that was answered,
        TooManyCorrections, and NothingDue, with its state, where there is nothing to correct any more: it was
        collected, or has ended.
        """
        known = read_reference(reference)
        case = await self._store.load(known) if known else None
        if case is None:
            raise UnknownRequest()
        await self._record(case.request.reference, amendment, staff)
        case = await self._ask(case, amendment, staff)
        case = await self._make_due(case, correction_rules.step_of(amendment.id))
        if not case.request.has(correction_rules.step_of(amendment.id)):
            raise NothingDue(booked(case.request).state)
        card = await self._counter.show(case.request)
        return Corrected(card, correction_rules.keeps_units(case.request, amendment.id))

    async def take(self, case: Case, id_: str, _step: Step) -> Case:
        """Make the correction of a step, and clear it."""
        return await self._make_due(case, id_)

    async def _make_due(self, case: Case, id_: str) -> Case:
        """Take the new grants, write the correction, and only then give up the old ones."""
        if id_ not in case.request.pending:
            return case
        case = await self._reservations.take_now(case)
        corrected = await self._due_after(case.request, correction_rules.of(case.request, id_))
        if not case.request.has(id_):
            case = await self._make(case, id_, corrected)
        await self._give_up_others(case.request, correction_rules.of(case.request, id_), corrected)
        case = await self._follow(case, id_, lambda read: requests.without_step(read, id_, self._clock()))
        return await self._reservations.take_now(case)

    async def _ask(self, case: Case, amendment: Amendment, staff: Staff) -> Case:
        """Write down what is to be corrected, unless it stands there already."""
        request = case.request
        asked = next((one for one in corrections_of(request) if one.id == amendment.id), None)
        is_other = asked and (asked.answers, asked.reason) != (amendment.answers, amendment.reason)
        if is_other or (asked and asked.by_id not in (staff.id, None)):
            raise InvalidSubmission((FieldError("/id", "used_before"),))
        if asked:
            return case
        await self._must_not_be_collected(request)
        service = await self._catalog.edition(request.service, request.version)
        new = Correction(
            id=amendment.id,
            at=self._clock(),
            by=staff.name,
            by_id=staff.id,
            reason=amendment.reason,
            answers=amendment.answers,
        )

        def changes(read: Case) -> Changes:
            if any(one.id == new.id for one in corrections_of(read.request)):
                return ()
            correction_rules.must_be_correctable(read.request)
            self._must_fit(service, read.request, new)
            return (correction_rules.asked(read.request, new),)

        return await cases.change(self._store, request.reference, changes, case)

    async def _must_not_be_collected(self, request: Request) -> None:
        """Raise NothingDue where supplies were handed over; the slot knows of it before the request does."""
        correction_rules.must_be_correctable(request)
        if await self._counter.handed_over(request):
            raise NothingDue("collected")

    def _must_fit(self, service: CompiledService, request: Request, amendment: Correction) -> None:
        """Raise InvalidSubmission with everything that does not fit the form, or leaves nothing to be due."""
        definition = service.definition
        pickup = pickup_of(definition)
        errors = list(correction_rules.problems_of_patch(pickup, amendment.answers)) if pickup else []
        answers = correction_rules.merged(request.answers, amendment.answers)
        of_form = (
            *unsendable(answers),
            *hidden(amendment.answers),
            *service.errors(answers, times.day_in_japan(request.received_at)),
        )
        errors += [msgspec.structs.replace(e, pointer=f"/answers{e.pointer}") for e in of_form]
        if not errors and self._booking(service, request, amendment) is None:
            errors.append(FieldError("/answers", "nothing_left"))
        if errors:
            raise InvalidSubmission(tuple(errors), phone=definition.phone, form=definition.form)

    async def _due_after(self, request: Request, correction: Correction) -> Booking:
        service = await self._catalog.edition(request.service, request.version)
        return self._booking(service, request, correction) or booked(request)

    def _booking(self, service: CompiledService, request: Request, correction: Correction) -> Booking | None:
        """Work out what the corrected household is due; merging a patch twice gives the same answers."""
        pickup = pickup_of(service.definition)
        if pickup is None:
            return None
        answers = correction_rules.merged(request.answers, correction.answers)
        household = household_of(pickup, answers, request.contact.phone)
        return booking_for(pickup, answers, household, secret=self._secret, since=request.received_at)

    async def _make(self, case: Case, id_: str, corrected: Booking) -> Case:
        booking = correction_rules.due_after(booked(case.request), corrected)
        needed = correction_rules.needs_grants(booking)
        is_used_up = needed and await self._granting.is_used_up(case.request, booking)
        swaps = await self._has_other_units(case.request, booking)
        return await self._follow(
            case,
            id_,
            lambda read: correction_rules.made(read, id_, corrected, self._clock(), is_used_up=is_used_up, swaps=swaps),
        )

    async def _has_other_units(self, request: Request, booking: Booking) -> bool:
        """Tell whether the units of a place differ from those due, among the items that its slot hands out."""
        place = booking.place if booking.state in HAS_PLACE else None
        slot = await self._sites.slot(place.site, place.slot) if place else None
        if place is None or slot is None:
            return False
        due = {item: units for item, units in booking.lines.items() if item in slot.allotted}
        return slot.lines(turns.key_of(request.reference, place.round)) != due

    async def _give_up_others(self, request: Request, correction: Correction, corrected: Booking) -> None:
        """Give up every grant, old or new, that the booking does not use; where a person has to judge, all of them."""
        stands = booked(request)
        old = msgspec.structs.replace(
            stands, household=correction.household or stands.household, policies=correction.policies
        )
        for grants in (old, correction_rules.due_after(stands, corrected)):
            keeps = stands.state != "already" and grants.household == stands.household
            others = tuple(policy for policy in grants.policies if not (keeps and policy in stands.policies))
            unused = msgspec.structs.replace(grants, policies=others)
            await self._grants.give_up(unused, request.reference, takings(request))

    async def _follow(self, case: Case, id_: str, decide: Callable[[Request], Request]) -> Case:
        def changes(read: Case) -> Changes:
            changed = decide(read.request) if id_ in read.request.pending else read.request
            return () if changed == read.request else (changed,)

        return await cases.change(self._store, case.request.reference, changes, case)

    async def _record(self, reference: str, amendment: Amendment, staff: Staff) -> None:
        now, why = self._clock(), amendment.reason
        await self._audit.append(audit.record("corrected", reference, staff, now, reason=why, operation=amendment.id))
