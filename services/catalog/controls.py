"""What a form may ask for: the part of JSON Schema that becomes a control on a page."""

from collections.abc import Collection, Iterator
from typing import Any, Literal

import msgspec

from services import door
from services.catalog.forms import child, steps
from services.catalog.model import Definition
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


def control_of(schema: Any, *, required: bool) -> Kind | None:
    """Choose the control for a property of a section that needs it or not.

    A yes or no that is needed is two radios: a box that nobody touched would be an answer.
    """
    kind = kind_of(schema)
    return "radios" if kind == "checkbox" and required and "const" not in schema else kind


def undrawable(definition: Definition) -> Iterator[str]:
    """Find the place of every field that no page can draw, or whose options come from nothing of the definition."""
    options = [option for section in definition.sections.values() for option in section.options]
    yield from _undrawable(definition.form, options, "form")


def untold(form: Any, place: str = "form") -> Iterator[str]:
    """Find the place of every field whose texts a page cannot show, with the fault."""
    if place != "form":
        yield from _faults_of_texts(form, place)
    if isinstance(form, dict) and isinstance(parts := form.get("properties"), dict):
        for name, part in parts.items():
            yield from untold(part, within(place, name))


def within(place: str, name: str) -> str:
    """Return the place of a property of the form, or of a section of it, that stands at a place."""
    return f"{place}.properties.{door.step(name)}"


def place_of(pointer: str) -> str:
    """Return the place of the field of an answer."""
    return "form" + "".join(f".properties.{step}" for step in steps(pointer))


def named(form: Any, source: str, pointer: str = "") -> Iterator[str]:
    """Find the pointer of every field whose options come from a source."""
    if form.get("x-options") == source:
        yield pointer
    for name, part in form.get("properties", {}).items():
        yield from named(part, source, child(pointer, name))


def broken(form: Any) -> bool:
    """Tell whether a page or a refusal that looks for the texts of a field would find something else."""
    parts = form.get("properties", {})
    return not isinstance(parts, dict) or any(_is_broken(part) for part in parts.values())


def offers(definition: Definition, source: str) -> bool:
    """Tell whether a form lets residents choose from options of one of its sections."""
    is_own = any(source in section.options for section in definition.sections.values())
    return is_own and any(True for _ in named(definition.form, source))


def _undrawable(form: Any, options: Collection[str], place: str) -> Iterator[str]:
    kind, source = kind_of(form), form.get("x-options") if isinstance(form, dict) else None
    if kind is None or (place == "form" and kind != "section"):
        yield f"{place}: 画面に出せない種類の項目です"
    elif source is not None and source not in options:
        told = "それを用意する部分（pickup など）が定義にあるときだけ使えます"
        yield f"{place}.x-options: 「{door.step(source)}」は、{told}"
    elif kind == "section":
        for name, part in form["properties"].items():
            yield from _undrawable(part, options, within(place, name))


def _is_broken(field: Any) -> bool:
    if not isinstance(field, dict) or not isinstance(field.get("x-options", ""), str):
        return True
    said = field.get("x-text", {})
    try:
        msgspec.convert({name: text for name, text in said.items() if name in FieldTexts.__struct_fields__}, FieldTexts)
    except (msgspec.ValidationError, AttributeError):
        return True
    return broken(field)


def _faults_of_texts(field: Any, place: str) -> Iterator[str]:
    from services.catalog import shapes

    said = field.get("x-text", {}) if isinstance(field, dict) else {}
    found = shapes.of(said, FieldTexts, f"{place}.x-text")
    yield from found
    if not found and not msgspec.convert(said, FieldTexts).label.get("ja", "").strip():
        yield f"{place}.x-text.label.ja: 日本語の見出しが必要です"
