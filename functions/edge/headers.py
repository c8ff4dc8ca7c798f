"""What every answer tells a browser: what may be done with it, and who else may have it. All answers are made here."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import azure.functions as func

OF_ALL = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
OF_DATA = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""JSON and tables; what an answer says of a resident is kept by no cache."""
OF_PAGES = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
}
"""Pages of residents run no script."""


def of_staff(issuer: str) -> dict[str, str]:
    """Let a page of staff run our scripts, speak to us and the issuer, and use the camera."""
    scheme, host = urlsplit(issuer)[:2]
    return {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        f"connect-src 'self' {scheme}://{host}; media-src 'self' blob:; worker-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'",
        "Permissions-Policy": OF_ALL["Permissions-Policy"].replace("camera=()", "camera=(self)"),
    }


def respond(
    body: bytes | str | None = None,
    *,
    status: int = 200,
    mimetype: str | None = None,
    headers: Mapping[str, str],
) -> func.HttpResponse:
    """Make an answer with what all of them carry and these headers."""
    return func.HttpResponse(body, status_code=status, mimetype=mimetype, headers={**OF_ALL, **headers})
