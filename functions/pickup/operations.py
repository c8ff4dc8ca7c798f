"""What operators call of pickup."""

from typing import Annotated

import azure.functions as func
import msgspec
from msgspec import Meta

from functions.edge.web import Call, answer, api
from wiring.pickup import pickup

bp = func.Blueprint()


class Refold(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Say whether to fold anew, or only to tell what that would do, and after which reference the slice begins."""

    dry_run: bool
    after: Annotated[str, Meta(max_length=20)] = ""


@bp.route("api/operations/refolding", methods=["POST"])
@api(access="Operator")
async def refold_next(call: Call) -> func.HttpResponse:
    """Fold the next slice of the bookings of an older folding anew, or say what that would do."""
    body = call.json(Refold)
    return answer(await pickup(call.app).refolding.run(body.after, dry_run=body.dry_run))
