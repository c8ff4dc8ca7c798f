"""The form of a service on a page: fields drawn from its JSON Schema, and answers read from what was typed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

import msgspec

from functions.edge.dates import date_text, read_date
from functions.edge.texts import Texts
from services import door
from services.catalog.controls import Kind, control_of
from services.catalog.forms import child
from services.invisible import trimmed

type Typed = Mapping[str, Sequence[str]]
"""What a browser sent: the values of each control by its name, which is the pointer of its field."""


class Group(msgspec.Struct, frozen=True):
    """Name a group of options, and say what is true of all of them."""

    name: str
    note: str = ""


class Option(msgspec.Struct, frozen=True):
    """Offer one value of a choice; options of one group stand together, and within it those of one part."""

    value: str
    label: str
    chosen: bool = False
    note: str = ""
    group: Group | None = None
    part: str = ""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """Hold a field as a template draws it; a section holds fields, any other kind one answer.

    `pointer` is the JSON pointer of the answer in the submission and the name of the control; `shown` is the answer in
    words, empty where there is none. A field that only an optional section requires is not `required`.
    """

    pointer: str
    kind: Kind
    label: str
    help: str
    required: bool
    typed: tuple[str, ...]
    shown: str
    error: str | None
    autocomplete: str | None = None
    options: tuple[Option, ...] = ()
    fields: tuple["Field", ...] = ()

    @property
    def id(self) -> str:
        """Return the id of the element."""
        return self.pointer[1:].replace("/", "-")

    @property
    def value(self) -> str:
        """Return what was typed into a field of one value."""
        return self.typed[0] if self.typed else ""

    @property
    def groups(self) -> list[tuple[Group | None, list[tuple[str, list[tuple[int, Option]]]]]]:
        """Return the numbered options by their groups and the parts of these."""
        by_group = groupby(enumerate(self.options), lambda pair: pair[1].group)
        return [(group, _parts(pairs)) for group, pairs in by_group]

    @property
    def is_iso_date(self) -> bool:
        """Tell whether the value is one that a date control can show."""
        return not self.value or _day(self.value) is not None

    @property
    def anchor(self) -> str:
        """Return the id of the control that a link to this field leads to."""
        if self.kind == "section":
            return self.fields[0].anchor
        return f"{self.id}-0" if self.kind in ("radios", "checkboxes") else self.id


def draw(
    schema: dict[str, Any],
    pointer: str,
    texts: Texts,
    typed: Typed,
    errors: Mapping[str, str],
    offered: Mapping[str, Sequence[Option]] = {},
) -> Field:
    """Draw the field at a pointer; `errors` are messages by pointer, `offered` options by `x-options`."""
    return _draw(schema, pointer, _Need(True, True), texts, typed, errors, offered)


def answers_in(schema: dict[str, Any], pointer: str, typed: Typed) -> dict[str, Any]:
    """Read the answers to a form; what cannot be read as the type it should be stays text, which the form refuses."""
    answers: dict[str, Any] = _read(schema, pointer, True, typed)
    return answers


def first(typed: Typed, name: str) -> str:
    """Return the one value of a control, empty where it was not sent."""
    return typed.get(name, [""])[0]


def walk(field: Field) -> Iterator[Field]:
    """Return a field and all within it, in the order of the page."""
    yield field
    for inner in field.fields:
        yield from walk(inner)


def field_at(field: Field, pointer: str) -> Field | None:
    """Return the innermost field that a pointer leads to or into."""
    within = [f for f in walk(field) if pointer == f.pointer or pointer.startswith(f"{f.pointer}/")]
    return within[-1] if within else None


class _Need(msgspec.Struct, frozen=True):
    """Say whether a field is needed, by its own section and by all those around it."""

    here: bool
    whole: bool


def _draw(
    schema: dict[str, Any],
    pointer: str,
    need: _Need,
    texts: Texts,
    typed: Typed,
    errors: Mapping[str, str],
    offered: Mapping[str, Sequence[Option]],
) -> Field:
    kind, said = control_of(schema, required=need.here) or "text", schema.get("x-text", {})
    values = tuple(typed.get(pointer, ()))
    source = schema.get("x-options")
    needed = schema.get("required", ())
    options = with_choice(offered.get(source, ()), values) if source else _options(schema, kind, texts, values)
    return Field(
        pointer=pointer,
        kind=kind,
        label=texts.of(said.get("label", {})),
        help=texts.of(said.get("help", {})),
        required=need.whole,
        typed=values,
        shown=_choice_shown(texts, source, values, options) if source else _shown(kind, texts, values, options),
        error=_error(kind, pointer, errors),
        autocomplete=schema.get("x-autocomplete"),
        options=options,
        fields=tuple(
            _draw(
                part,
                child(pointer, name),
                _Need(name in needed, need.whole and name in needed),
                texts,
                typed,
                errors,
                offered,
            )
            for name, part in schema.get("properties", {}).items()
        ),
    )


_YES_OR_NO = {"true": "page.yes", "false": "page.no"}


def _parts(pairs: Iterable[tuple[int, Option]]) -> list[tuple[str, list[tuple[int, Option]]]]:
    return [(part, list(within)) for part, within in groupby(pairs, lambda pair: pair[1].part)]


def with_choice(options: Sequence[Option], typed: Sequence[str]) -> tuple[Option, ...]:
    """Mark the option that was chosen, or the first one where no chosen option is offered (any more)."""
    chosen = next((option.value for option in options if option.value in typed), options[0].value if options else "")
    return tuple(msgspec.structs.replace(option, chosen=option.value == chosen) for option in options)


def _options(schema: dict[str, Any], kind: Kind, texts: Texts, typed: Sequence[str]) -> tuple[Option, ...]:
    if kind not in ("radios", "checkboxes"):
        return ()
    said = schema.get("x-text", {}).get("options", {})
    if schema.get("type") == "boolean":
        return tuple(
            Option(value, texts.of(said.get(value, {})) or texts(key), value in typed)
            for value, key in _YES_OR_NO.items()
        )
    values = schema["enum"] if kind == "radios" else schema["items"]["enum"]
    return tuple(Option(str(v), texts.of(said.get(str(v), {})) or str(v), str(v) in typed) for v in values)


def _shown(kind: Kind, texts: Texts, typed: Sequence[str], options: Sequence[Option]) -> str:
    if options:
        return texts("page.list_separator").join(option.label for option in options if option.chosen)
    if kind == "checkbox":
        return texts("page.yes") if typed else ""
    if kind == "date" and typed:
        day = _day(read_date(typed[0]))
        return date_text(day, texts.language) if day else typed[0]
    return typed[0].strip() if typed else ""


def _choice_shown(texts: Texts, source: str, typed: Sequence[str], options: Sequence[Option]) -> str:
    """Say which option was chosen; one that is not offered any more is still asked for."""
    value = typed[0] if typed else ""
    chosen = next((option for option in options if option.value == value), None)
    if chosen:
        said = (chosen.group.name if chosen.group else "", chosen.part, chosen.label)
        return " ".join(part for part in said if part)
    return texts(f"options.{source}.unsure") if value else texts(f"options.{source}.any")


def _error(kind: Kind, pointer: str, errors: Mapping[str, str]) -> str | None:
    if kind == "section":
        return errors.get(pointer)
    return next((text for at, text in errors.items() if at == pointer or at.startswith(f"{pointer}/")), None)


def _read(schema: dict[str, Any], pointer: str, required: bool, typed: Typed) -> Any:
    """Read one answer; None where there is none."""
    kind = control_of(schema, required=required) or "text"
    values = [text for value in typed.get(pointer, ()) if (text := _plain(value))]
    match kind:
        case "section":
            return _read_section(schema, pointer, typed) or ({} if required else None)
        case "checkbox":
            return bool(values) or None
        case "checkboxes":
            return [_as_offered(value, schema["items"]["enum"]) for value in values] or None
    if not values:
        return None
    match kind:
        case "radios":
            offered = {"true": True, "false": False} if schema.get("type") == "boolean" else None
            return offered.get(values[0], values[0]) if offered else _as_offered(values[0], schema.get("enum", ()))
        case "number":
            return _number(values[0])
        case "date":
            return read_date(values[0])
    return values[0]


def _read_section(schema: dict[str, Any], pointer: str, typed: Typed) -> dict[str, Any]:
    required = schema.get("required", ())
    parts = schema.get("properties", {}).items()
    answers = {name: _read(part, child(pointer, name), name in required, typed) for name, part in parts}
    return {name: answer for name, answer in answers.items() if answer is not None}


def _plain(typed: str) -> str:
    """Drop what is around and not seen, and write line ends as one character (browsers send two)."""
    return trimmed(typed.replace("\r\n", "\n"))


def _as_offered(typed: str, offered: Sequence[Any]) -> Any:
    return next((value for value in offered if str(value) == typed), typed)


def _number(typed: str) -> int | str:
    """Read a whole number in digits, full width too."""
    plain = door.plain(typed)
    return int(plain) if re.fullmatch(r"[+-]?[0-9]{1,15}", plain) else typed


def _day(iso: str) -> date | None:
    try:
        return date.fromisoformat(iso)
    except ValueError:
        return None
