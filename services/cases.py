"""The one way to change a case: read, decide, write conditionally, and decide again where another was first."""

import asyncio
import random
from collections.abc import Callable

from services.errors import UnknownRequest, WriteConflict
from services.ports import RequestStore
from services.requests.bounds import bounded
from services.requests.model import Case, Changes

ATTEMPTS = 8


async def change(
    store: RequestStore, reference: str, decide: Callable[[Case], Changes], case: Case | None = None
) -> Case:
    """Bring a case (the one given, if it was read already) into the state that `decide` wants, and return it.

    `decide` is pure and gives no changes where the state holds already; so a write whose reply was lost, and that a
    second try finds applied, ends well. What is written is bounded (services/requests/bounds.py). Raises
    UnknownRequest, whatever `decide` raises, and WriteConflict after many lost races.
    """
    for attempt in range(ATTEMPTS):
        case = case or await store.load(reference)
        if case is None:
            raise UnknownRequest()
        changes = tuple(bounded(document) for document in decide(case))
        if not changes:
            return case
        try:
            return await store.save(case, changes)
        except WriteConflict:
            case = None
            await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter, not a secret
    raise WriteConflict(f"{ATTEMPTS} writes in a row were overtaken")
