"""What staff call where supplies are handed out: a card, the hand-over, and residents without a code.

References stand in bodies, never in addresses: what a page calls is logged by more than one machine.
"""

from typing import Annotated, Any, Literal

import azure.functions as func
import msgspec
from msgspec import Meta

from functions.edge import telemetry
from functions.edge.access import ANY_TEAM
from functions.edge.ids import ClaimId
from functions.edge.web import Call, answer, api
from functions.intake import forms
from functions.pickup import counter_views
from services import times
from services.case.request import Contact, Submission
from services.errors import FieldError, InvalidSubmission
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.households.searching import Wanted
from services.times import Instant
from wiring.pickup import pickup

type Typed = Annotated[str, Meta(min_length=1, max_length=100)]
type Reason = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]
type WalkInId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{22,64}$")]
type Date = Annotated[str, Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]

bp = func.Blueprint()


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    pass


class Look(_Body, frozen=True, kw_only=True):
    """Ask for a card by a reference that was typed or scanned; `view` is the caller's id of this call."""

    reference: Typed
    view: ClaimId


class Handed(_Body, frozen=True, kw_only=True):
    """Say what was handed over to whom; `id` is the caller's, `lines` only where they are fewer than those due."""

    reference: Typed
    id: ClaimId
    receiver: Literal["household", "proxy"]
    proxy_name: Typed | None = None
    lines: dict[str, int] | None = None
    at: str | None = None


class Search(_Body, frozen=True, kw_only=True):
    """Say whom to look for, and why without a code."""

    kana: Typed
    address: Annotated[str, Meta(max_length=200)] = ""
    birth_date: Date | None = None
    reason: Reason


class WalkIn(_Body, frozen=True, kw_only=True):
    """Hold what a resident says at the counter."""

    service: str
    answers: dict[str, Any]
    contact: Contact
    locale: str = "ja"
    id: WalkInId


class WalkInForm(_Body, frozen=True, kw_only=True):
    """Hold the form of a service as a resident at the counter had it filled in: values by the names of its controls."""

    service: str
    typed: dict[str, list[str]]
    id: WalkInId


class Roster(_Body, frozen=True, kw_only=True):
    """Ask for the roster of a site; `view` is the caller's id of this call."""

    site: Typed
    view: ClaimId


class CorrectionBody(_Body, frozen=True, kw_only=True):
    """Say what is corrected of a household, as a merge patch (RFC 7396) of its answers, and why."""

    reference: Typed
    id: ClaimId
    answers: dict[str, Any]
    reason: Reason


class Override(_Body, frozen=True, kw_only=True):
    """Say why a household is served again."""

    reference: Typed
    reason: Reason


@bp.route("api/staff/pickup/cards", methods=["POST"])
@api(access=ANY_TEAM)
async def show_card(call: Call) -> func.HttpResponse:
    """Show what is due to a household, or that it was handed over."""
    body = call.json(Look)
    return answer(counter_views.card(await pickup(call.app).counter.card(body.reference, call.caller)))


@bp.route("api/staff/pickup/hand-overs", methods=["POST"])
@api(access=ANY_TEAM)
async def hand_over(call: Call) -> func.HttpResponse:
    """Record a hand-over, once."""
    body = call.json(Handed)
    handed = HandOver(
        id=body.id, receiver=body.receiver, proxy_name=body.proxy_name, lines=body.lines, at=_instant(body.at)
    )
    card = await pickup(call.app).counter.hand_over(body.reference, handed, call.caller)
    telemetry.join("hand over", card.request.traceparent)
    return answer(counter_views.card(card))


@bp.route("api/staff/pickup/searches", methods=["POST"])
@api(access=ANY_TEAM)
async def search_cards(call: Call) -> func.HttpResponse:
    """Find the requests of a resident who has no code."""
    body = call.json(Search)
    wanted = Wanted(kana=body.kana, address=body.address, birth_date=body.birth_date)
    results = await pickup(call.app).searching.search(wanted, body.reason, call.caller)
    return answer({"found": [counter_views.found_card(one) for one in results.found], "isCut": results.is_cut})


@bp.route("api/staff/pickup/walk-ins", methods=["POST"])
@api(access=ANY_TEAM)
async def take_in_at_counter(call: Call) -> func.HttpResponse:
    """Make a request for a resident who stands at the counter."""
    body = call.json(WalkIn)
    submission = Submission(service=body.service, answers=body.answers, contact=body.contact, locale=body.locale)
    card = await pickup(call.app).walk_ins.take_in(submission, body.id, call.caller, call.traceparent)
    return answer(counter_views.card(card))


@bp.route("api/staff/pickup/walk-in-forms", methods=["POST"])
@api(access=ANY_TEAM)
async def take_in_form_at_counter(call: Call) -> func.HttpResponse:
    """Make a request from the form of a service as it was typed at the counter."""
    body = call.json(WalkInForm)
    service = await call.app.catalog.accepted(body.service, None)
    submission = forms.read(service.definition, call.texts, body.typed, service.edition.version or None)
    card = await pickup(call.app).walk_ins.take_in(submission, body.id, call.caller, call.traceparent)
    return answer(counter_views.card(card))


@bp.route("api/staff/pickup/rosters", methods=["POST"])
@api(access=ANY_TEAM)
async def take_roster(call: Call) -> func.HttpResponse:
    """List who is due what at a site, by reference alone, for a counter without a connection."""
    body = call.json(Roster)
    due = await pickup(call.app).rosters.roster(body.site, call.caller)
    items = await pickup(call.app).keeping.items()
    entries = [counter_views.due(one, items) for one in due]
    return answer({"site": body.site, "at": call.app.clock(), "entries": entries})


@bp.route("api/staff/pickup/corrections", methods=["POST"])
@api(access=ANY_TEAM)
async def correct_household(call: Call) -> func.HttpResponse:
    """Correct what a request says of its household, for a reason."""
    body = call.json(CorrectionBody)
    amendment = Amendment(id=body.id, answers=body.answers, reason=body.reason)
    corrected = await pickup(call.app).correcting.correct(body.reference, amendment, call.caller)
    return answer({"card": counter_views.card(corrected.card), "keepsUnits": corrected.keeps_units})


@bp.route("api/staff/pickup/overrides", methods=["POST"])
@api(access=ANY_TEAM)
async def serve_again(call: Call) -> func.HttpResponse:
    """Serve a household that was served under another request already, for a reason."""
    body = call.json(Override)
    return answer(counter_views.card(await pickup(call.app).judging.override(body.reference, body.reason, call.caller)))


def _instant(text: str | None) -> Instant | None:
    """Read the counter's own time; return None, so that our clock counts, where its year is out of range.

    Raises InvalidSubmission where it is no time.
    """
    try:
        return times.told(text) if text is not None else None
    except times.BeyondTime:
        return None
    except ValueError as error:
        raise InvalidSubmission((FieldError("/at", "date_time"),)) from error
