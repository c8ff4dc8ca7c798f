"""Write a Set-Cookie header as ASP.NET Core writes it from the cookies that a function returned."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote


def set_cookie(cookie: Any) -> str:
    """Return the header's value; name and value are percent-encoded and the path is / unless one is given."""
    parts = [f"{_escaped(cookie.name)}={_escaped(cookie.value)}"]
    if cookie.expires:
        expires = datetime.fromtimestamp(cookie.expires.value.seconds, UTC)
        parts.append(f"expires={format_datetime(expires, usegmt=True)}")
    if cookie.max_age:
        parts.append(f"max-age={int(cookie.max_age.value)}")
    if cookie.domain and cookie.domain.value:
        parts.append(f"domain={cookie.domain.value}")
    parts.append(f"path={cookie.path.value if cookie.path and cookie.path.value else '/'}")
    parts += [
        flag for flag, given in (("secure", cookie.secure), ("httponly", cookie.http_only)) if given and given.value
    ]
    if cookie.same_site:
        parts.append(f"samesite={cookie.same_site}")
    return "; ".join(parts)


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~")
