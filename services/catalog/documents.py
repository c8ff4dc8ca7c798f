"""Definitions as they are sent and stored: the sections stand beside the other keys."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from services import times
from services.case.documents import Unreadable, decoded, version_of
from services.catalog import controls
from services.catalog.model import LATEST_VERSION, Current, Damaged, Definition, Edition, Section, Sections
from services.names import is_name
from services.texts import Text

_SECTIONS = "sections"
_NOT_SOUND = "value out of range"


def definition_of(raw: object, kinds: Sections) -> Definition:
    """Read a definition; raises msgspec.ValidationError, for a section that nobody knows as well."""
    if not isinstance(raw, Mapping):
        return msgspec.convert(raw, Definition)
    if _SECTIONS in raw:
        raise msgspec.ValidationError(f"Object contains unknown field `{_SECTIONS}`")
    sections = {name: _section(name, raw[name], kind) for name, kind in kinds.items() if raw.get(name) is not None}
    others = {name: value for name, value in raw.items() if name not in kinds}
    return msgspec.structs.replace(msgspec.convert(others, Definition), sections=sections)


def edition_in(raw: object, service: str, version: int, kinds: Sections) -> Edition | Damaged:
    """Read a stored edition of a service, or say why it cannot be read."""

    def read() -> Edition:
        edition = _edition(raw, service, kinds)
        if edition.version != version:
            raise msgspec.ValidationError(f"{_NOT_SOUND} - at `$.version`")
        return edition

    return _read(read, service, f"{service}.{version}", raw)


def current_in(raw: object, service: str, kinds: Sections) -> Current | Damaged:
    """Read which edition of a service is current, or say why that cannot be read."""

    def read() -> Current:
        known = _fields(raw)
        edition = _edition(known.get("edition"), service, kinds)
        return msgspec.convert({**known, "edition": edition, "_beside": beside(known)}, Current)

    return _read(read, service, service, raw)


def body_of(edition: Edition) -> dict[str, Any]:
    """Return the JSON of an edition, as `edition_in` reads it."""
    body: dict[str, Any] = msgspec.to_builtins(edition)
    body["definition"] |= body["definition"].pop(_SECTIONS, {})
    return body


def body_of_current(current: Current) -> dict[str, Any]:
    """Return the JSON of what is current, as `current_in` reads it."""
    body: dict[str, Any] = msgspec.to_builtins(current)
    body.pop("_etag", None)
    return {**body.pop("_beside"), **body, "edition": body_of(current.edition)}


def beside(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands in the document of a service beside what this code knows."""
    ours = {"id", "kind", "current", *(field.encode_name for field in msgspec.structs.fields(Current))}
    return {key: value for key, value in raw.items() if key not in ours and not key.startswith("_")}


def _read[T](read: Callable[[], T], service: str, document: str, raw: object) -> T | Damaged:
    try:
        return decoded(raw, read)
    except Unreadable as error:
        reason = str(error)
    etag = raw.get("_etag") if isinstance(raw, Mapping) else None
    return Damaged(
        service=service,
        document=document,
        reason=reason,
        title=_title(raw),
        schema_version=version_of(raw),
        etag=etag if isinstance(etag, str) else "",
    )


def _edition(raw: object, service: str, kinds: Sections) -> Edition:
    """Read an edition that every list can show and every queue can be named after."""
    known = _fields(raw)
    edition = msgspec.convert({**known, "definition": definition_of(known.get("definition"), kinds)}, Edition)
    definition = edition.definition
    sound = {
        "service": edition.service == service == definition.id,
        "version": 0 < edition.version <= LATEST_VERSION,
        "definition.opens": _is_time(definition.opens),
        "definition.closes": _is_time(definition.closes),
        "definition.routes": bool(definition.routes) and all(is_name(team) for team in definition.teams),
        "definition.form": not controls.broken(definition.form),
    }
    for name, is_sound in sound.items():
        if not is_sound:
            raise msgspec.ValidationError(f"{_NOT_SOUND} - at `$.{name}`")
    return edition


def _fields(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else msgspec.convert(raw, dict[str, Any])


def _is_time(told: str | None) -> bool:
    try:
        return told is None or bool(times.told(told))
    except ValueError:
        return False


def _title(raw: Any) -> Text:
    """Return the title where it can still be shown."""
    try:
        title: Text = msgspec.convert(raw["edition"]["definition"]["title"], Text)
        msgspec.json.encode(title)
    except (msgspec.ValidationError, LookupError, TypeError, UnicodeError):
        return {}
    return title


def _section(name: str, raw: object, kind: type[Section]) -> Section:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(str(error).replace("`$", f"`$.{name}")) from error
