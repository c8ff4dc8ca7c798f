"""How a request changes after its slot has decided: reserving, confirming, expiring and handing over."""

from typing import Unpack

import msgspec

from services.case import request as requests
from services.case import task as tasks
from services.case.documents import Event
from services.case.request import Case, Changes, Request, Step
from services.case.task import Staff
from services.pickup.asking import HOUSEHOLD, NOTICE, next_round
from services.pickup.booking import transitions
from services.pickup.booking.state import IN_LINE, MOST_ASKED, Apportioned, Booking, Place
from services.pickup.booking.transitions import Transition
from services.pickup.part import booked, booking_of, givebacks, with_booking
from services.pickup.sharing.split_rules import Rule, Share
from services.pickup.slots.turns import Opening
from services.pickup.stock.sites import Move
from services.times import Instant


def changed(request: Request, **changes: Unpack[transitions.Changes]) -> Request:
    """Return a request with these changes of its booking, which keeps its state."""
    return with_booking(request, transitions.changed(booked(request), **changes))


def after(request: Request, transition: Transition, **changes: Unpack[transitions.Changes]) -> Request:
    """Return a request after a transition of its booking; raises ValueError where it may not happen in its state."""
    return with_booking(request, transitions.after(transition, booked(request), **changes))


def begin(request: Request, booking: Booking) -> Request:
    """Write down what the household is due, before any place is asked for."""
    return with_booking(request, booking)


def ask(request: Request, opening: Opening) -> Request:
    """Write down which slot this round asks, unless one is being asked."""
    booking = booked(request)
    if booking.asks:
        return request
    asks = Place(site=opening.site_id, slot=opening.id, round=booking.round + 1)
    return changed(request, round=asks.round, asks=asks)


def not_there(request: Request, asks: Place) -> Request:
    """Record that the slot asked has no room, so that the next one is asked."""
    booking = booked(request)
    if booking.asks != asks:
        return request
    return changed(request, asks=None, asked=(*booking.asked, asks.name)[-MOST_ASKED:])


def asks_no_more(request: Request, step: str, now: Instant) -> Request:
    """Clear a step that asks for a place, because the booking has reached a state in which none is asked for."""
    return requests.without_step(changed(request, asks=None), step, now)


def placed(
    request: Request, step: str, place: Place, opening: Opening, *, until: Instant | None, now: Instant
) -> Request:
    """Give the request the place it asked for, for good or until an instant; an earlier place is given back.

    Where the resident chose another slot while this one was asked, that one is still to be asked.
    """
    booking = booked(request)
    if booking.asks != place or not transitions.PLACE.may_happen(booking):
        return request
    goes_on = booking.wish not in (None, place.name) and _asks_besides(request, step)
    follows = transitions.FOLLOW_NEWER_CHOICE if goes_on else transitions.HOLD if until else transitions.PLACE
    placed = after(
        request,
        follows,
        place=place,
        asks=None,
        asked=(),
        until=until,
        starts=opening.starts,
        ends=opening.ends,
    )
    if until:
        placed = requests.with_step(placed, place.expiry, expiry(place, until))
        notice = Step(kind="notice", at=now, round=next_round(request, NOTICE))
        placed = requests.with_step(placed, f"notice.{place.round}", notice)
    if booking.place:
        placed = requests.with_step(placed, booking.place.giveback, _back(booking.place, now))
    event = "place_held" if until else "place_confirmed"
    return _told(requests.without_step(placed, step, now), f"{event}.{booking.round}", event, now)


def stays(request: Request, step: str, now: Instant) -> Request:
    """Keep the place there is, as the slot wished for has no room; change nothing while another worker asks a slot."""
    booking = booked(request)
    if booking.asks or not transitions.KEEP.may_happen(booking):
        return request
    kept = after(request, transitions.KEEP_HELD if booking.until else transitions.KEEP, asks=None, asked=())
    return _told(requests.without_step(kept, step, now), f"{step}.kept", "place_kept", now)


def in_line(request: Request, step: str, now: Instant) -> Request:
    """Put the household into the line, in the order of receipts; change nothing while another worker asks a slot."""
    booking = booked(request)
    if booking.asks or not transitions.WAIT.may_happen(booking):
        return request
    waits = after(_whole(request), transitions.WAIT, asks=None, asked=())
    event = f"waiting.{booked(request).round}"
    cleared = requests.without_step(waits, step, now)
    return cleared if request.has(event) else _told(cleared, event, "waiting", now)


