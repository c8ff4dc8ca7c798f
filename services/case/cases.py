"""The one way to change a case: read, decide, write conditionally, and decide again where another was first."""

from collections.abc import Callable

from services import conflicts
from services.case.bounds import bounded
from services.case.ports import RequestStore
from services.case.request import Case, Changes, Request
from services.errors import UnknownRequest, WriteConflict


async def change(
    store: RequestStore, reference: str, decide: Callable[[Case], Changes], case: Case | None = None
) -> Case:
    """Apply `decide` to a case (the one given, else read), store its changes, and return the case.

    `decide` is pure and returns no changes where the state is reached already, so a write whose reply was lost succeeds
    when it is tried again. What is written is bounded (services/case/bounds.py). Raises UnknownRequest, whatever
    `decide` raises, and WriteConflict after many lost races.
    """
    was_there = case is not None
    for attempt in range(conflicts.ATTEMPTS):
        case = case or await store.load(reference)
        if case is None and was_there:
            await conflicts.pause(attempt)
            continue
        if case is None:
            raise UnknownRequest()
        was_there = True
        changes = tuple(bounded(document) for document in decide(case))
        if not changes:
            return case
        try:
            return await store.save(case, changes)
        except WriteConflict:
            case = None
            await conflicts.pause(attempt)
    raise WriteConflict(conflicts.OVERTAKEN)


async def certain(store: RequestStore, reference: str) -> Request:
    """Return a request as it surely is: it is written as it was read, which fails where the read was old.

    For whoever takes something away because of what a request does not say (docs/decisions/0016). Raises
    UnknownRequest, and WriteConflict after many lost races.
    """
    for attempt in range(conflicts.ATTEMPTS):
        case = await store.load(reference)
        if case is None:
            raise UnknownRequest()
        try:
            return (await store.save(case, (case.request,))).request
        except WriteConflict:
            await conflicts.pause(attempt)
    raise WriteConflict(conflicts.OVERTAKEN)
