"""How a correction of a household changes its request: the answers as they are now, and what the household is due."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from services.case import request as requests
from services.case.documents import Event
from services.case.request import Request, Step
from services.catalog.forms import child
from services.errors import FieldError, WriteConflict
from services.pickup.asking import HOUSEHOLD, next_round
from services.pickup.booking import progress, transitions
from services.pickup.booking.state import ASKS, HAS_PLACE, Booking, Correction, Place
from services.pickup.entitlement.section import Pickup
from services.pickup.errors import NothingDue, TooManyCorrections
from services.pickup.part import booked, booking_of, corrections_of, with_booking, with_corrections
from services.times import Instant

MOST_CORRECTIONS = 20
"""Corrections of one request: each keeps what it replaced."""
LARGEST_CORRECTION = 4 * 1024
"""Bytes of JSON that one correction names: a household's own answers are lines and numbers."""

_OF_HOUSEHOLD = ("members", "flagged", "lines", "policies", "household", "blocks", "folding", "formerly")


def step_of(id_: str) -> str:
    """Return the step that makes a correction; the event that tells it bears the same id."""
    return f"correct.{id_}"


def of(request: Request, step: str) -> Correction:
    """Return the correction that a step makes; raises WriteConflict where the request was read from behind it."""
    found = next((known for known in corrections_of(request) if step_of(known.id) == step), None)
    if found is None:
        raise WriteConflict("the request was read as it was before it was to be corrected")
    return found