def call(request: Request, now: Instant) -> Request:
    """Let a household that waits look for a place again; raises ValueError where it does not wait."""
    looks = after(request, transitions.CALL, asked=())
    return requests.with_step(looks, booked(request).next_ask, Step(kind="reserve", at=now))


def called(request: Request, now: Instant) -> Request:
    """Call a household that waits; change nothing where it no longer does."""
    booking = booking_of(request)
    return call(request, now) if booking and transitions.CALL.may_happen(booking) else request


def apportioned(
    request: Request, slot: str, rule: Rule, share: Share, policies: tuple[str, ...], now: Instant
) -> Request:
    """Give a household that waits its share of a split, once: it then asks the slot of the split and no other."""
    operation = split_of(slot)
    booking = booked(request)
    if request.has(operation) or request.status != "accepted" or not transitions.CALL.may_happen(booking):
        return request
    before = Apportioned(slot=slot, lines=booking.lines, policies=booking.policies, wish=booking.wish)
    part = changed(request, lines=share.granted, policies=policies, wish=slot, apportioned=before)
    event = Event(id=operation, at=now, event="apportioned", note=f"{rule}: {share.because}")
    return call(msgspec.structs.replace(part, history=(*part.history, event)), now)


def is_in_line(request: Request) -> bool:
    """Tell whether a household has no place yet and waits or asks for one."""
    booking = booking_of(request)
    return request.status == "accepted" and booking is not None and booking.state in IN_LINE


def split_of(slot: str) -> str:
    """Return the id of the operation that gives a request its share of the split of a slot."""
    return f"split.{slot}"


def served_before(request: Request, step: str, now: Instant) -> Request:
    """Ask a person to judge: supplies of this period were granted to the household under another request."""
    if not transitions.REFUSE.may_happen(booked(request)):
        return request
    refused = requests.without_step(after(_whole(request), transitions.REFUSE, asks=None, asked=()), step, now)
    review = Step(kind="review", at=now, round=next_round(request, HOUSEHOLD), reason="served_before")
    return _told(requests.with_step(refused, f"{step}.review", review), f"{step}.already", "already", now)


def overridden(request: Request, reason: str, by: Staff, now: Instant) -> Request:
    """Let a household be served again, for a reason that a member of staff gives."""
    step = booked(request).next_ask
    looks = after(request, transitions.OVERRIDE, override=reason, asked=())
    looks = requests.with_step(looks, step, Step(kind="reserve", at=now))
    event = Event(id=f"{step}.override", at=now, event="override", by=by.name, by_id=by.id, note=reason)
    return msgspec.structs.replace(looks, history=(*looks.history, event))


def confirmed(request: Request, now: Instant) -> Request:
    """Record that the place held for a request was confirmed."""
    booking = booked(request)
    if not transitions.CONFIRM.may_happen(booking) or booking.place is None:
        return request
    certain = requests.without_step(after(request, transitions.CONFIRM, until=None), booking.place.expiry, now)
    return _told(certain, f"place_confirmed.{booking.place.round}", "place_confirmed", now)


def held_longer(request: Request, place: Place, until: Instant) -> Request:
    """Follow a slot that holds the place for longer than the request says."""
    booking = booked(request)
    if booking.place != place or booking.until is None:
        return request
    return requests.with_step(changed(request, until=until), place.expiry, expiry(place, until))


def expired(request: Request, step: str, now: Instant) -> Request:
    """Record that nobody confirmed a hold in time, and give its place back.

    A household that is still to get the slot it chose instead looks on.
    """
    booking = booked(request)
    cleared = requests.without_step(request, step, now)
    place = booking.place
    if place is None or step != place.expiry:
        return cleared
    if transitions.LOSE_WHILE_CHANGING.may_happen(booking):
        over = after(cleared, transitions.LOSE_WHILE_CHANGING, place=None, until=None)
    elif transitions.EXPIRE.may_happen(booking):
        over = after(_whole(cleared), transitions.EXPIRE, place=None, until=None)
    else:
        return cleared
    return _told(requests.with_step(over, place.giveback, _back(place, now)), step, "place_expired", now)


def missed(request: Request, place: Place, now: Instant) -> Request:
    """Record that nobody came for a place, and give it back; change nothing while the request only asks for it.

    A household that is still to get the slot it chose instead looks on.
    """
    booking = booked(request)
    operation = f"missed.{place.round}"
    if booking.place != place:
        return request
    if transitions.LOSE_WHILE_CHANGING.may_happen(booking):
        gone = after(request, transitions.LOSE_WHILE_CHANGING, place=None, until=None)
    elif transitions.MISS.may_happen(booking):
        gone = after(request, transitions.MISS)
    else:
        return request
    return _told(requests.with_step(gone, operation, _back(place, now)), operation, "place_missed", now)


