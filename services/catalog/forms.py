"""Forms of a service definition: JSON Schema 2020-12 in, every error of every field out."""

import copy
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import jsonschema_rs

from services import door
from services.errors import FieldError
from services.invisible import hides

MAX_SAFE_INTEGER = 2**53
_LINEAR = jsonschema_rs.RegexOptions()
"""Patterns that are matched in time linear in the answer; others (look-around, back-references) do not compile."""
SMALL = jsonschema_rs.RegexOptions(size_limit=200_000)
"""Such patterns of at most so many bytes once they are compiled, which takes milliseconds each."""
_UNSENDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class FormError(Exception):
    """Say that a form's schema cannot be used, with the place of the fault in it (`.properties.note.pattern`)."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place or '/'}: {why}")
        self.place = place


class Form:
    """Hold one compiled form."""

    def __init__(self, schema: dict[str, Any], patterns: jsonschema_rs.RegexOptions = _LINEAR) -> None:
        self.schema = schema
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                schema,
                validate_formats=True,
                ignore_unknown_formats=False,
                retriever=_refuse_remote,
                pattern_options=patterns,
            )
        except jsonschema_rs.ValidationError as error:
            raise FormError("".join(f".{step}" for step in error.instance_path), _first_line(error)) from error
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise FormError("", _first_line(error)) from error

    def errors(self, answers: object) -> tuple[FieldError, ...]:
        """Return the errors of every field in the order of the form, at most 100 of them."""
        all_ = (e for error in self._validator.iter_errors(answers) for e in _field_errors(error))
        found = {(e.pointer, e.code): e for e in islice(all_, door.MOST_PLACES)}
        return tuple(sorted(found.values(), key=lambda e: _position(self.schema, e.pointer)))

    def smallest(self, answers: dict[str, Any]) -> dict[str, Any]:
        """Return the smallest valid answers: leave out whatever can be left out while the rest stays valid."""
        smallest = copy.deepcopy(answers)
        for path in sorted(_paths(answers), key=len):
            without = _without(smallest, path)
            if without is not None and self._validator.is_valid(without):
                smallest = without
        return smallest


def unsendable(value: object, pointer: str = "") -> Iterator[FieldError]:
    """Find what cannot be kept or sent in JSON of bounded depth: control characters, U+FFFE, integers over 2^53."""
    return _found(value, pointer, _unsendable)


def hidden(value: object, pointer: str = "") -> Iterator[FieldError]:
    """Find texts with what nobody sees, in JSON of bounded depth. They can be kept: what was taken before stays so."""
    return _found(value, pointer, lambda one: "hidden_character" if isinstance(one, str) and hides(one) else None)


def _found(value: object, pointer: str, judge: Callable[[object], str | None]) -> Iterator[FieldError]:
    """Name the place of every value and name that is judged to be something."""
    if code := judge(value):
        yield FieldError(pointer, code)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if code := judge(key):
                yield FieldError(pointer, code)
            else:
                yield from _found(inner, child(pointer, door.step(key)), judge)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _found(inner, child(pointer, index), judge)


def _unsendable(value: object) -> str | None:
    if isinstance(value, str) and _UNSENDABLE.search(value):
        return "control_character"
    return "number_out_of_range" if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER else None


def canonical(value: object) -> str:
    """Write JSON so that equal values are equal texts (RFC 8785: sorted keys, 3.0 as 3)."""
    return jsonschema_rs.canonical.json.to_string(value)


def child(pointer: str, key: str | int) -> str:
    """Extend a JSON pointer (RFC 6901) by one step."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def steps(pointer: str) -> list[str]:
    """Return the names and positions that a JSON pointer goes through: `/a~1b/0` through `a/b` and `0`."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def field_at(form: Any, pointer: str) -> dict[str, Any] | None:
    """Return the schema of the field at a pointer into the answers, None where the form has none."""
    found = form
    for step in steps(pointer):
        parts = found.get("properties", {}) if isinstance(found, dict) else {}
        found = parts.get(step)
    return found if isinstance(found, dict) else None


def _refuse_remote(uri: str) -> Any:
    raise ValueError(f"a form stands alone: {uri} is not fetched")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _field_errors(error: jsonschema_rs.ValidationError) -> Iterator[FieldError]:
    """Name the property itself where the library names the object that lacks or exceeds it."""
    pointer = ""
    for step in error.instance_path:
        pointer = child(pointer, door.step(str(step)))
    details = error.kind.as_dict()
    match error.kind.name:
        case "required":
            yield FieldError(child(pointer, details["property"]), "required")
        case "additionalProperties" | "unevaluatedProperties":
            for name in details["unexpected"]:
                yield FieldError(child(pointer, door.step(name)), "unknown_field")
        case "falseSchema":
            yield FieldError(pointer, "not_allowed")
        case name:
            yield FieldError(pointer, _snake(name), {k: v for k, v in details.items() if k in ("limit", "format")})


def _snake(name: str) -> str:
    return re.sub("([A-Z])", r"_\1", name).lower()


def _position(schema: Any, pointer: str) -> list[int]:
    """Return where a field stands in the form, so that errors read from top to bottom."""
    places = []
    for step in steps(pointer):
        properties = list(schema.get("properties", {})) if isinstance(schema, dict) else []
        places.append(properties.index(step) if step in properties else len(properties))
        schema = schema.get("properties", {}).get(step, {}) if isinstance(schema, dict) else {}
    return places


def _paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from _paths(inner, (*path, key))


def _without(answers: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    changed = copy.deepcopy(answers)
    parent: Any = changed
    for step in path[:-1]:
        parent = parent.get(step)
        if not isinstance(parent, dict):
            return None
    if path[-1] not in parent:
        return None
    del parent[path[-1]]
    return changed
