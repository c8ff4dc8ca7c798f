"""The record of a message that could not be worked, and what failing, replaying and dismissing make of it."""

import hashlib
import json
import re
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from services.case.documents import SCHEMA_VERSION
from services.case.task import Staff
from services.times import Instant

FIRST_DELAY = 30.0
LONGEST_DELAY = 600.0
MOST_TRIES = 1_000_000
RESOLVED_KEPT = 30 * 24 * 3600
"""Seconds for which a failure stays after it was replayed or dismissed, its body included."""
HISTORY_KEPT = 50
"""How many events a record keeps: the same rubbish may come for ever."""

DOCUMENTS = "documents"
"""Stands in the place of a queue where a stored document cannot be read."""

_UNSENDABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")

type FailureStatus = Literal["open", "replayed", "dismissed"]


class FailureEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Record a failed try or an operator's decision; the id derives from the message, or from tries and operator."""

    id: str
    at: Instant
    event: Literal["failed", "replayed", "dismissed"]
    by: str | None = None
    by_id: str | None = None
    reason: str | None = None


class FailureSummary(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold what operators see of a failure: everything but its body."""

    id: str
    queue: str
    error: str
    tries: int
    first_at: Instant
    last_at: Instant
    status: FailureStatus = "open"
    history: tuple[FailureEvent, ...] = ()

    def has(self, operation: str) -> bool:
        """Tell whether the event with this id is already part of the history."""
        return any(event.id == operation for event in self.history)


class Failure(FailureSummary, frozen=True, kw_only=True, rename="camel"):
    """Keep a queue message that could not be worked; `ttl` (seconds) is there once it is resolved."""

    body: str
    ttl: int | UnsetType = UNSET
    schema_version: int = SCHEMA_VERSION
    etag: str = msgspec.field(default="", name="_etag")
    stored: dict[str, Any] = msgspec.field(default_factory=dict, name="_stored")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Select failures: of a queue (or of all), of a status, that failed last at `since` or later and before `until`."""

    queue: str | None = None
    status: FailureStatus = "open"
    since: Instant | None = None
    until: Instant | None = None


def failed(
    known: Failure | None, queue: str, body: str, why: str, *, tries: int, message: str, now: Instant
) -> Failure:
    """Record that a message failed after so many tries of its own; the same message counts once."""
    event = FailureEvent(id=f"failed.{message}", at=now, event="failed", reason=why)
    if known is None:
        return Failure(
            id=failure_id(queue, body),
            queue=queue,
            body=body,
            error=why,
            tries=tries,
            first_at=now,
            last_at=now,
            history=(event,),
        )
    if known.has(event.id):
        return known
    tries = max(known.tries + 1, tries)
    return _changed(known, event, status="open", error=why, tries=tries, last_at=now, ttl=UNSET)


def given_up(known: Failure | None, queue: str, body: str, *, message: str, now: Instant) -> Failure:
    """Record a message from the poison queue; leave an open record as it is, since its worker knew more."""
    if known is not None and known.status == "open":
        return known
    why = "the worker failed again and again: its log says how"
    return failed(known, queue, body, why, tries=tries_of(body) + 1, message=message, now=now)


def replayed(known: Failure, seen: FailureSummary, by: Staff, now: Instant) -> Failure:
    """Record that the message was sent again; a failure with a newer try than the operator saw stays open."""
    event = FailureEvent(id=_operation("replayed", seen, by), at=now, event="replayed", by=by.name, by_id=by.id)
    if known.has(event.id):
        return known
    if known.tries != seen.tries:
        return _changed(known, event)
    return _changed(known, event, status="replayed", ttl=RESOLVED_KEPT)


def dismissed(known: Failure, reason: str, by: Staff, now: Instant) -> Failure:
    """Record that nothing more is to be done about a failure, and why; one that is resolved stays as it is."""
    if known.status != "open":
        return known
    event = FailureEvent(
        id=_operation("dismissed", known, by), at=now, event="dismissed", by=by.name, by_id=by.id, reason=reason
    )
    return _changed(known, event, status="dismissed", ttl=RESOLVED_KEPT)


def was_dismissed_by(failure: FailureSummary, by: Staff) -> bool:
    """Tell whether it was this operator who dismissed the failure after its last try."""
    return failure.has(_operation("dismissed", failure, by))


def failure_id(queue: str, body: str) -> str:
    """Return the id of a failure: the same for every delivery of the same content."""
    content = _content(body)
    if isinstance(content, dict):
        content = {key: value for key, value in content.items() if key != "tries"}
    text = json.dumps([queue, content], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="backslashreplace")).hexdigest()[:32]


def poison_queue_of(queue: str) -> str:
    """Return the queue that the host moves a message to on which the function of this queue failed five times."""
    return f"{queue}-poison"


def delay_after(tries: int) -> float:
    """Return the seconds until the next try: 30 s, doubling to 10 minutes."""
    return float(min(FIRST_DELAY * 2 ** min(tries, 10), LONGEST_DELAY))


def tries_of(body: str) -> int:
    """Read how often a message was put back; 0 where it does not say."""
    content = _content(body)
    tries = content.get("tries", 0) if isinstance(content, dict) else 0
    return min(max(tries, 0), MOST_TRIES) if isinstance(tries, int) else 0


def counted(body: str, tries: int) -> str:
    """Write the number of tries into a message; what is no JSON object stays as it is."""
    content = _content(body)
    return _written({**content, "tries": tries}, body) if isinstance(content, dict) else body


def can_count(body: str) -> bool:
    """Tell whether a message can carry the number of its tries; one that cannot would come again for ever."""
    return tries_of(counted(body, 1)) == 1


def without_counter(body: str) -> str:
    """Return a message as it was before it was put back for the first time."""
    content = _content(body)
    if not isinstance(content, dict) or "tries" not in content:
        return body
    return _written({key: value for key, value in content.items() if key != "tries"}, body)


def _operation(verb: str, seen: FailureSummary, by: Staff) -> str:
    return f"{verb}.{seen.tries}.{by.id}"


def _changed(known: Failure, event: FailureEvent, **changes: object) -> Failure:
    return msgspec.structs.replace(known, history=(*known.history, event)[-HISTORY_KEPT:], **changes)


def _content(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _written(content: dict[str, Any], body: str) -> str:
    """Write JSON as a message can carry it; where that cannot be done, leave the body."""
    try:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return body
    return body if _UNSENDABLE.search(text) else text
