"""Instants as text: UTC, RFC 3339, six decimals, so that comparing and sorting the text is comparing the times."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

from msgspec import Meta

_LONG_MONTHS = "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
_SHORT_MONTHS = "(0[469]|11)-(0[1-9]|[12][0-9]|30)"
_FEBRUARY = "02-(0[1-9]|1[0-9]|2[0-8])"
_DAYS = f"[12][0-9]{{3}}-({_LONG_MONTHS}|{_SHORT_MONTHS}|{_FEBRUARY})"
_LEAP_DAYS = "[12][0-9](0[48]|[2468][048]|[13579][26])-02-29"
_TIME = r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"

type Instant = Annotated[str, Meta(pattern=rf"^({_DAYS}|{_LEAP_DAYS}){_TIME}\Z")]
type Told = str
"""A time as somebody outside writes it; `told` reads it."""
type Clock = Callable[[], Instant]

NEVER: Instant = "1970-01-01T00:00:00.000000Z"
"""Stands for a time that was not."""
EARLIEST: Instant = NEVER
LATEST: Instant = "2999-12-31T23:59:59.999999Z"
"""The times that may come from outside: whatever a rule adds to one or takes from it is a time, too."""
LONGEST_TOLD = 64
JAPAN = timezone(timedelta(hours=9), "Asia/Tokyo")
"""Japan has had no summer time since 1951, so its day begins at 15:00 UTC all the year."""

_LEAP_SECOND = re.compile(r"(:[0-9]{2}:)60(?=[.,Z+-])", re.IGNORECASE)


class BeyondTime(ValueError):
    """Say that a time lies outside `EARLIEST` and `LATEST`."""


def instant(moment: datetime) -> Instant:
    """Write an aware datetime as an instant of fixed width."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> datetime:
    """Read an RFC 3339 time; raises ValueError where it is not one or has no offset."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError("a time needs an offset, such as Z or +09:00")
    return read


def told(text: str) -> Instant:
    """Read a time that somebody outside tells; a leap second is taken for the second before it.

    Raises ValueError where it is no RFC 3339 time with an offset, and BeyondTime where it is none of ours.
    """
    if len(text) > LONGEST_TOLD:
        raise ValueError("longer than any time")
    read = moment(_LEAP_SECOND.sub(r"\g<1>59", text, count=1))
    if not moment(EARLIEST) <= read <= moment(LATEST):
        raise BeyondTime(f"a time must lie between {EARLIEST[:4]} and {LATEST[:4]}")
    return instant(read)


def day_in_japan(at: Instant) -> str:
    """Return the day in Japan, as in `2026-11-24`."""
    return moment(at).astimezone(JAPAN).date().isoformat()


def later(start: Instant, seconds: float) -> Instant:
    """Return the instant so many seconds after (or, negative, before) the start."""
    return instant(moment(start) + timedelta(seconds=seconds))


def seconds_between(start: Instant, end: Instant) -> float:
    """Return how many seconds lie from start to end; negative where end comes first."""
    return (moment(end) - moment(start)).total_seconds()


def system_clock() -> Instant:
    """Read the machine's clock."""
    return instant(datetime.now(UTC))
