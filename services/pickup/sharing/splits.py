"""Splitting a slot's short stock among those who wait: preview every rule, decide once, then give out the shares."""

import asyncio
import logging
from collections.abc import Iterator
from typing import get_args

import msgspec

from services import conflicts, side_by_side
from services.case import cases
from services.case.documents import Event
from services.case.ports import RequestStore
from services.case.request import Request
from services.case.task import Staff
from services.catalog.service import Catalog
from services.errors import FieldError, InvalidSubmission, StoreUnavailable, UnknownRequest, WriteConflict
from services.pickup.booking import progress
from services.pickup.booking.reservations import Reservations
from services.pickup.entitlement.section import pickup_of
from services.pickup.errors import AlreadyDecided, LookAgain, NotForSplit, SlotClosed, UnknownSlot
from services.pickup.ports import Bookings, SiteStore
from services.pickup.sharing.split_rules import Decision, Rule, Share, Split, Want, basis_of, decision_id, split
from services.pickup.stock.fields import SplitFields, problems_of_split, refuse
from services.pickup.stock.keeping import Keeping
from services.pickup.stock.sites import DECIDED, Slot
from services.times import Clock, Instant

RULES: tuple[Rule, ...] = get_args(Rule.__value__)
MOST_IN_A_SPLIT = 500
"""Households of the line that one split looks at, from the front; whoever comes behind stays in the line."""
FOLLOWED_SIDE_BY_SIDE = 16
FOLLOWED_WITHIN = 10.0
"""Seconds for which an officer waits for the households to follow."""

log = logging.getLogger("madoguchi.pickup")


class WaitingLine(msgspec.Struct, frozen=True, kw_only=True):
    """Hold who waits for what a slot hands out, in the order of the receipts; `more` wait behind them."""

    wants: tuple[Want, ...]
    more: bool


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """Show every rule over those who wait for a slot, or what was decided; `basis` is a digest of what is shown."""

    slot: Slot
    line: WaitingLine
    basis: str
    splits: tuple[Split, ...]
    decided: Decision | None = None


