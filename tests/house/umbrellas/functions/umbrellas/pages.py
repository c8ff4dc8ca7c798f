"""The page that says how many umbrellas there are."""

import azure.functions as func
from wiring.umbrellas import umbrellas

from functions.edge.html import LANG, Visit, page

bp = func.Blueprint()


@bp.route(LANG + "/umbrellas", methods=["GET"])
@page("umbrellas", limit="look")
async def umbrellas_page(visit: Visit) -> func.HttpResponse:
    """Say how many umbrellas are free."""
    return visit.page("umbrellas/page", number=len(await umbrellas(visit.app).free()))
