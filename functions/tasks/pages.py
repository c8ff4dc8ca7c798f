"""The pages of staff that all of them share: where they sign in, and the service worker."""

import azure.functions as func

from functions.edge import capabilities
from functions.edge.assets import sent
from functions.edge.html import Visit, page
from functions.edge.staff import shell

bp = func.Blueprint()


@bp.route("staff", methods=["GET"])
@page("staff")
async def staff_home(visit: Visit) -> func.HttpResponse:
    """Sign staff in, and show which pages are theirs."""
    return shell(visit, "pages/staff", links=[link for shown in capabilities.joined() for link in shown.links])


@bp.route("staff/worker.js", methods=["GET"])
@page("staff/worker.js")
async def staff_worker(visit: Visit) -> func.HttpResponse:
    """Send the service worker, which serves the pages of staff offline."""
    return sent(visit.request, "staff/worker.js", {"Service-Worker-Allowed": "/staff"})
