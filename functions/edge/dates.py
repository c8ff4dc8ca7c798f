"""Dates as people read and type them: Japan's time and eras in view, ISO 8601 in store."""

import re
from datetime import date, datetime

from services import door, times
from services.times import Instant

ERAS = (
    (date(2019, 5, 1), "令和"),
    (date(1989, 1, 8), "平成"),
    (date(1926, 12, 25), "昭和"),
    (date(1912, 7, 30), "大正"),
    (date(1868, 10, 23), "明治"),
)
"""The first day and the name of each era (元号), the newest first."""

WEEKDAYS = "月火水木金土日"
_TYPED = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


def instant_text(instant: Instant, language: str) -> str:
    """Show an instant in Japan's time: `令和8年11月23日（月）9時5分`."""
    local = _in_japan(instant)
    if language == "en":
        return f"{date_text(local.date(), language)}, {local:%H:%M}"
    return f"{date_text(local.date(), language)}{local.hour}時{local.minute}分"


def span_text(starts: Instant, ends: Instant, language: str) -> str:
    """Show a span of time within a day or over its end: `令和8年11月24日（火）10時から11時30分まで`."""
    return f"{day_text(starts, language)}{', ' if language == 'en' else ''}{hours_text(starts, ends, language)}"


def day_text(instant: Instant, language: str) -> str:
    """Show the day of an instant in Japan: `令和8年11月24日（火）`."""
    return date_text(_in_japan(instant).date(), language)


def hours_text(starts: Instant, ends: Instant, language: str) -> str:
    """Show a span of time on a day that is known; one that ends on another names it: `10時から11時30分まで`."""
    first, last = _in_japan(starts), _in_japan(ends)
    until = "" if last.date() == first.date() else date_text(last.date(), language)
    if language == "en":
        return f"{first:%H:%M} to {until + ', ' if until else ''}{last:%H:%M}"
    return f"{_time_text(first)}から{until}{_time_text(last)}まで"


def date_text(day: date, language: str) -> str:
    """Show a day: `令和8年11月23日（月）`, with the western year too in easy Japanese, alone in English."""
    if language == "en":
        return f"{day.day} {day:%B} {day.year}"
    western = f"（{day.year}年）" if language == "ja-easy" else ""
    return f"{era_year(day)}{western}{day.month}月{day.day}日（{WEEKDAYS[day.weekday()]}）"


def _in_japan(instant: Instant) -> datetime:
    """Return an instant in Japan's time; a definition of before may hold one that is beyond all that may come in."""
    return min(times.moment(instant), times.moment(times.LATEST)).astimezone(times.JAPAN)


def _time_text(local: datetime) -> str:
    return f"{local.hour}時{local.minute}分" if local.minute else f"{local.hour}時"


def era_year(day: date) -> str:
    """Name the year of a day by its era: `令和8年`, `平成元年`."""
    for first, name in ERAS:
        if day >= first:
            year = day.year - first.year + 1
            return f"{name}{'元' if year == 1 else year}年"
    return f"{day.year}年"


def read_date(typed: str) -> str:
    """Write a typed day (`2026/11/1`, `２０２６年１１月１日`) as ISO 8601; what is no day stays as it was typed."""
    found = _TYPED.fullmatch(door.plain(typed).strip())
    if not found:
        return typed
    try:
        return date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        return typed
