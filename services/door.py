"""The door: the limits of what comes from outside, kept before anything normalises, matches, sorts or parses it."""

import unicodedata

from services.invisible import without_unseen

LONGEST_LINE = 300
"""Characters of what people type into one line: a reference, a code, a name, a number, a day, an address.

Normalising costs the square of a run of combining marks: 300 of them take microseconds, 16,000 more than a second.
"""


def plain(typed: str) -> str:
    """Return a line as it is compared: width folded (NFKC), without what nobody sees.

    A longer text is returned as it is: it is nothing that anybody looks for in a line.
    """
    return typed if len(typed) > LONGEST_LINE else without_unseen(unicodedata.normalize("NFKC", without_unseen(typed)))
