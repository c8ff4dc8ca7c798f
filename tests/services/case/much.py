"""Requests to which more has happened than their histories hold."""

import msgspec

from services.case.bounds import bounded
from services.case.documents import Event
from services.intake.service import Receipt
from tests.counter import Counter

MANY = tuple(Event(id=f"waiting.{n}", at="2026-11-23T00:00:00.000000Z", event="waiting") for n in range(5000))


def let_much_happen(counter: Counter, receipt: Receipt) -> None:
    """Let five thousand things happen to a request."""
    case = counter.case(receipt)
    changed = bounded(msgspec.structs.replace(case.request, history=(*case.request.history, *MANY)))
    counter.store.cases[receipt.reference] = msgspec.structs.replace(case, request=changed)
