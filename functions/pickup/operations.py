"""The call of operators that belongs to pickup: refolding."""

from typing import Annotated

import azure.functions as func
import msgspec
from msgspec import Meta

from functions.edge.web import Call, answer, api
from wiring.pickup import pickup

bp = func.Blueprint()


class Refold(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Ask for a slice of requests: `dry_run` changes nothing; the slice begins after the reference `after`."""

    dry_run: bool
    after: Annotated[str, Meta(max_length=20)] = ""


@bp.route("api/operations/refolding", methods=["POST"])
@api(access="Operator")
async def refold_next(call: Call) -> func.HttpResponse:
    """Rewrite the next requests that were stored under an older folding; a dry run only counts."""
    body = call.json(Refold)
    return answer(await pickup(call.app).refolding.run(body.after, dry_run=body.dry_run))
