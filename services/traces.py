"""Traceparents as they stand in documents and messages: of the W3C's shape, or none."""

import re

_SHAPE = re.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def shaped(traceparent: str | None) -> str | None:
    """Return a traceparent of the shape of W3C Trace Context (version 00); drop what is none."""
    return traceparent if traceparent and _SHAPE.fullmatch(traceparent) else None
