"""What another message under the key of a request makes of it: an earlier receipt, or another body beside the first."""

import msgspec

from services.case.documents import Event
from services.case.request import Changes, Request, Step, Variant, with_step
from services.errors import NeverPossible
from services.times import Instant

MOST_VARIANTS = 5
"""Bodies kept beside the first: each is up to 48 KiB, and whoever writes the intake queue writes them."""


def received_earlier(request: Request, received_at: Instant, now: Instant) -> Changes:
    """Keep the earlier of two receipts of the same body, whichever was processed first; record it in one event."""
    if received_at >= request.received_at:
        return ()
    event = Event(id=f"received.{received_at}", at=now, event="received_earlier")
    others = tuple(one for one in request.history if one.event != event.event)
    return (msgspec.structs.replace(request, received_at=received_at, history=(*others, event)),)


def kept_beside(request: Request, variant: Variant, now: Instant) -> Changes:
    """Keep another body of the same key beside the first, and ask for a person to judge.

    Raises NeverPossible for one body more than a request keeps.
    """
    if any(known.body_hash == variant.body_hash for known in request.variants):
        return ()
    if len(request.variants) >= MOST_VARIANTS:
        raise NeverPossible(f"{MOST_VARIANTS} other bodies stand beside this request: the sender must use a new key")
    operation = f"variant.{variant.body_hash}"
    event = Event(id=operation, at=now, event="other_body_received")
    variants = (*request.variants, variant)
    changed = msgspec.structs.replace(request, variants=variants, history=(*request.history, event))
    step = Step(kind="review", at=now, round=len(variants) + 1, reason="other_body")
    return (with_step(changed, operation, step),)