class Splits:
    """Let officers split a slot; every part may run twice, and whoever looks next finishes what was left."""

    def __init__(
        self,
        store: RequestStore,
        bookings: Bookings,
        sites: SiteStore,
        keeping: Keeping,
        reservations: Reservations,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._bookings = bookings
        self._sites = sites
        self._keeping = keeping
        self._reservations = reservations
        self._catalog = catalog
        self._clock = clock

    async def preview(self, site: str, slot: str) -> Preview:
        """Show what each rule would grant, or what was decided; nothing is written. Raises UnknownSite, UnknownSlot."""
        found = await self._slot(site, slot)
        line = await self._line(found)
        decided = await self._sites.decision(site, slot) if found.has(DECIDED) else None
        rules = () if decided else RULES
        return Preview(
            slot=found,
            line=line,
            basis=_basis(found, line),
            splits=tuple(split(line.wants, found.free, rule) for rule in rules),
            decided=decided,
        )

    async def decide(self, site: str, slot: str, fields: SplitFields, staff: Staff) -> Preview:
        """Split a slot by a rule, once, and give out the shares; the same id again finishes what was left.

        Shares that cannot be given in time, or because a store does not answer, are left to the tending of slots: the
        decision stands.

        Raises UnknownSite, UnknownSlot, InvalidSubmission (also where more households are served than there are
        places), NotForSplit, SlotClosed, LookAgain where the basis is not that of now, and AlreadyDecided.
        """
        refuse(problems_of_split(fields))
        await self._decided(site, slot, fields, staff)
        try:
            async with asyncio.timeout(FOLLOWED_WITHIN):
                await self.follow(site, slot)
        except (TimeoutError, StoreUnavailable, WriteConflict):
            log.warning("the split of %s.%s is left to the clock", site, slot)
        return await self.preview(site, slot)

    async def follow(self, site: str, slot: str) -> None:
        """Give every household the share that was decided, and then open the slot for what is left of it."""
        found = await self._sites.slot(site, slot)
        if found is None or not found.is_being_split:
            return
        decision = await self._sites.decision(site, slot)
        if decision is None:
            raise StoreUnavailable(f"{site}.{slot} was split, and its decision is not to be read yet")
        if found.is_open and found.starts > self._clock():
            await self._follow(decision)
        await self._finish(site, slot)

    async def _slot(self, site: str, slot: str) -> Slot:
        found = (await self._keeping.site(site)).slots.get(slot)
        if found is None:
            raise UnknownSlot()
        return found

    async def _line(self, slot: Slot) -> WaitingLine:
        waiting = await self._bookings.waiting(slot.method, MOST_IN_A_SPLIT + 1)
        wants = (
            Want(
                reference=one.reference,
                since=one.since,
                members=one.members,
                flagged=one.flagged,
                lines={item: units for item, units in one.lines.items() if item in slot.allotted},
            )
            for one in waiting[:MOST_IN_A_SPLIT]
        )
        return WaitingLine(wants=tuple(want for want in wants if want.lines), more=len(waiting) > MOST_IN_A_SPLIT)

    async def _decided(self, site: str, slot: str, fields: SplitFields, staff: Staff) -> None:
        """Write the decision together with the slot it is about, or recognise it as written."""
        for attempt in range(conflicts.ATTEMPTS):
            found = await self._slot(site, slot)
            known = await self._sites.decision(site, slot)
            if known:
                _must_be_the_same(known, fields, staff)
                return
            decision = _decision(found, await self._line(found), fields, staff, self._clock())
            try:
                await self._sites.save(site, (_with_decision(found, decision), decision))
            except WriteConflict:
                await conflicts.pause(attempt)
        raise WriteConflict(conflicts.OVERTAKEN)

    async def _follow(self, decision: Decision) -> None:
        async def one(share: Share) -> None:
            try:
                await self._give(decision, share)
            except UnknownRequest as error:
                raise WriteConflict(f"{share.reference} has a share, and is not to be read yet") from error

        await side_by_side.each([share for share in decision.shares if share.granted], one, FOLLOWED_SIDE_BY_SIDE)

    async def _give(self, decision: Decision, share: Share) -> None:
        """Let a household ask for its share; skip one that surely left the line meanwhile: its share stays free."""
        name = f"{decision.site_id}.{decision.slot}"
        policies = await self._policies(share)

        def apportion(read: Request) -> Request:
            return progress.apportioned(read, name, decision.rule, share, policies, self._clock())

        for _ in range(conflicts.ATTEMPTS):
            request = await self._reservations.follow(share.reference, apportion)
            if request.has(progress.split_of(name)):
                return
            if not progress.is_in_line(request) and not progress.is_in_line(
                await cases.certain(self._store, share.reference)
            ):
                return
        raise WriteConflict(f"{share.reference} was called elsewhere {conflicts.ATTEMPTS} times in a row")

    async def _policies(self, share: Share) -> tuple[str, ...]:
        """Return the policies of the items that were granted: those that were not use up no quota."""
        request = await self._store.read(share.reference)
        if request is None:
            raise UnknownRequest()
        pickup = pickup_of((await self._catalog.edition(request.service, request.version)).definition)
        items = pickup.supplies.items if pickup else ()
        return tuple(sorted({item.policy for item in items if item.id in share.granted}))

    async def _finish(self, site: str, slot: str) -> None:
        """Open the slot for what is left, first to those who wait."""
        for attempt in range(conflicts.ATTEMPTS):
            found = await self._sites.slot(site, slot)
            if found is None or not found.is_being_split:
                return
            try:
                await self._sites.save(site, [_finished(found, self._clock())])
            except WriteConflict:
                await conflicts.pause(attempt)
        raise WriteConflict(conflicts.OVERTAKEN)


def _basis(slot: Slot, line: WaitingLine) -> str:
    return basis_of(f"{slot.site_id}.{slot.id}", line.wants, slot.free, slot.free_places)


def _must_be_the_same(known: Decision, fields: SplitFields, staff: Staff) -> None:
    if known.operation != fields.id or known.by_id not in (staff.id, None):
        raise AlreadyDecided(known.at, known.by)
    if known.rule != fields.rule:
        raise InvalidSubmission((FieldError("/id", "used_before"),))


def _decision(slot: Slot, line: WaitingLine, fields: SplitFields, staff: Staff, now: Instant) -> Decision:
    """Decide on what the officer saw, or refuse."""
    if not slot.is_open or slot.starts <= now:
        raise SlotClosed()
    if slot.fill != "split":
        raise NotForSplit()
    if fields.basis != _basis(slot, line):
        raise LookAgain()
    result = split(line.wants, slot.free, fields.rule)
    refuse(_problems_of_places(result, slot.free_places))
    return Decision(
        id=decision_id(slot.id),
        site_id=slot.site_id,
        slot=slot.id,
        operation=fields.id,
        rule=fields.rule,
        reason=fields.reason.strip(),
        by=staff.name,
        by_id=staff.id,
        at=now,
        basis=fields.basis,
        shares=result.shares,
    )


def _problems_of_places(result: Split, free_places: int) -> Iterator[FieldError]:
    served = result.served_whole + result.served_in_part
    if served > free_places:
        yield FieldError("/rule", "more_than_places", {"served": served, "limit": free_places})


def _with_decision(slot: Slot, decision: Decision) -> Slot:
    by, by_id = decision.by, decision.by_id
    event = Event(id=DECIDED, at=decision.at, event="split_decided", by=by, by_id=by_id, note=decision.rule)
    return msgspec.structs.replace(slot, due_at=decision.at, history=(*slot.history, event))


def _finished(slot: Slot, now: Instant) -> Slot:
    event = Event(id="split.followed", at=now, event="split_followed")
    return msgspec.structs.replace(slot, fill="first_come", has_line=True, history=(*slot.history, event))
