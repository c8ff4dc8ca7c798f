"""What a form may ask for: the part of JSON Schema that becomes a control on a page."""

from collections.abc import Collection, Iterator
from typing import Any, Literal

import msgspec

from services.catalog.forms import child
from services.texts import Text

type Kind = Literal["section", "text", "long", "number", "date", "radios", "checkbox", "checkboxes"]

LONGEST_LINE = 100
"""The `maxLength` up to which a text is one line."""


class FieldTexts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hold what a field says under `x-text`: options by value, errors by code."""

    label: Text = {}
    help: Text = {}
    options: dict[str, Text] = {}
    errors: dict[str, Text] = {}


def kind_of(schema: Any) -> Kind | None:
    """Choose the control for a property, None for what no page can draw."""
    match schema:
        case {"x-options": str()}:
            return "radios" if schema.get("type") == "string" and "enum" not in schema else None
        case {"x-options": _}:
            return None
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


def undrawable(form: Any, options: Collection[str], pointer: str = "") -> Iterator[str]:
    """Find the pointer of every field that no page can draw; `options` are what may be named as `x-options`."""
    kind = kind_of(form)
    if kind is None or (pointer == "" and kind != "section") or form.get("x-options", None) not in (None, *options):
        yield pointer or "/"
    elif kind == "section":
        for name, part in form["properties"].items():
            yield from undrawable(part, options, child(pointer, name))


def untold(form: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Find the pointer of every field whose texts a page cannot show, with the reason."""
    if pointer and (problem := _problem_of_texts(form)):
        yield pointer, problem
    if kind_of(form) == "section":
        for name, part in form["properties"].items():
            yield from untold(part, child(pointer, name))


def broken(form: Any) -> bool:
    """Tell whether a page or a refusal that looks for the texts of a field would find something else."""
    parts = form.get("properties", {})
    return not isinstance(parts, dict) or any(_is_broken(part) for part in parts.values())


def offers(form: Any, source: str) -> bool:
    """Tell whether a form lets residents choose from these options."""
    return form.get("x-options") == source or any(offers(part, source) for part in form.get("properties", {}).values())


def _is_broken(field: Any) -> bool:
    if not isinstance(field, dict) or not isinstance(field.get("x-options", ""), str):
        return True
    said = field.get("x-text", {})
    try:
        msgspec.convert({name: text for name, text in said.items() if name in FieldTexts.__struct_fields__}, FieldTexts)
    except (msgspec.ValidationError, AttributeError):
        return True
    return broken(field)


def _problem_of_texts(field: Any) -> str | None:
    try:
        texts = msgspec.convert(field.get("x-text", {}) if isinstance(field, dict) else {}, FieldTexts)
    except msgspec.ValidationError as error:
        return f"x-text: {error}"
    return None if texts.label.get("ja", "").strip() else "has no Japanese label (x-text.label.ja)"