def merged(answers: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a merge patch (RFC 7396): what it names is replaced, and taken out where it says null."""
    changed = dict(answers)
    for name, value in patch.items():
        if value is None:
            changed.pop(name, None)
        elif isinstance(value, Mapping):
            known = answers.get(name)
            changed[name] = merged(known if isinstance(known, Mapping) else {}, value)
        else:
            changed[name] = value
    return changed


def undoing(answers: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch that brings the answers back."""
    before: dict[str, Any] = {}
    for name, value in patch.items():
        known = answers.get(name)
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            before[name] = undoing(known, value)
        else:
            before[name] = known
    return before


def problems_of_patch(pickup: Pickup, patch: Mapping[str, Any]) -> Iterator[FieldError]:
    """Find what a correction names besides the household: what it asks for, how and where stays the resident's own."""
    correctable = pickup.answers.of_household()
    named = list(_leaves(patch))
    for pointer in named:
        if pointer not in correctable:
            yield FieldError(f"/answers{pointer}", "not_of_household")
    if not named:
        yield FieldError("/answers", "required")
    if len(msgspec.json.encode(patch)) > LARGEST_CORRECTION:
        yield FieldError("/answers", "correction_too_long")


def must_be_correctable(request: Request) -> Booking:
    """Return the booking that may be corrected; raises NothingDue, and WriteConflict while another one is made."""
    booking = booking_of(request)
    if booking is None:
        raise NothingDue("no_booking")
    if request.status != "accepted" or booking.state in ("collected", "ended"):
        raise NothingDue(booking.state)
    if any(step.kind == "correct" for step in request.pending.values()):
        raise WriteConflict("another correction is being made")
    return booking


def asked(request: Request, correction: Correction) -> Request:
    """Write down what is to be corrected, before anything follows from it; raises TooManyCorrections."""
    if len(corrections_of(request)) >= MOST_CORRECTIONS:
        raise TooManyCorrections()
    noted = with_corrections(request, (*corrections_of(request), correction))
    return requests.with_step(noted, step_of(correction.id), Step(kind="correct", at=correction.at))


def needs_grants(booking: Booking) -> bool:
    """Tell whether a corrected household needs its grants now rather than when it next asks for a place."""
    return booking.state in HAS_PLACE or booking.state == "already"


def due_after(booking: Booking, corrected: Booking) -> Booking:
    """Return a booking with what the corrected answers say of the household and what it is due.

    A share of a split stays a share: it never grows, and is cut to what the household is now due in all.
    """
    changed = msgspec.structs.replace(booking, **{name: getattr(corrected, name) for name in _OF_HOUSEHOLD})
    if booking.apportioned is None:
        return changed
    whole = corrected.lines
    return msgspec.structs.replace(
        changed,
        lines={item: min(units, whole[item]) for item, units in booking.lines.items() if item in whole},
        policies=tuple(policy for policy in booking.policies if policy in corrected.policies),
        apportioned=msgspec.structs.replace(booking.apportioned, lines=whole, policies=corrected.policies),
    )


def made(request: Request, step: str, corrected: Booking, now: Instant, *, is_used_up: bool, swaps: bool) -> Request:
    """Record on the request what was corrected, and what follows for its place.

    `is_used_up`: the household was served under another request, a person judges; `swaps`: the slot is asked for
    other units. A booking that was collected in the meantime stays as it is. Raises WriteConflict while a place is
    being asked for.
    """
    booking, correction = booked(request), of(request, step)
    if request.has(step) or booking.state in ("collected", "ended"):
        return request
    if booking.state in ASKS:
        raise WriteConflict("a place is being asked for")
    noted = with_booking(_with_correction(request, correction, booking), due_after(booking, corrected))
    changed = msgspec.structs.replace(
        noted,
        answers=merged(request.answers, correction.answers),
        history=(
            *request.history,
            Event(id=step, at=now, event="corrected", by=correction.by, by_id=correction.by_id, note=correction.reason),
        ),
    )
    changed = requests.with_step(changed, f"{step}.same-household", Step(kind="match", at=now))
    if is_used_up:
        return _to_a_person(changed, step, now)
    if booking.state == "already":
        return _looks_again(changed, now)
    if swaps and booking.place and transitions.CHANGE.may_happen(booking):
        return _asks_for_other_units(changed, booking.place, now)
    return changed


def swapped(request: Request, step: str, place: Place, now: Instant) -> Request:
    """Record whether the slot replaced the entry of the place, or kept it because the units were not free."""
    booking = booked(request)
    if place not in (booking.place, booking.asks) or not transitions.KEEP.may_happen(booking):
        return request
    is_new = place != booking.place
    keeps = transitions.KEEP_HELD if booking.until else transitions.KEEP
    changed = progress.after(request, keeps, place=place, asks=None)
    if is_new and booking.place and booking.until:
        changed = requests.without_step(changed, booking.place.expiry, now)
        changed = requests.with_step(changed, place.expiry, progress.expiry(place, booking.until))
    event = Event(id=f"{step}.units", at=now, event="units_changed" if is_new else "units_kept")
    told = msgspec.structs.replace(changed, history=(*changed.history, event))
    return requests.without_step(told, step, now)


def keeps_units(request: Request, id_: str) -> bool:
    """Tell whether a place stayed with the units it had, as those due after this correction were not free."""
    events = [event.id for event in request.history]
    later = request.history[events.index(step_of(id_)) :] if step_of(id_) in events else ()
    told = [event.event for event in later if event.event in ("units_kept", "units_changed")]
    return told[:1] == ["units_kept"]


def _with_correction(request: Request, correction: Correction, booking: Booking) -> Request:
    """Keep beside the correction what it replaced."""
    noted = msgspec.structs.replace(
        correction,
        before=undoing(request.answers, correction.answers),
        household=booking.household,
        policies=booking.policies,
    )
    known = tuple(noted if one.id == noted.id else one for one in corrections_of(request))
    return with_corrections(request, known)


def _to_a_person(request: Request, step: str, now: Instant) -> Request:
    booking = booked(request)
    if not transitions.REFUSE.may_happen(booking):
        return request
    place = booking.place
    request = progress.let_go(request, now)
    changed = progress.after(request, transitions.REFUSE)
    round_ = next_round(request, HOUSEHOLD)
    review = Step(kind="review", at=now, round=round_, reason="served_before")
    event = Event(id=f"{step}.already", at=now, event="already", note=place.name if place else None)
    told = msgspec.structs.replace(changed, history=(*changed.history, event))
    return requests.with_step(told, f"{step}.review", review)


def _looks_again(request: Request, now: Instant) -> Request:
    looks = progress.after(request, transitions.OVERRIDE, asked=())
    return requests.with_step(looks, booked(request).next_ask, Step(kind="reserve", at=now))


def _asks_for_other_units(request: Request, place: Place, now: Instant) -> Request:
    booking = booked(request)
    asks = msgspec.structs.replace(place, round=booking.round + 1)
    changing = progress.after(request, transitions.CHANGE, round=asks.round, asks=asks)
    return requests.with_step(changing, booking.next_ask, Step(kind="reserve", at=now))


def _leaves(patch: Mapping[str, Any], pointer: str = "") -> Iterator[str]:
    for name, value in patch.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, child(pointer, name))
        else:
            yield child(pointer, name)
