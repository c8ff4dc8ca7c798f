"""A stored document as a later version of the app may have written it: with keys that this one does not know."""

from typing import Any

KEY = "ofLater"
VALUE: Any = {"x": [1, {"y": None}]}
MAPS = (
    "answers",
    "before",
    "pending",
    "entries",
    "free",
    "allotted",
    "lines",
    "onHand",
    "grants",
    "name",
    "hours",
    "access",
)
"""Fields whose keys are ids, items, languages or fields of a form: a later version adds no key of its own there."""
NEWER = 99


def with_unknown_keys(value: Any, name: str = "") -> Any:
    """Return a document with a key beside the others at every level."""
    if isinstance(value, list):
        return [with_unknown_keys(one) for one in value]
    if not isinstance(value, dict):
        return value
    known = {key: with_unknown_keys(one, key) for key, one in value.items() if not key.startswith("_")}
    return known if name in MAPS else known | {KEY: VALUE}


def lost(before: Any, after: Any, place: str = "$") -> list[str]:
    """Return where a key was lost although what stood around it is still there; lists keep their order."""
    if isinstance(before, list) and isinstance(after, list):
        pairs = [(f"{place}[{n}]", *pair) for n, pair in enumerate(zip(before, after, strict=False))]
    elif isinstance(before, dict) and isinstance(after, dict):
        here = [place] if KEY in before and after.get(KEY) != before[KEY] else []
        both = [key for key in before if key in after and key != KEY]
        return here + [p for key in both for p in lost(before[key], after[key], f"{place}.{key}")]
    else:
        return []
    return [p for name, one, other in pairs for p in lost(one, other, name)]
