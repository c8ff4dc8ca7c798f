"""What every stored document has: an id, an ETag, a schema version and its history; and how one is read and written
that other code wrote: a damaged one is told apart, and what this code does not know survives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from services import door, messages
from services.errors import UNTIL_MENDED, DocumentNewer
from services.times import Instant

SCHEMA_VERSION = 1
"""An additive field keeps the version; a new status or meaning is the next one."""


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Record one change; its id derives from what caused the change, so that a repeat is recognised.

    `by` is the name of who made it, as colleagues knew it then; `by_id` tells two of one name apart.
    """

    id: str
    at: Instant
    event: str
    by: str | None = None
    by_id: str | None = None
    note: str | None = None
    task: str | None = None


class Unreadable(ValueError):
    """Say why a stored document cannot be read, without a word of what it holds."""


class Stored(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold what every document that is written over has; `etag` is empty until it is stored.

    `stored` is the JSON that was read, so that what this code does not know of it survives a rewrite.
    """

    id: str
    schema_version: int = SCHEMA_VERSION
    etag: str = msgspec.field(default="", name="_etag")
    stored: dict[str, Any] = msgspec.field(default_factory=dict, name="_stored")


class Document(Stored, frozen=True, kw_only=True, rename="camel"):
    """Hold what documents of the core and of capabilities share: what happened to each, and when to look at it."""

    history: tuple[Event, ...] = ()
    due_at: Instant | None = None

    def has(self, operation: str) -> bool:
        """Tell whether the operation with this id is already part of the history."""
        return any(event.id == operation for event in self.history)


def latest(history: tuple[Event, ...], most: int, needed: Callable[[Event], bool]) -> tuple[Event, ...]:
    """Return a history in at most so many bytes of JSON: the latest events, and whichever is needed, however old.

    Needed events are always kept, and their bytes are set aside first; how many there are is bounded elsewhere.
    """
    if len(msgspec.json.encode(history)) <= most:
        return history
    left = most - _bytes_of(event for event in history if needed(event))
    kept: list[Event] = []
    for event in reversed(history):
        if not needed(event):
            left -= _bytes_of([event])
        if left >= 0 or needed(event):
            kept.append(event)
    return tuple(reversed(kept))


def _bytes_of(events: Iterable[Event]) -> int:
    return sum(len(msgspec.json.encode(event)) + 1 for event in events)


def decoded[T](raw: object, read: Callable[[], T]) -> T:
    """Return what `read` makes of a stored document; raises Unreadable."""
    try:
        encoded = msgspec.json.encode(raw)
        may_be_deep = encoded.count(b"{") + encoded.count(b"[") > door.DEEPEST
        if may_be_deep and door.is_too_deep(raw):
            raise Unreadable("nested too deeply")
        return read()
    except msgspec.ValidationError as error:
        raise Unreadable(messages.shape(error)) from None
    except (UnicodeError, RecursionError):
        raise Unreadable("nested too deeply, or half a character") from None


def version_of(raw: object) -> int:
    """Return the schema version of a stored document that may not be readable."""
    version = raw.get("schemaVersion") if isinstance(raw, Mapping) else None
    return version if isinstance(version, int) else SCHEMA_VERSION


def must_not_be_newer(document: str, version: int) -> None:
    """Refuse to change what a later version of the app wrote; raises DocumentNewer."""
    if version > SCHEMA_VERSION:
        raise DocumentNewer(f"{document} is of schema version {version}", wait=UNTIL_MENDED)


def with_unknown(fresh: Any, known: Any, raw: Any) -> Any:
    """Return the JSON to be written with what is stored beside it: all that `raw` says and `known` does not.

    `known` is what this code reads of `raw`. An entry of a list is the same as one that is equal to it, or has its id.
    """
    if known == raw:
        return fresh
    if isinstance(fresh, Mapping) and isinstance(known, Mapping) and isinstance(raw, Mapping):
        kept = {
            key: with_unknown(value, known[key], raw[key]) if key in known and key in raw else value
            for key, value in fresh.items()
        }
        return {key: value for key, value in raw.items() if key not in known} | kept
    if _is_list(fresh) and _is_list(known) and _is_list(raw) and len(known) == len(raw):
        return _entries_with_unknown(fresh, list(zip(known, raw, strict=True)))
    return fresh


def _entries_with_unknown(fresh: Sequence[Any], pairs: Sequence[tuple[Any, Any]]) -> list[Any]:
    by_id = {_id_of(known): (known, raw) for known, raw in pairs}

    def same(entry: Any, place: int) -> tuple[Any, Any] | None:
        if place < len(pairs) and pairs[place][0] == entry:
            return pairs[place]
        if id_ := _id_of(entry):
            return by_id.get(id_)
        return next((pair for pair in pairs if pair[0] == entry), None)

    found = [(entry, same(entry, place)) for place, entry in enumerate(fresh)]
    return [with_unknown(entry, *pair) if pair else entry for entry, pair in found]


def _id_of(entry: Any) -> str | None:
    id_ = entry.get("id") if isinstance(entry, Mapping) else None
    return id_ if isinstance(id_, str) else None


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple)
