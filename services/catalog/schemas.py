"""How much work a JSON Schema makes once its references are followed."""

from typing import Any
from urllib.parse import unquote

from services.catalog.forms import steps

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


def unfolded(schema: dict[str, Any], most: int) -> int:
    """Count the values of a schema with references, those behind one as often as it leads to them; 0 without any.

    More than `most` where there is no end: what leads back to itself, by a name (`$id`, `$anchor`) or elsewhere. What
    leads nowhere counts once: compiling refuses it.
    """
    behind: dict[str, int] = {}

    def size(value: object) -> int:
        if isinstance(value, list):
            return 1 + sum(size(inner) for inner in value)
        if not isinstance(value, dict):
            return 1
        refs = [ref for name in _REFERENCES if isinstance(ref := value.get(name), str)]
        refs += ["$id"] if isinstance(value.get("$id"), str) else []
        return 1 + sum(size(inner) for inner in value.values()) + sum(size_behind(ref) for ref in refs)

    def size_behind(ref: str) -> int:
        if ref not in behind:
            behind[ref] = most + 1
            if ref.startswith("#/"):
                behind[ref] = min(size(_at(schema, ref)), most + 1)
        return behind[ref]

    return size(schema) if _refers(schema) else 0


def _refers(value: object) -> bool:
    if isinstance(value, dict):
        return any(name in value for name in _REFERENCES) or any(_refers(inner) for inner in value.values())
    return isinstance(value, list) and any(_refers(inner) for inner in value)


def _at(schema: object, ref: str) -> object:
    found = schema
    for step in steps(unquote(ref[1:])):
        if isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found
