"""The body of a call, before anything reads it."""

import azure.functions as func

from functions.edge.problems import LengthMissing
from services.errors import TooLarge


def body_of(request: func.HttpRequest, limit: int) -> bytes:
    """Return a body of at most so many bytes; raises TooLarge, LengthMissing.

    The host hands on an empty one where the call says no length (`Transfer-Encoding: chunked`).
    """
    body: bytes = request.get_body()
    if not body and "chunked" in request.headers.get("transfer-encoding", "").lower():
        raise LengthMissing()
    if len(body) > limit:
        raise TooLarge()
    return body
