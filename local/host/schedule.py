"""NCRONTAB, the six-field schedule of timer triggers (second minute hour day month weekday, in UTC), as the library of
the Functions host reads it. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_SEARCH_DAYS = 366 * 41


class ScheduleError(Exception):
    """An expression that is not NCRONTAB, or that never comes true."""


@dataclass(frozen=True)
class Schedule:
    """The values that each field allows; a day must fit month, day and weekday at once."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]

    def has_day(self, day: date) -> bool:
        """Tell whether the schedule comes true on this day."""
        return day.month in self.months and day.day in self.days and day.isoweekday() % 7 in self.weekdays

    def first_time(self, earliest: time) -> time | None:
        """Return the first time of a day at or after this one."""
        for hour in (hour for hour in self.hours if hour >= earliest.hour):
            for minute in (minute for minute in self.minutes if (hour, minute) >= (earliest.hour, earliest.minute)):
                for second in self.seconds:
                    if time(hour, minute, second) >= earliest:
                        return time(hour, minute, second)
        return None


def parse(expression: str) -> Schedule:
    """Read an expression of six fields (five: the seconds are 0). Raises ScheduleError."""
    fields = expression.split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise ScheduleError(f"'{expression}' has not six fields")
    return Schedule(
        seconds=_field(fields[0], 0, 59),
        minutes=_field(fields[1], 0, 59),
        hours=_field(fields[2], 0, 23),
        days=_field(fields[3], 1, 31),
        months=_field(fields[4], 1, 12, _MONTHS),
        weekdays=_field(fields[5], 0, 6, _DAYS),
    )


def next_occurrence(expression: str, after: datetime) -> datetime:
    """Return the first time after this one, in UTC. Raises ScheduleError where none comes."""
    schedule = parse(expression)
    start = after.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
    for offset in range(_SEARCH_DAYS):
        day = start.date() + timedelta(days=offset)
        found = schedule.first_time(start.time() if offset == 0 else time()) if schedule.has_day(day) else None
        if found:
            return datetime.combine(day, found, UTC)
    raise ScheduleError(f"'{expression}' never comes true")


def _field(text: str, lowest: int, highest: int, names: tuple[str, ...] = ()) -> tuple[int, ...]:
    values: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, last = _span(span, bool(slash), lowest, highest, names)
        values.update(range(first, last + 1, max(_digits(step), 1) if slash else 1))
    return tuple(sorted(values))


def _span(text: str, stepped: bool, lowest: int, highest: int, names: tuple[str, ...]) -> tuple[int, int]:
    """Return the ends of `*`, `a-b` (or `b-a`, which is the same), `a`, or of `a` with a step: to the field's end."""
    if text == "*":
        return lowest, highest
    ends = sorted(_number(end, lowest, highest, names) for end in text.split("-"))
    if len(ends) > 2:
        raise ScheduleError(f"'{text}' is not a range")
    return ends[0], (highest if stepped and len(ends) == 1 else ends[-1])


def _number(text: str, lowest: int, highest: int, names: tuple[str, ...]) -> int:
    """Read a number, or any beginning of a name: `jan`, `monday`, `W`."""
    begins = [number for number, name in enumerate(names, lowest) if text and name.startswith(text.lower())]
    number = begins[0] if begins else _digits(text)
    if not lowest <= number <= highest:
        raise ScheduleError(f"'{text}' is not from {lowest} to {highest}")
    return number


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ScheduleError(f"'{text}' is not a number")
    return int(text)
