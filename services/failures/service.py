"""Queue messages that cannot be worked: later where a store is away, recorded where they cannot succeed, and then
replayed or dismissed by an operator."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from services import conflicts
from services.case.ports import Queues
from services.case.task import Staff
from services.errors import (
    UNUSABLE,
    DocumentFull,
    MadoguchiError,
    NeverPossible,
    StoreUnavailable,
    UnknownRequest,
    UnknownService,
    WriteConflict,
)
from services.failures import model
from services.failures.model import Failure, FailureSummary, Selection, tries_of
from services.failures.ports import FailureStore
from services.times import Clock

TRIES_WITHOUT_DOCUMENT = 12
"""How often a message whose document is not there is tried again before it is a failure."""
LIST_LIMIT = 500
"""How many failures one call lists, replays or dismisses."""
SIDE_BY_SIDE = 16

log = logging.getLogger("madoguchi.failures")


class Worker:
    """Work one message so that it ends well, comes again later, or stands in the failures."""

    def __init__(self, queues: Queues, failures: FailureStore, clock: Clock) -> None:
        self._queues = queues
        self._failures = failures
        self._clock = clock

    async def work(self, queue: str, body: str, do: Callable[[str], Awaitable[object]], message: str) -> None:
        """Do the work of the message with this id. It ends well, unless the queue is away too, or the code is wrong."""
        try:
            await self._do(queue, body, do, message)
        except StoreUnavailable as error:
            await self._put_back(queue, body, error)

    async def give_up(self, queue: str, body: str, message: str) -> None:
        """Record a message that the host moved to the poison queue of this queue, unless its worker did.

        Nobody comes after that queue: the host delivers a message of it five times, and then never again. So one that
        cannot be recorded is sent there anew, without an end, and comes back after ten minutes. Raises
        StoreUnavailable where that fails too.
        """
        try:
            await record(
                self._failures,
                queue,
                body,
                lambda known: model.given_up(known, queue, body, message=f"poison.{message}", now=self._clock()),
            )
        except MadoguchiError as error:
            log.warning("%s: a poisoned message cannot be recorded yet: %s", queue, error.code)
            await self._keep(queue, body)
        except Exception:
            log.exception("%s: a poisoned message cannot be recorded", queue)
            await self._keep(queue, body)

    async def _keep(self, queue: str, body: str) -> None:
        await self._queues.send_text(model.poison_queue_of(queue), body, delay=model.LONGEST_DELAY)

    async def _do(self, queue: str, body: str, do: Callable[[str], Awaitable[object]], message: str) -> None:
        try:
            await do(body)
        except NeverPossible as error:
            await self._fail(queue, body, str(error), message)
        except DocumentFull as error:
            why = f"document full ({error}): see docs/operations/failures.md, then replay it"
            await self._fail(queue, body, why, message)
        except UnknownService:
            why = (
                "the service or edition that the request answers was never published: mend the request, then replay it"
            )
            await self._fail(queue, body, why, message)
        except UnknownRequest as error:
            if tries_of(body) < TRIES_WITHOUT_DOCUMENT and model.can_count(body):
                await self._put_back(queue, body, error)
            else:
                await self._fail(queue, body, "no such request: replay it once the request is there", message)

    async def _fail(self, queue: str, body: str, why: str, message: str) -> None:
        tries = tries_of(body) + 1
        await record_failure(self._failures, queue, body, why, tries=tries, message=message, clock=self._clock)

    async def _put_back(self, queue: str, body: str, error: MadoguchiError) -> None:
        tries = tries_of(body)
        log.warning("%s: %s; try %d comes later", queue, error.code, tries + 1)
        await self._queues.send_text(queue, model.counted(body, tries + 1), delay=model.delay_after(tries))


class Resolution(msgspec.Struct, rename="camel"):
    """Say what became of each failure: ids, and for those resolved before their status.

    `unknown` are those that are not there or cannot be read, `left` counts what a call's limit left open.
    """

    replayed: list[str] = []
    would_replay: list[str] = []
    dismissed: list[str] = []
    already: list[dict[str, str]] = []
    unknown: list[str] = []
    left: int = 0


class Failures:
    """Let operators see, replay and dismiss failures.

    Every call raises StoreUnavailable; what was done until then stands, and the same call does the rest.
    """

    def __init__(self, store: FailureStore, queues: Queues, clock: Clock) -> None:
        self._store = store
        self._queues = queues
        self._clock = clock

    async def list(self, selection: Selection, limit: int = LIST_LIMIT) -> Sequence[FailureSummary]:
        """List failures, the latest first."""
        return await self._store.list(selection, limit)

    async def open_in(self, queues: Sequence[str]) -> dict[str, int]:
        """Count the open failures of queues; nothing where the store does not answer, so that queues show anyway."""
        try:
            counts = await asyncio.gather(*(self._store.count(Selection(queue=queue)) for queue in queues))
        except StoreUnavailable:
            return {}
        return dict(zip(queues, counts, strict=True))

    async def replay(self, ids: Sequence[str], by: Staff, *, dry_run: bool) -> Resolution:
        """Send messages to their queues again, at most 500."""
        resolution = Resolution()
        await self._replay_each(await self._known(ids, resolution), by, dry_run, resolution)
        return resolution

    async def replay_range(self, selection: Selection, by: Staff, *, dry_run: bool) -> Resolution:
        """Send all open messages of a selection again, the latest 500 at once."""
        listed = await self._store.list(selection, LIST_LIMIT)
        left = await self._store.count(selection) - len(listed) if len(listed) == LIST_LIMIT else 0
        resolution = Resolution(left=max(left, 0))
        await self._replay_each(listed, by, dry_run, resolution)
        return resolution

    async def dismiss(self, ids: Sequence[str], reason: str, by: Staff) -> Resolution:
        """Resolve failures about which nothing is to be done, at most 500."""
        resolution = Resolution()
        known = await self._known(ids, resolution)
        await _side_by_side(known, lambda listed: self._dismiss(listed, reason, by, resolution))
        return resolution

    async def _known(self, ids: Sequence[str], resolution: Resolution) -> Sequence[FailureSummary]:
        wanted = tuple(dict.fromkeys(ids))[:LIST_LIMIT]
        resolution.left = len(set(ids)) - len(wanted)
        found = await self._store.find(wanted)
        resolution.unknown = sorted(set(wanted) - {failure.id for failure in found})
        return found

    async def _replay_each(
        self, found: Sequence[FailureSummary], by: Staff, dry_run: bool, resolution: Resolution
    ) -> None:
        still_open = [failure for failure in found if failure.status == "open"]
        resolution.already = [_already(failure) for failure in found if failure.status != "open"]
        if dry_run:
            resolution.would_replay = [failure.id for failure in still_open]
        else:
            await _side_by_side(still_open, lambda listed: self._replay(listed, by, resolution))

    async def _replay(self, listed: FailureSummary, by: Staff, resolution: Resolution) -> None:
        """Send first, then mark: a crash in between costs a second message, which every worker bears.

        A document is read again without any message, and recorded again where it still cannot be.
        """
        read = await self._readable(listed)
        if read is None:
            resolution.unknown.append(listed.id)
        elif read.status != "open":
            resolution.already.append(_already(read))
        else:
            if read.queue != model.DOCUMENTS:
                await self._queues.send_text(read.queue, model.without_counter(read.body))
            await self._change(read, lambda known: model.replayed(known, read, by, self._clock()))
            resolution.replayed.append(read.id)

    async def _dismiss(self, listed: FailureSummary, reason: str, by: Staff, resolution: Resolution) -> None:
        read = await self._readable(listed)
        was_open = read is not None and read.status == "open"
        changed = read and await self._change(read, lambda known: model.dismissed(known, reason, by, self._clock()))
        if changed is None:
            resolution.unknown.append(listed.id)
        elif was_open and model.was_dismissed_by(changed, by):
            resolution.dismissed.append(changed.id)
        else:
            resolution.already.append(_already(changed))

    async def _readable(self, listed: FailureSummary) -> Failure | None:
        """Read a failure; None where it is not there, or cannot be used."""
        try:
            return await self._store.read(listed.queue, listed.id)
        except UNUSABLE:
            return None

    async def _change(self, read: Failure, decide: Callable[[Failure], Failure]) -> Failure | None:
        return await _change(self._store, read.queue, read.id, lambda known: known and decide(known), read)


async def record_failure(
    store: FailureStore, queue: str, body: str, why: str, *, tries: int, message: str, clock: Clock
) -> None:
    """Keep a message that cannot succeed, and why; `tries` are those of the message with this id."""
    await record(
        store,
        queue,
        body,
        lambda known: model.failed(known, queue, body, why, tries=tries, message=message, now=clock()),
    )


async def record(store: FailureStore, queue: str, body: str, decide: Callable[[Failure | None], Failure]) -> None:
    """Create the record, else change it; then tell operations by the one line that their alert looks for."""
    recorded = await _change(store, queue, model.failure_id(queue, body), decide)
    if recorded:
        log.error("failure %s in %s: %s", recorded.id, queue, recorded.error)


async def _change(
    store: FailureStore,
    queue: str,
    id_: str,
    decide: Callable[[Failure | None], Failure | None],
    known: Failure | None = None,
) -> Failure | None:
    """Write what `decide` makes of the state known, of none at first; where another was first, read and decide again.

    A write whose reply was lost is found in the history the second time. Returns None where there is nothing to write.
    """
    for attempt in range(conflicts.ATTEMPTS):
        changed = decide(known)
        if changed is None or changed is known:
            return known
        try:
            await store.save(changed)
        except WriteConflict:
            await conflicts.pause(attempt)
            known = await store.read(queue, id_)
        else:
            return changed
    raise WriteConflict(conflicts.OVERTAKEN)


async def _side_by_side(failures: Sequence[FailureSummary], do: Callable[[FailureSummary], Awaitable[None]]) -> None:
    """Do a few at once; where one raises, wait for the others of its batch and stop: nothing runs after the answer."""
    for batch in itertools.batched(failures, SIDE_BY_SIDE, strict=False):
        results = await asyncio.gather(*(do(failure) for failure in batch), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


def _already(failure: FailureSummary) -> dict[str, str]:
    return {"id": failure.id, "status": failure.status}
