"""What supplies officers call: sites, their stock and its moves, and their slots."""

from typing import Any

import azure.functions as func
import msgspec

from functions.edge.access import ANY_TEAM
from functions.edge.web import Call, answer, api
from services.pickup.sharing.split_rules import Decision
from services.pickup.sharing.splits import Preview
from services.pickup.stock.fields import AllotFields, SiteFields, SlotFields, SplitFields, StockFields
from services.pickup.stock.numbers import SiteNumbers, count
from services.pickup.stock.sites import Move, Site, Slot
from wiring.pickup import pickup

OFFICER = "Team.supplies"
SUPERVISOR = "Supervisor"
ROUTE = "api/pickup/sites"

bp = func.Blueprint()


@bp.route(ROUTE, methods=["GET"])
@api(access=ANY_TEAM)
async def list_sites(call: Call) -> func.HttpResponse:
    """List all pickup sites."""
    return answer({"sites": [_site(site) for site in await pickup(call.app).keeping.sites()]})


@bp.route("api/pickup/items", methods=["GET"])
@api(access=ANY_TEAM)
async def list_items(call: Call) -> func.HttpResponse:
    """List every item that a published service hands out."""
    items = (await pickup(call.app).keeping.items()).values()
    return answer({"items": [{"id": i.id, "title": i.title, "unit": i.unit, "isKit": bool(i.contents)} for i in items]})


@bp.route(ROUTE + "/{site}", methods=["GET"])
@api(access=OFFICER)
async def get_site(call: Call) -> func.HttpResponse:
    """Show a site with its stock and its slots, counted."""
    whole = await pickup(call.app).keeping.site(call.route("site"))
    return answer(_numbers(count(whole, await pickup(call.app).keeping.items(), call.app.clock())))


@bp.route(ROUTE + "/{site}", methods=["PUT"])
@api(access=SUPERVISOR)
async def put_site(call: Call) -> func.HttpResponse:
    """Open a site, or change what is said of it."""
    return answer(
        _site(await pickup(call.app).keeping.put_site(call.route("site"), call.json(SiteFields), call.caller))
    )


@bp.route(ROUTE + "/{site}/moves", methods=["GET"])
@api(access=OFFICER)
async def list_moves(call: Call) -> func.HttpResponse:
    """List the moves of a site's stock."""
    moves = await pickup(call.app).keeping.moves(call.route("site"))
    return answer({"moves": [_move(move) for move in moves]})


@bp.route(ROUTE + "/{site}/moves", methods=["POST"])
@api(access=OFFICER)
async def move_stock(call: Call) -> func.HttpResponse:
    """Enter units that came or were counted, or kits that were packed."""
    stock = await pickup(call.app).keeping.move(call.route("site"), call.json(StockFields), call.caller)
    return answer({"onHand": stock.on_hand, "allotted": stock.allotted})


@bp.route(ROUTE + "/{site}/slots", methods=["POST"])
@api(access=SUPERVISOR)
async def open_slot(call: Call) -> func.HttpResponse:
    """Open a slot and allot stock to it."""
    return answer(
        _slot(await pickup(call.app).keeping.open_slot(call.route("site"), call.json(SlotFields), call.caller))
    )


@bp.route(ROUTE + "/{site}/slots/{slot}/allot", methods=["POST"])
@api(access=OFFICER)
async def allot_to_slot(call: Call) -> func.HttpResponse:
    """Give a slot more places and units, or take back what nobody was promised."""
    fields = call.json(AllotFields)
    slot = await pickup(call.app).keeping.allot(call.route("site"), call.route("slot"), fields, call.caller)
    return answer(_slot(slot))


@bp.route(ROUTE + "/{site}/slots/{slot}/close", methods=["POST"])
@api(access=SUPERVISOR)
async def close_slot(call: Call) -> func.HttpResponse:
    """Close a slot before its time; whoever has a place there is given another."""
    return answer(_slot(await pickup(call.app).keeping.close_slot(call.route("site"), call.route("slot"), call.caller)))


@bp.route(ROUTE + "/{site}/slots/{slot}/splits", methods=["GET"])
@api(access=OFFICER)
async def preview_splits(call: Call) -> func.HttpResponse:
    """Show what each rule would grant those who wait for a slot, or what was decided."""
    return answer(_splits(await pickup(call.app).splits.preview(call.route("site"), call.route("slot"))))


@bp.route(ROUTE + "/{site}/slots/{slot}/splits", methods=["POST"])
@api(access=SUPERVISOR)
async def decide_split(call: Call) -> func.HttpResponse:
    """Split a slot by a rule, once, and let those who wait follow."""
    fields = call.json(SplitFields)
    preview = await pickup(call.app).splits.decide(call.route("site"), call.route("slot"), fields, call.caller)
    return answer(_splits(preview))


def _numbers(numbers: SiteNumbers) -> dict[str, Any]:
    return {"site": _site(numbers.site), "stock": numbers.stock, "slots": numbers.slots}


def _site(shown: Site) -> dict[str, Any]:
    return {
        "id": shown.site_id,
        "name": shown.name,
        "kind": shown.kind,
        "address": shown.address,
        "hours": shown.hours,
        "access": shown.access,
        "phone": shown.phone,
        "lat": shown.lat,
        "lon": shown.lon,
        "isOpen": shown.is_open,
    }


def _slot(shown: Slot) -> dict[str, Any]:
    """Show a slot without its entries."""
    return {
        "id": shown.id,
        "site": shown.site_id,
        "starts": shown.starts,
        "ends": shown.ends,
        "method": shown.method,
        "fill": shown.fill,
        "isOpen": shown.is_open,
        "places": shown.places,
        "freePlaces": shown.free_places,
        "allotted": shown.allotted,
        "free": shown.free,
    }


def _splits(shown: Preview) -> dict[str, Any]:
    """Show a preview or a decision with references alone, and no name."""
    return {
        "slot": shown.slot.id,
        "fill": shown.slot.fill,
        "waiting": len(shown.line.wants),
        "more": shown.line.more,
        "free": shown.slot.free,
        "freePlaces": shown.slot.free_places,
        "basis": shown.basis,
        "previews": shown.splits,
        "decided": _decided(shown.decided, shown.slot) if shown.decided else None,
    }


def _decided(decision: Decision, slot: Slot) -> dict[str, Any]:
    return {
        "id": decision.operation,
        "rule": decision.rule,
        "reason": decision.reason,
        "by": decision.by,
        "at": decision.at,
        "basis": decision.basis,
        "followed": not slot.is_being_split,
        "shares": decision.shares,
    }


def _move(shown: Move) -> dict[str, Any]:
    """Show a move with the name of who made it, and without the id."""
    return {key: value for key, value in msgspec.to_builtins(shown).items() if key not in ("type", "byId")}
