"""Queue messages that cannot be worked: later where a store is away, never where they cannot succeed."""

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable

from services.errors import NeverPossible, StoreUnavailable, UnknownRequest
from services.ports import Failure, FailureStore, Queues
from services.times import Clock, Instant

FIRST_DELAY = 30.0
LONGEST_DELAY = 600.0
TRIES_WITHOUT_DOCUMENT = 12
"""How often a message whose document is not there is tried again before it is a failure."""

log = logging.getLogger("madoguchi.failures")


class Delivery:
    """Work one message so that it ends well, comes again later, or stands in the failures."""

    def __init__(self, queues: Queues, failures: FailureStore, clock: Clock) -> None:
        self._queues = queues
        self._failures = failures
        self._clock = clock

    async def work(self, queue: str, body: str, do: Callable[[str], Awaitable[object]]) -> None:
        """Do the work of a message. It ends normally, unless the queue is away too, or the code is wrong."""
        try:
            await do(body)
        except NeverPossible as error:
            await record_failure(self._failures, queue, body, str(error), tries=tries_of(body), now=self._clock())
        except (StoreUnavailable, UnknownRequest) as error:
            await self._again_or_fail(queue, body, error)

    async def give_up(self, queue: str, body: str) -> None:
        """Record a message that the host moved to the poison queue of this queue."""
        why = "the worker failed again and again; its log says how"
        await record_failure(self._failures, queue, body, why, tries=tries_of(body), now=self._clock())

    async def _again_or_fail(self, queue: str, body: str, error: StoreUnavailable | UnknownRequest) -> None:
        tries = tries_of(body)
        if isinstance(error, UnknownRequest) and tries >= TRIES_WITHOUT_DOCUMENT:
            await record_failure(self._failures, queue, body, "no such request", tries=tries, now=self._clock())
            return
        log.warning("%s: %s; try %d comes later", queue, error.code, tries + 1)
        await self._queues.send(queue, {**json.loads(body), "tries": tries + 1}, delay=delay_after(tries))


def delay_after(tries: int) -> float:
    """Return the seconds until the next try: 30 s, doubling to 10 minutes."""
    return float(min(FIRST_DELAY * 2 ** min(tries, 10), LONGEST_DELAY))


def tries_of(body: str) -> int:
    """Read how often a message was put back; 0 where it does not say."""
    content = _content(body)
    tries = content.get("tries", 0) if isinstance(content, dict) else 0
    return tries if isinstance(tries, int) else 0


def failure_id(queue: str, body: str) -> str:
    """Return the id of a failure: the same for every delivery of the same content."""
    content = _content(body)
    if isinstance(content, dict):
        content = {key: value for key, value in content.items() if key != "tries"}
    text = json.dumps([queue, content], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:32]


async def record_failure(store: FailureStore, queue: str, body: str, why: str, *, tries: int, now: Instant) -> None:
    """Keep a message that cannot succeed, and why."""
    id_ = failure_id(queue, body)
    log.error("failure %s in %s: %s", id_, queue, why)
    failure = Failure(id=id_, queue=queue, body=body, error=why, tries=tries + 1, first_at=now, last_at=now)
    await store.record(failure)


def _content(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body