def collected(case: Case, place: Place, move: Move, route: str | None, now: Instant) -> Changes:
    """Record what was handed over at a place: end the booking, and with it the task of its route.

    Give back another place that the request has.
    """
    request = case.request
    if not transitions.COLLECT.may_happen(booked(request)):
        return ()
    done = [t for t in case.tasks.values() if t.route == route and t.status == "open"]
    finished = tuple(tasks.finish(task, move.id, by=move.by, by_id=move.by_id, now=now) for task in done)
    served = _told(after(let_go(request, now), transitions.COLLECT, place=place), move.id, "collected", now)
    left = {id_: step for id_, step in served.pending.items() if id_ != place.giveback}
    served = requests.with_pending(served, left)
    for task in finished:
        served = requests.record_completion(served, task, now)
    return (requests.completed_if_done(served, f"completed.{move.id}", now), *finished)


def rebook(request: Request, place: Place, now: Instant) -> Request:
    """Look for another place, as the slot of this one was closed; change nothing while the request only asks for it."""
    booking = booked(request)
    if not transitions.LOSE.may_happen(booking) or booking.place != place:
        return request
    step = booking.next_ask
    looks = after(_whole(request), transitions.LOSE, place=None, wish=None, asks=None, asked=(), until=None)
    looks = requests.with_step(looks, place.giveback, _back(place, now))
    looks = requests.with_step(looks, step, Step(kind="reserve", at=now))
    return _told(looks, f"{step}.moved", "place_moved", now)


def must_hear_of_move(request: Request, place: Place, moved_at: Instant) -> bool:
    """Tell whether a site moved after a request got its place there, and nobody was told yet."""
    booking = booked(request)
    may_happen = transitions.ASK_ABOUT_MOVE.may_happen(booking) and not request.has(_move_of(place, moved_at))
    if booking.place != place or not may_happen:
        return False
    got = {f"{event}.{place.round}" for event in ("place_held", "place_confirmed")} | {f"reserve.{place.round}.units"}
    return not any(event.id in got and event.at >= moved_at for event in request.history)


def site_moved(request: Request, place: Place, moved_at: Instant, until: Instant, now: Instant) -> Request:
    """Hold a place again until the resident confirms it, since its site has moved, and let somebody call about it."""
    if not must_hear_of_move(request, place, moved_at):
        return request
    told = _move_of(place, moved_at)
    held = after(request, transitions.ASK_ABOUT_MOVE, until=until)
    held = requests.with_step(held, place.expiry, expiry(place, until))
    notice = Step(kind="notice", at=now, round=next_round(request, NOTICE), reason="site_moved")
    return _told(requests.with_step(held, f"notice.{told}", notice), told, "site_moved", now)


def let_go(request: Request, now: Instant) -> Request:
    """Give back the place that a request has and the one that it may be asking for, and stop looking."""
    left = {id_: step for id_, step in request.pending.items() if step.kind not in ("reserve", "expire")}
    gone = requests.with_pending(request, left | givebacks(booked(request), request.pending, now))
    return changed(gone, place=None, asks=None, asked=(), until=None)


def _whole(request: Request) -> Request:
    """Restore what the household was due before a split, because its share came to nothing."""
    before = booked(request).apportioned
    if before is None:
        return request
    return changed(request, lines=before.lines, policies=before.policies, wish=before.wish, apportioned=None)


def _move_of(place: Place, moved_at: Instant) -> str:
    return f"site_moved.{place.site}.{moved_at}"


def _back(place: Place, now: Instant) -> Step:
    return Step(kind="giveback", at=now, round=place.round, slot=place.name)


def expiry(place: Place, until: Instant) -> Step:
    """Return the step that ends a hold."""
    return Step(kind="expire", at=until, round=place.round, slot=place.name)


def _asks_besides(request: Request, step: str) -> bool:
    """Tell whether another step than this asks for a place, too."""
    return any(one.kind == "reserve" and id_ != step for id_, one in request.pending.items())


def _told(request: Request, id_: str, event: str, now: Instant) -> Request:
    if request.has(id_):
        return request
    return msgspec.structs.replace(request, history=(*request.history, Event(id=id_, at=now, event=event)))
