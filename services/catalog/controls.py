"""What a form may ask for: the part of JSON Schema that becomes a control on a page."""

from collections.abc import Iterator
from typing import Any, Literal

from services.catalog.forms import child

type Kind = Literal["section", "text", "long", "number", "date", "radios", "checkbox", "checkboxes"]

LONGEST_LINE = 100
"""The `maxLength` up to which a text is one line."""


def kind_of(schema: Any) -> Kind | None:
    """Choose the control for a property, None for what no page can draw."""
    match schema:
        case {"enum": [_, *_]}:
            return "radios"
        case {"type": "object", "properties": dict(parts)} if parts:
            return "section"
        case {"type": "array", "items": {"enum": [_, *_]}}:
            return "checkboxes"
        case {"type": "boolean"}:
            return "checkbox"
        case {"type": "integer"}:
            return "number"
        case {"type": "string", "format": "date"}:
            return "date"
        case {"type": "string"}:
            return "long" if schema.get("maxLength", 0) > LONGEST_LINE else "text"
    return None


def undrawable(form: Any, pointer: str = "") -> Iterator[str]:
    """Find the pointer of every field that no page can draw."""
    kind = kind_of(form)
    if kind is None or (pointer == "" and kind != "section"):
        yield pointer or "/"
    elif kind == "section":
        for name, part in form["properties"].items():
            yield from undrawable(part, child(pointer, name))
