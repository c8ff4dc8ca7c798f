"""The draft of a browser in the cookie that it sends and is given."""

from functions.edge.html import Visit
from functions.intake import drafts
from functions.intake.drafts import Draft


def draft_of(visit: Visit) -> Draft | None:
    """Return the draft of the browser, None where it sends none of ours."""
    return drafts.read(visit.request.headers.get("cookie", ""), visit.app.draft_secret, is_secure=visit.is_secure)


def cookie_of(visit: Visit, draft: Draft) -> str:
    """Return the Set-Cookie header that gives a browser its draft."""
    return drafts.cookie(draft, visit.app.draft_secret, is_secure=visit.is_secure)


def cookie_if_new(visit: Visit, known: Draft, draft: Draft) -> str | None:
    """Return the Set-Cookie header for a draft that the browser does not have yet."""
    return None if draft == known else cookie_of(visit, draft)
