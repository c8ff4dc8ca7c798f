"""What staff call of umbrellas."""

from typing import Annotated

import azure.functions as func
import msgspec
from msgspec import Meta
from wiring.umbrellas import umbrellas

from functions.edge.access import ANY_TEAM
from functions.edge.web import Call, answer, api

bp = func.Blueprint()


class Umbrella(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Name an umbrella."""

    id: Annotated[str, Meta(pattern="^[a-z0-9-]{1,20}$")]


@bp.route("api/staff/umbrellas", methods=["POST"])
@api(access=ANY_TEAM)
async def add_umbrella(call: Call) -> func.HttpResponse:
    """Add an umbrella."""
    await umbrellas(call.app).add(call.json(Umbrella).id)
    return answer({"free": await umbrellas(call.app).free()})


@bp.route("api/staff/umbrellas/{reference}/back", methods=["POST"])
@api(access=ANY_TEAM)
async def take_umbrella_back(call: Call) -> func.HttpResponse:
    """Take an umbrella back."""
    await umbrellas(call.app).brought_back(call.route("reference"))
    return answer({"free": await umbrellas(call.app).free()})
