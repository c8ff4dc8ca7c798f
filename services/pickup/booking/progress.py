"""What reserving, confirming, expiring and handing over make of the request: the slot decides, the request follows."""

import msgspec

from services.case import request as requests
from services.case import task as tasks
from services.case.documents import Event
from services.case.request import Case, Changes, Request, Step
from services.case.task import Staff
from services.pickup.asking import HOUSEHOLD, NOTICE, next_round
from services.pickup.booking.state import HAS_PLACE, IN_LINE, MOST_ASKED, Apportioned, Booking, Place
from services.pickup.part import booked, booking_of, givebacks, with_booking
from services.pickup.sharing.split import Rule, Share
from services.pickup.slots.places import Opening
from services.pickup.stock.sites import Move
from services.times import Instant


def begin(request: Request, booking: Booking) -> Request:
    """Write down what the household is due, before any place is asked for."""
    return with_booking(request, booking)


def ask(request: Request, opening: Opening) -> Request:
    """Write down which slot this round asks, unless one is being asked."""
    booking = booked(request)
    if booking.asks:
        return request
    asks = Place(site=opening.site_id, slot=opening.id, round=booking.round + 1)
    return _with(request, round=asks.round, asks=asks)


def not_there(request: Request, asks: Place) -> Request:
    """Go on to the next slot: the one asked has no room."""
    booking = booked(request)
    if booking.asks != asks:
        return request
    return _with(request, asks=None, asked=(*booking.asked, asks.name)[-MOST_ASKED:])


def placed(
    request: Request, step: str, place: Place, opening: Opening, *, until: Instant | None, now: Instant
) -> Request:
    """Give the request the place it asked for, for good or until an instant; an earlier place is given back."""
    booking = booked(request)
    if booking.asks != place:
        return request
    changed = _with(
        request,
        state="held" if until else "confirmed",
        place=place,
        asks=None,
        asked=(),
        until=until,
        starts=opening.starts,
        ends=opening.ends,
    )
    if until:
        changed = requests.with_step(changed, expiry_of(place), Step(kind="expire", at=until, slot=place.name))
        notice = Step(kind="notice", at=now, round=next_round(request, NOTICE))
        changed = requests.with_step(changed, f"notice.{place.round}", notice)
    if booking.place:
        changed = requests.with_step(changed, f"giveback.{booking.place.round}", _back(booking.place, now))
    event = "place_held" if until else "place_confirmed"
    return _told(requests.without_step(changed, step, now), f"{event}.{booking.round}", event, now)


def stays(request: Request, step: str, now: Instant) -> Request:
    """Leave the request the place it had, as there is no room where it wished; not while that is asked elsewhere."""
    if booked(request).asks:
        return request
    state = "held" if booked(request).until else "confirmed"
    changed = _with(request, state=state, asks=None, asked=())
    return _told(requests.without_step(changed, step, now), f"{step}.kept", "place_kept", now)


def in_line(request: Request, step: str, now: Instant) -> Request:
    """Let the household wait for its turn, which its receipt decides; not while a slot is asked for it elsewhere."""
    if booked(request).asks:
        return request
    changed = _with(_whole(request), state="waiting", asks=None, asked=())
    event = f"waiting.{booked(request).round}"
    cleared = requests.without_step(changed, step, now)
    return cleared if request.has(event) else _told(cleared, event, "waiting", now)


def call(request: Request, now: Instant) -> Request:
    """Let the household at the front of the line look for a place again."""
    step = f"reserve.{booked(request).round + 1}"
    changed = _with(request, state="called", asked=())
    return requests.with_step(changed, step, Step(kind="reserve", at=now))


def called(request: Request, now: Instant) -> Request:
    """Call a household that waits; one that does not any more stays as it is."""
    booking = booking_of(request)
    return call(request, now) if booking and booking.state == "waiting" else request


def apportioned(
    request: Request, slot: str, rule: Rule, share: Share, policies: tuple[str, ...], now: Instant
) -> Request:
    """Let a household that waits ask the slot of a split, and that alone, for its share of it, once."""
    operation = split_of(slot)
    booking = booked(request)
    if request.has(operation) or request.status != "accepted" or booking.state != "waiting":
        return request
    before = Apportioned(slot=slot, lines=booking.lines, policies=booking.policies, wish=booking.wish)
    part = _with(request, lines=share.granted, policies=policies, wish=slot, apportioned=before)
    event = Event(id=operation, at=now, event="apportioned", note=f"{rule}: {share.because}")
    return call(msgspec.structs.replace(part, history=(*part.history, event)), now)


def is_in_line(request: Request) -> bool:
    """Tell whether a household waits for a place, or just asks for one."""
    booking = booking_of(request)
    return request.status == "accepted" and booking is not None and booking.state in IN_LINE


def split_of(slot: str) -> str:
    """Return the id of the operation by which a request follows the split of a slot."""
    return f"split.{slot}"


def served_before(request: Request, step: str, now: Instant) -> Request:
    """Ask a person to judge: supplies of this period were granted to the household under another request."""
    changed = requests.without_step(_with(_whole(request), state="already", asks=None, asked=()), step, now)
    review = Step(kind="review", at=now, round=next_round(request, HOUSEHOLD), reason="served_before")
    return _told(requests.with_step(changed, f"{step}.review", review), f"{step}.already", "already", now)


