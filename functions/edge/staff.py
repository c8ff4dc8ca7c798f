"""The shell of a page of staff: scripts fill it over the API after its user has signed in."""

from typing import Any

import azure.functions as func

from functions.edge.headers import of_staff
from functions.edge.html import Visit


def shell(visit: Visit, template: str, **values: Any) -> func.HttpResponse:
    """Draw the shell of a page of staff."""
    issuer = visit.app.settings.token_issuer
    return visit.page(
        template,
        policy=of_staff(issuer),
        issuer=issuer,
        client=visit.app.settings.token_audience,
        texts=visit.texts.under("staff."),
        **values,
    )
