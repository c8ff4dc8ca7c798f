"""What staff at the counter and operators call where a resident's access code was seen by others."""

from typing import Annotated

import azure.functions as func
import msgspec
from msgspec import Meta

from functions.edge.access import ANY_TEAM
from functions.edge.ids import ClaimId
from functions.edge.web import Call, answer, api
from services.intake.reissue import Checked, Reissue

bp = func.Blueprint()


class ReissueBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for another access code, and say how it was checked who it is for; `id` is the caller's."""

    reference: Annotated[str, Meta(min_length=1, max_length=100)]
    id: ClaimId
    checked: Checked
    note: Annotated[str, Meta(max_length=200)] | None = None


@bp.route("api/staff/requests/access-codes", methods=["POST"])
@api(access=ANY_TEAM)
async def reissue_access_code(call: Call) -> func.HttpResponse:
    """Give a resident at the counter another access code; the old one ends."""
    return await _reissued(call)


@bp.route("api/operations/requests/access-codes", methods=["POST"])
@api(access="Operator")
async def reissue_access_code_as_operator(call: Call) -> func.HttpResponse:
    """Give a resident who calls another access code; the old one ends."""
    return await _reissued(call)


async def _reissued(call: Call) -> func.HttpResponse:
    body = call.json(ReissueBody)
    asked = Reissue(id=body.id, checked=body.checked, note=body.note)
    return answer(await call.app.reissuing.reissue(body.reference, asked, call.caller))
