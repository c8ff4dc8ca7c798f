"""Stored documents that cannot be read: recorded once among the failures, for operators to mend."""

import logging

import msgspec

from services.errors import StoreUnavailable, WriteConflict
from services.failures import model
from services.failures.model import DOCUMENTS, Failure
from services.failures.ports import FailureStore
from services.failures.service import record
from services.times import Clock

log = logging.getLogger("madoguchi.failures")


class SetAside:
    """Record documents that do not decode, each once while it stays as it is."""

    def __init__(self, failures: FailureStore, clock: Clock) -> None:
        self._failures = failures
        self._clock = clock

    async def note(self, container: str, document: str, reason: str) -> None:
        """Record why a document cannot be read; one that was resolved and is still damaged is open again.

        Where the failures do not answer, it is recorded when the document is read again.
        """
        body = msgspec.json.encode({"container": container, "id": document}).decode()
        why = f"{container}/{document} cannot be read: {reason}"

        def decide(known: Failure | None) -> Failure:
            if known and known.status == "open" and known.error == why:
                return known
            tries = known.tries + 1 if known else 1
            return model.failed(known, DOCUMENTS, body, why, tries=tries, message=str(tries), now=self._clock())

        try:
            known = await self._failures.read(DOCUMENTS, model.failure_id(DOCUMENTS, body))
            if known is None or decide(known) is not known:
                await record(self._failures, DOCUMENTS, body, decide)
        except (StoreUnavailable, WriteConflict) as error:
            log.warning("%s; not recorded yet: %s", why, error)
