"""The messages that wake a request up, and when the sweeper looks again at what did not move on."""

from typing import Any

import msgspec

from services import messages, times, traces
from services.case.ports import Due
from services.case.receipts import is_reference
from services.case.request import FIRST_SWEEP_AFTER
from services.case.task import SWEEP_HELD_AFTER, SWEEP_OPEN_AFTER, Priority
from services.errors import NeverPossible
from services.times import Instant

QUEUE = "requests-advance"
LONGEST_SWEEP = 3600.0
SWEEP_LIMIT = 500
"""How many due documents one tick of the sweeper moves on."""


class WakeUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Wake one request up; the document decides what there is to do."""

    reference: str
    traceparent: str | None = None
    tries: int = 0


class TaskMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Deliver one task to its team; the document decides who holds it."""

    task: str
    team: str
    priority: Priority
    traceparent: str | None = None


def read_wake_up(body: str) -> WakeUp:
    """Read a message of `requests-advance`; raises NeverPossible where it is not one."""
    read = messages.read(body, WakeUp, "a wake-up")
    if not is_reference(read.reference):
        raise NeverPossible("not a wake-up: reference is none of ours")
    return msgspec.structs.replace(read, traceparent=traces.shaped(read.traceparent))


def wake_up(reference: str, traceparent: str | None) -> dict[str, Any]:
    """Return the message that wakes a request up."""
    return dict(msgspec.to_builtins(WakeUp(reference=reference, traceparent=traceparent)))


def next_look(due: Due, now: Instant, jitter: float) -> Instant:
    """Return when to look again: doubling up to an hour for a request, from an hour on for an open task.

    `jitter` (0 to 1) spreads what became due together over a tenth of the interval.
    """
    if due.lease_until is not None and due.lease_until > now:
        seconds = times.seconds_between(now, due.lease_until) + SWEEP_HELD_AFTER
    elif due.team is not None:
        seconds = SWEEP_OPEN_AFTER * 2 ** min(due.sweeps, 5)
    else:
        seconds = _interval(due.sweeps + 1)
    return times.later(now, seconds * (1 + jitter / 10))


def is_queued(due: Due, oldest: Instant | None) -> bool:
    """Tell whether the last wake-up of a due request still waits in a queue whose oldest message came at `oldest`.

    A queue gives its messages about in the order in which they came. Tasks wait in queues of their own.
    """
    woken = times.later(due.due_at, -_interval(due.sweeps))
    return due.team is None and oldest is not None and oldest <= woken


def _interval(sweeps: int) -> float:
    return min(FIRST_SWEEP_AFTER * 2.0 ** min(sweeps, 6), LONGEST_SWEEP)
