"""Invisible characters: the code points that a screen shows as nothing, in one table."""

import re

UNICODE_VERSION = "15.0.0"
"""The edition of DerivedCoreProperties.txt that the table follows."""

DEFAULT_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f-\u1160\u17b4-\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Default_Ignorable_Code_Point, as the inside of a character class: fillers, joiners, directions, selectors, tags."""
CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
"""Control characters (Cc), but for tab and the ends of lines."""
_SHAPES_OTHERS = "\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef"
"""Joiners and selectors, which some scripts, variants of kanji and emoji are written with."""

_UNSEEN = re.compile(f"[{DEFAULT_IGNORABLE}{CONTROLS}]")
_REFUSED = re.compile(f"(?![{_SHAPES_OTHERS}])[{DEFAULT_IGNORABLE}\x80-\x9f]")
_SEEN = re.compile(f"[^{DEFAULT_IGNORABLE}{CONTROLS}\\s]")
_SHAPES = re.compile(f"[{_SHAPES_OTHERS}]*")


def without_unseen(text: str) -> str:
    """Drop what nobody sees, so that what looks the same is the same."""
    return _UNSEEN.sub("", text)


def hides(text: str) -> bool:
    """Tell whether a text holds what nobody sees and no writing needs: fillers, directions, tags, C1 controls."""
    return _REFUSED.search(text) is not None


def trimmed(text: str) -> str:
    """Drop the space around a text, and what nobody sees there: phones paste directions around a number.

    What shapes the last character stays: a name may end in a variant of a kanji.
    """
    first, last = _SEEN.search(text), _SEEN.search(text[::-1])
    if first is None or last is None:
        return ""
    shaped = _SHAPES.match(text, len(text) - last.start())
    return text[first.start() : shaped.end() if shaped else None]