def overridden(request: Request, reason: str, by: Staff, now: Instant) -> Request:
    """Let a household be served again, for a reason that a member of staff gives."""
    booking = booked(request)
    step = f"reserve.{booking.round + 1}"
    changed = _with(request, state="looking", override=reason, asked=())
    changed = requests.with_step(changed, step, Step(kind="reserve", at=now))
    event = Event(id=f"{step}.override", at=now, event="override", by=by.name, by_id=by.id, note=reason)
    return msgspec.structs.replace(changed, history=(*changed.history, event))


def confirmed(request: Request, now: Instant) -> Request:
    """Follow a hold that was confirmed."""
    booking = booked(request)
    if booking.state != "held" or booking.place is None:
        return request
    changed = _with(request, state="confirmed", until=None)
    changed = requests.without_step(changed, expiry_of(booking.place), now)
    return _told(changed, f"place_confirmed.{booking.place.round}", "place_confirmed", now)


def expired(request: Request, step: str, now: Instant) -> Request:
    """Follow a hold that nobody confirmed in time."""
    booking = booked(request)
    cleared = requests.without_step(request, step, now)
    if booking.state != "held" or booking.place is None or step != expiry_of(booking.place):
        return cleared
    back = requests.with_step(_whole(cleared), f"giveback.{booking.place.round}", _back(booking.place, now))
    return _told(_with(back, state="expired", place=None, until=None), step, "place_expired", now)


def missed(request: Request, place: Place, now: Instant) -> Request:
    """Follow a place for which nobody came; one that is only asked for changes nothing yet."""
    booking = booked(request)
    if booking.state not in HAS_PLACE or booking.place != place:
        return request
    operation = f"missed.{place.round}"
    changed = requests.with_step(_with(request, state="missed"), operation, _back(place, now))
    return _told(changed, operation, "place_missed", now)


def collected(case: Case, place: Place, move: Move, route: str | None, now: Instant) -> Changes:
    """Follow what was handed over at a place: the booking is done, and with it the task of its route.

    Another place that the request has goes back.
    """
    request = case.request
    if booked(request).state == "collected":
        return ()
    done = [t for t in case.tasks.values() if t.route == route and t.status == "open"]
    finished = tuple(tasks.finish(task, move.id, by=move.by, by_id=move.by_id, now=now) for task in done)
    changed = _told(_with(let_go(request, now), state="collected", place=place), move.id, "collected", now)
    own = f"giveback.{place.round}"
    changed = requests.with_pending(changed, {id_: step for id_, step in changed.pending.items() if id_ != own})
    for task in finished:
        changed = requests.record_completion(changed, task, now)
    return (requests.settled(changed, f"completed.{move.id}", now), *finished)


def rebook(request: Request, place: Place, now: Instant) -> Request:
    """Look for another place than this, whose slot was closed; one that is only asked for changes nothing yet."""
    booking = booked(request)
    if booking.state not in HAS_PLACE or booking.place != place:
        return request
    step = f"reserve.{booking.round + 1}"
    changed = _with(_whole(request), state="called", place=None, wish=None, asks=None, asked=(), until=None)
    changed = requests.with_step(changed, f"giveback.{place.round}", _back(place, now))
    changed = requests.with_step(changed, step, Step(kind="reserve", at=now))
    return _told(changed, f"{step}.moved", "place_moved", now)


def must_hear_of_move(request: Request, place: Place, moved_at: Instant) -> bool:
    """Tell whether a site moved after a request got its place there, and nobody was told yet."""
    booking = booked(request)
    if booking.place != place or booking.state not in ("held", "confirmed") or request.has(_move_of(place, moved_at)):
        return False
    got = {f"{event}.{place.round}" for event in ("place_held", "place_confirmed")} | {f"reserve.{place.round}.units"}
    return not any(event.id in got and event.at >= moved_at for event in request.history)


def site_moved(request: Request, place: Place, moved_at: Instant, until: Instant, now: Instant) -> Request:
    """Hold a place again until the resident confirms it, and let somebody call: the site is somewhere else now."""
    if not must_hear_of_move(request, place, moved_at):
        return request
    told = _move_of(place, moved_at)
    changed = _with(request, state="held", until=until)
    changed = requests.with_step(changed, expiry_of(place), Step(kind="expire", at=until, slot=place.name))
    notice = Step(kind="notice", at=now, round=next_round(request, NOTICE), reason="site_moved")
    return _told(requests.with_step(changed, f"notice.{told}", notice), told, "site_moved", now)


def let_go(request: Request, now: Instant) -> Request:
    """Give back the place a request has and the one it may just be asking, and look for none."""
    left = {id_: step for id_, step in request.pending.items() if step.kind not in ("reserve", "expire")}
    changed = requests.with_pending(request, left | givebacks(booked(request), request.pending, now))
    return _with(changed, place=None, asks=None, asked=(), until=None)


def expiry_of(place: Place) -> str:
    """Return the id of the step at which a hold ends."""
    return f"expire.{place.round}"


def _whole(request: Request) -> Request:
    """Let a household whose share of a split came to nothing be due again what it was before."""
    before = booked(request).apportioned
    if before is None:
        return request
    return _with(request, lines=before.lines, policies=before.policies, wish=before.wish, apportioned=None)


def _move_of(place: Place, moved_at: Instant) -> str:
    return f"site_moved.{place.site}.{moved_at}"


def _back(place: Place, now: Instant) -> Step:
    return Step(kind="giveback", at=now, round=place.round, slot=place.name)


def _with(request: Request, **changes: object) -> Request:
    return with_booking(request, msgspec.structs.replace(booked(request), **changes))


def _told(request: Request, id_: str, event: str, now: Instant) -> Request:
    if request.has(id_):
        return request
    return msgspec.structs.replace(request, history=(*request.history, Event(id=id_, at=now, event=event)))
