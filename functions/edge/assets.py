"""Files of `web/static/` as they are: styles, pictures, scripts."""

import mimetypes
from collections.abc import Mapping

import azure.functions as func

from functions.edge.headers import respond
from functions.edge.html import WEB, Visit, page, static_digest

STATIC = WEB / "static"
SERVED = frozenset(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())
FOR_EVER = "public, max-age=31536000, immutable"
ASKED_AGAIN = "public, no-cache"
"""A script is imported by its plain name, so its browser asks each time whether it changed."""

bp = func.Blueprint()


@bp.route("static/{*name}", methods=["GET"])
@page("static")
async def static_file(visit: Visit) -> func.HttpResponse:
    """Send a style, a picture or a script."""
    name = visit.route("name")
    if name not in SERVED:
        return respond(status=404, headers={})
    return sent(visit.request, name)


def sent(request: func.HttpRequest, name: str, headers: Mapping[str, str] = {}) -> func.HttpResponse:
    """Send a file with further headers, or say that the browser has it already."""
    digest = static_digest(name)
    tag = f'"{digest}"'
    kept = FOR_EVER if request.params.get("v") == digest else ASKED_AGAIN
    known = {"Cache-Control": kept, "ETag": tag, **headers}
    if request.headers.get("if-none-match") == tag:
        return respond(status=304, headers=known)
    return respond((STATIC / name).read_bytes(), mimetype=_type_of(name), headers=known)


def _type_of(name: str) -> str | None:
    return "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
