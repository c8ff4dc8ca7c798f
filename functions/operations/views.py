"""What operators see of queues and failures."""

from typing import Any

import msgspec

from services.catalog.model import Current
from services.failures.model import FailureSummary
from services.operations.measuring import Measured


def queue(shown: Measured) -> dict[str, Any]:
    """Show operators a queue, and how many of its messages failed for good."""
    return {**msgspec.to_builtins(shown.numbers), "openFailures": shown.open_failures}


def pause(current: Current) -> dict[str, Any]:
    """Show editors whether a service is paused, since when and why."""
    paused = current.paused
    return {"service": current.service} | ({"pausedAt": paused.at, "reason": paused.reason} if paused else {})


def failure(shown: FailureSummary) -> dict[str, Any]:
    """Show operators a failure: why, when, what was done about it and by whom."""
    events = [{"at": e.at, "event": e.event, "by": e.by, "reason": e.reason} for e in shown.history]
    return {
        "id": shown.id,
        "queue": shown.queue,
        "status": shown.status,
        "error": shown.error,
        "tries": shown.tries,
        "firstAt": shown.first_at,
        "lastAt": shown.last_at,
        "history": events,
    }
