"""Stored documents that cannot be read: recorded once among the failures, for operators to mend."""

import logging
from collections.abc import Mapping

import msgspec

from services import side_by_side, times
from services.errors import StoreUnavailable, WriteConflict
from services.failures import model
from services.failures.model import DOCUMENTS, Failure
from services.failures.ports import FailureStore
from services.failures.service import record
from services.times import Clock, Instant

NOTED_FOR = 20.0
AT_ONCE = 16
MOST_REMEMBERED = 10_000

log = logging.getLogger("madoguchi.failures")


class SetAside:
    """Record documents that do not decode, each once while it stays as it is.

    An instance does not look again for some seconds after it recorded one, or found it recorded. Of many it records a
    few at a time, so that whoever lists the others need not wait: it comes to the rest when they are read again.
    """

    def __init__(self, failures: FailureStore, clock: Clock) -> None:
        self._failures = failures
        self._clock = clock
        self._noted_at: dict[str, Instant] = {}

    async def note(self, container: str, damaged: Mapping[str, str]) -> None:
        """Record why documents (by their ids) cannot be read; one that was resolved and still is damaged is open again.

        Where the failures do not answer, it is recorded when the document is read again.
        """
        now = self._clock()
        whys = {f"{container}/{id_} cannot be read: {reason}": id_ for id_, reason in damaged.items()}
        noted_at = {why: self._noted_at.get(why, times.NEVER) for why in whys}
        due = sorted((why for why in whys if times.later(noted_at[why], NOTED_FOR) <= now), key=noted_at.__getitem__)
        await side_by_side.each(due[:AT_ONCE], lambda why: self._note(container, whys[why], why, now), AT_ONCE)

    async def _note(self, container: str, document: str, why: str, now: Instant) -> None:
        body = msgspec.json.encode({"container": container, "id": document}).decode()

        def decide(known: Failure | None) -> Failure:
            if known and known.status == "open" and known.error == why:
                return known
            tries = known.tries + 1 if known else 1
            return model.failed(known, DOCUMENTS, body, why, tries=tries, message=str(tries), now=now)

        try:
            known = await self._failures.read(DOCUMENTS, model.failure_id(DOCUMENTS, body))
            if known is None or decide(known) is not known:
                await record(self._failures, DOCUMENTS, body, decide)
            self._remember(why, now)
        except (StoreUnavailable, WriteConflict) as error:
            log.warning("%s; not recorded yet: %s", why, error)

    def _remember(self, why: str, now: Instant) -> None:
        if len(self._noted_at) >= MOST_REMEMBERED:
            self._noted_at.clear()
        self._noted_at[why] = now
