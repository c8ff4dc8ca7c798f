"""Definitions as they are sent and stored: the sections stand beside the other keys."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.catalog.model import Current, Definition, Edition, Section, Sections

_SECTIONS = "sections"


def definition_of(raw: object, kinds: Sections) -> Definition:
    """Read a definition; raises msgspec.ValidationError, for a section that nobody knows as well."""
    if not isinstance(raw, Mapping):
        return msgspec.convert(raw, Definition)
    if _SECTIONS in raw:
        raise msgspec.ValidationError(f"Object contains unknown field `{_SECTIONS}`")
    sections = {name: _section(name, raw[name], kind) for name, kind in kinds.items() if raw.get(name) is not None}
    others = {name: value for name, value in raw.items() if name not in kinds}
    return msgspec.structs.replace(msgspec.convert(others, Definition), sections=sections)


def edition_of(raw: Mapping[str, Any], kinds: Sections) -> Edition:
    """Read an edition."""
    return msgspec.convert({**raw, "definition": definition_of(raw["definition"], kinds)}, Edition)


def current_of(raw: Mapping[str, Any], kinds: Sections) -> Current:
    """Read which edition of a service is current."""
    return msgspec.convert({**raw, "edition": edition_of(raw["edition"], kinds)}, Current)


def body_of(edition: Edition) -> dict[str, Any]:
    """Return the JSON of an edition, as `edition_of` reads it."""
    body: dict[str, Any] = msgspec.to_builtins(edition)
    body["definition"] |= body["definition"].pop(_SECTIONS, {})
    return body


def body_of_current(current: Current) -> dict[str, Any]:
    """Return the JSON of what is current, as `current_of` reads it."""
    body: dict[str, Any] = msgspec.to_builtins(current)
    body.pop("_etag", None)
    return {**body, "edition": body_of(current.edition)}


def _section(name: str, raw: object, kind: type[Section]) -> Section:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(str(error).replace("`$", f"`$.{name}")) from error
