"""Tables of supplies officers in and out, as CSV: sites, stock, slots, moves, and what B-PLo asks for."""

import azure.functions as func

from functions.edge.bodies import body_of
from functions.edge.headers import OF_DATA, respond
from functions.edge.problems import NotSheet
from functions.edge.web import Call, answer, api
from functions.pickup.sites import OFFICER, ROUTE, SUPERVISOR
from services.errors import FieldError, InvalidSubmission
from services.pickup.tables.sheets import MOST_BYTES
from services.pickup.tables.tables import Taken
from wiring.pickup import pickup

bp = func.Blueprint()


@bp.route(ROUTE + ".csv", methods=["GET"])
@api(access=OFFICER)
async def export_sites(call: Call) -> func.HttpResponse:
    """Send all sites as a table."""
    return _sheet(await pickup(call.app).tables.sites())


@bp.route(ROUTE + ".csv", methods=["POST"])
@api(access=SUPERVISOR)
async def import_sites(call: Call) -> func.HttpResponse:
    """Open sites, or change what is said of them, by a table."""
    return _taken(await pickup(call.app).tables.put_sites(_content(call), call.caller, dry_run=_is_dry(call)))


@bp.route(ROUTE + "/{site}/stock.csv", methods=["GET"])
@api(access=OFFICER)
async def export_stock(call: Call) -> func.HttpResponse:
    """Send the stock of a site as a table."""
    return _sheet(await pickup(call.app).tables.stock(call.route("site")))


@bp.route(ROUTE + "/{site}/stock.csv", methods=["POST"])
@api(access=OFFICER)
async def import_stock(call: Call) -> func.HttpResponse:
    """Enter stock at a site by a table."""
    content, dry_run = _content(call), _is_dry(call)
    return _taken(await pickup(call.app).tables.enter_stock(call.route("site"), content, call.caller, dry_run=dry_run))


@bp.route(ROUTE + "/{site}/slots.csv", methods=["GET"])
@api(access=OFFICER)
async def export_slots(call: Call) -> func.HttpResponse:
    """Send the slots of a site as a table."""
    return _sheet(await pickup(call.app).tables.slots(call.route("site")))


@bp.route(ROUTE + "/{site}/slots.csv", methods=["POST"])
@api(access=SUPERVISOR)
async def import_slots(call: Call) -> func.HttpResponse:
    """Open slots at a site by a table."""
    content, dry_run = _content(call), _is_dry(call)
    return _taken(await pickup(call.app).tables.open_slots(call.route("site"), content, call.caller, dry_run=dry_run))


@bp.route(ROUTE + "/{site}/moves.csv", methods=["GET"])
@api(access=OFFICER)
async def export_moves(call: Call) -> func.HttpResponse:
    """Send the moves of a site's stock as a table."""
    return _sheet(await pickup(call.app).tables.moves(call.route("site")))


@bp.route("api/pickup/b-plo.csv", methods=["GET"])
@api(access=OFFICER)
async def export_for_b_plo(call: Call) -> func.HttpResponse:
    """Send the stock of all sites as the national supply system asks for it."""
    return _sheet(await pickup(call.app).tables.for_b_plo())


def _content(call: Call) -> bytes:
    """Return the table that was sent; raises TooLarge, LengthMissing, NotSheet."""
    content = body_of(call.request, MOST_BYTES)
    if call.request.headers.get("content-type", "").partition(";")[0].strip().lower() != "text/csv":
        raise NotSheet()
    return content


def _is_dry(call: Call) -> bool:
    """Tell whether only to look; raises InvalidSubmission, so that no misspelt wish writes."""
    asked = call.request.params.get("dryRun", "false").lower()
    if asked not in ("true", "false"):
        raise InvalidSubmission((FieldError("/dryRun", "enum"),))
    return bool(asked == "true")


def _sheet(content: bytes) -> func.HttpResponse:
    return respond(content, mimetype="text/csv", headers={**OF_DATA, "Content-Disposition": "attachment"})


def _taken(taken: Taken) -> func.HttpResponse:
    return answer({"entries": taken.entries, "applied": taken.applied})
