"""Instants as text: UTC, RFC 3339, six decimals, so that comparing and sorting the text is comparing the times."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

type Instant = str
type Clock = Callable[[], Instant]

NEVER: Instant = "1970-01-01T00:00:00.000000Z"
"""Stands for a time that was not."""


def instant(moment: datetime) -> Instant:
    """Write an aware datetime as an instant of fixed width."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """Read an RFC 3339 time; raises ValueError where it is not one or has no offset."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError("a time needs an offset, such as Z or +09:00")
    return read


def later(start: Instant, seconds: float) -> Instant:
    """Return the instant so many seconds after (or, negative, before) the start."""
    return instant(moment(start) + timedelta(seconds=seconds))


def seconds_between(start: Instant, end: Instant) -> float:
    """Return how many seconds lie from start to end; negative where end comes first."""
    return (moment(end) - moment(start)).total_seconds()


def system_clock() -> Instant:
    """Read the machine's clock."""
    return instant(datetime.now(UTC))
