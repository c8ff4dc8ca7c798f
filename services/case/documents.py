"""What every stored document has: an id, an ETag, a schema version and its history."""

from collections.abc import Callable, Iterable

import msgspec

from services.times import Instant

SCHEMA_VERSION = 1


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


class Document(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold what all documents share; `etag` is empty until the document is stored."""

    id: str
    history: tuple[Event, ...] = ()
    due_at: Instant | None = None
    schema_version: int = SCHEMA_VERSION
    etag: str = msgspec.field(default="", name="_etag")

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
