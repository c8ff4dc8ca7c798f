"""The pages of staff: empty shells that scripts fill over the API, once whoever sits there has signed in."""

from typing import Any, get_args

import azure.functions as func

from functions import forms, slots
from functions.assets import sent
from functions.headers import of_staff
from functions.html import Visit, page
from services.pickup.plan import pickup_of
from services.requests.reissue import Checked

bp = func.Blueprint()


@bp.route("staff", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@page("staff")
async def staff_home(visit: Visit) -> func.HttpResponse:
    """Sign staff in, and show which pages are theirs."""
    return _shell(visit, "pages/staff")


@bp.route("staff/counter", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@page("staff/counter", limit="look")
async def counter_page(visit: Visit) -> func.HttpResponse:
    """Show the counter where supplies are handed out, and from which services somebody may ask there."""
    services = [current.edition.definition for current in await visit.app.catalog.services()]
    checks = [*get_args(Checked.__value__)]
    return _shell(
        visit, "pickup/counter", services=[service for service in services if pickup_of(service)], checks=checks
    )


@bp.route("staff/counter/walk-ins/{id}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@page("staff/counter/walk-ins/{id}", limit="look")
async def walk_in_page(visit: Visit) -> func.HttpResponse:
    """Show the form of a service, to be filled in for a resident who stands at the counter."""
    service = await visit.app.catalog.accepted(visit.route("id"), None)
    offered = await slots.of_form(visit.app.offers, service.definition, visit.texts)
    form, contact = forms.draw(service.definition, visit.texts, {}, {}, offered)
    return _shell(visit, "pickup/walk-in", service=service.definition, form=form, contact=contact)


@bp.route("staff/supplies", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@page("staff/supplies")
async def supplies_page(visit: Visit) -> func.HttpResponse:
    """Show supplies officers their sites, stock and slots."""
    return _shell(visit, "pickup/supplies")


@bp.route("staff/worker.js", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@page("staff/worker.js")
async def staff_worker(visit: Visit) -> func.HttpResponse:
    """Send the service worker, which serves the pages of staff offline."""
    return sent(visit.request, "staff/worker.js", {"Service-Worker-Allowed": "/staff"})


def _shell(visit: Visit, template: str, **values: Any) -> func.HttpResponse:
    issuer = visit.app.settings.token_issuer
    return visit.page(
        template,
        policy=of_staff(issuer),
        issuer=issuer,
        client=visit.app.settings.token_audience,
        texts=visit.texts.under("staff."),
        **values,
    )
