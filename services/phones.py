"""Japanese phone numbers as people type them: `090-0000-0000`, `（03）0000-0000`, `+81 90 0000 0000`, in any width."""

import re

from services import door

_BETWEEN = " ()（）.．ー‐−–—－-"
"""What people put between the digits of one number."""
_NUMBER = re.compile(rf"[+＋(（]?\d[\d{_BETWEEN}]*\d")


def is_number(typed: str) -> bool:
    """Tell whether a text is a number and nothing else: in Japan, with the code of any country, or of three digits."""
    plain = re.sub(rf"[\s{_BETWEEN}]", "", door.plain(typed))
    return re.fullmatch(r"0[0-9]{9,10}|\+[0-9]{8,15}|1[0-9]{2}", plain) is not None


def first_in(text: str) -> re.Match[str] | None:
    """Find the first number in a text; what follows it, such as an extension, is none of it."""
    return _NUMBER.search(text)


def digits(typed: str) -> str:
    """Return what a phone dials: the digits, and the + before the code of a country."""
    return re.sub("[^0-9+]", "", door.plain(typed))


def within_japan(typed: str) -> str:
    """Return the digits as dialled within Japan; nothing for 119 or for the 000-0000-0000 of who has none.

    Keys of stored documents derive from it: `+81 90…`, `+81 (0)90…` and `090…` must stay one number.
    """
    dialled = re.sub(r"\+", "", re.sub(r"^\+810?", "0", digits(typed)))
    return dialled if len(dialled) >= 9 and len(set(dialled)) > 1 else ""
