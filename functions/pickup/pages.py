"""The pages of the counter and of supplies officers: shells that scripts fill."""

from typing import get_args

import azure.functions as func

from functions.edge import capabilities
from functions.edge.html import Visit, page
from functions.edge.staff import shell
from functions.intake import forms
from services.intake.reissue import Checked
from services.pickup.entitlement.section import pickup_of
from services.pickup.tables.sheets import MOST_BYTES

bp = func.Blueprint()


@bp.route("staff/counter", methods=["GET"])
@page("staff/counter", limit="look")
async def counter_page(visit: Visit) -> func.HttpResponse:
    """Show the counter where supplies are handed out, and from which services somebody may ask there."""
    definitions = [current.edition.definition for current in await visit.app.catalog.services()]
    services = [definition for definition in definitions if pickup_of(definition)]
    return shell(visit, "pickup/counter", services=services, checks=[*get_args(Checked.__value__)])


@bp.route("staff/counter/walk-ins/{id}", methods=["GET"])
@page("staff/counter/walk-ins/{id}", limit="look")
async def walk_in_page(visit: Visit) -> func.HttpResponse:
    """Show the form of a service, to be filled in for a resident who stands at the counter."""
    service = await visit.app.catalog.accepted(visit.route("id"), None)
    offered = await capabilities.options_of(visit.app, service.definition, visit.texts)
    form, contact = forms.draw(service.definition, visit.texts, {}, {}, offered)
    return shell(visit, "pickup/walk-in", service=service.definition, form=form, contact=contact)


@bp.route("staff/supplies", methods=["GET"])
@page("staff/supplies")
async def supplies_page(visit: Visit) -> func.HttpResponse:
    """Show supplies officers their sites, stock and slots."""
    return shell(visit, "pickup/supplies", most_bytes=MOST_BYTES)
