"""Reading documents one by one, so that a damaged one costs itself only, and writing them without losing what this code
does not know.
"""

import itertools
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import msgspec
from azure.core import MatchConditions

from services import side_by_side, times
from services.case.documents import SCHEMA_VERSION, Unreadable, decoded, must_not_be_newer, version_of, with_unknown
from services.case.ports import SetAside
from services.errors import UNTIL_MENDED, DocumentDamaged, DocumentNewer, WriteConflict
from services.times import Instant
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos

type Item = dict[str, Any]


class WrittenOver(Protocol):
    """Describe a document that is written over the state that was read (services/case/documents.py: Stored)."""

    @property
    def id(self) -> str:
        """Return its id."""

    @property
    def schema_version(self) -> int:
        """Return the version of what its fields mean."""

    @property
    def stored(self) -> Item:
        """Return the JSON that was read."""


type Damaged = tuple[Item, str]
"""A document that cannot be read, and why."""

SIDE_BY_SIDE = 16
UNUSABLE_DUE_AFTER = 3600.0
"""Seconds after which a due document that cannot be used is looked at again."""
MOST_LOOKS = 4
"""How often one list of what is due looks past documents that it moved away."""

log = logging.getLogger("madoguchi.documents")


class Documents:
    """Read what a container holds, and take note of what cannot be read."""

    def __init__(self, cosmos: Cosmos, spec: ContainerSpec, set_aside: SetAside) -> None:
        self._cosmos = cosmos
        self._spec = spec
        self._set_aside = set_aside

    async def one[T](self, item: Item, read: Callable[[Item], T]) -> T:
        """Read one document; raises DocumentDamaged, and DocumentNewer where a later version wrote it."""
        try:
            return decoded(item, partial(read, item))
        except Unreadable as error:
            name = self._name(item)
            if version_of(item) > SCHEMA_VERSION:
                raise DocumentNewer(f"{name}: {error}", wait=UNTIL_MENDED) from None
            await self._note([(item, str(error))])
            raise DocumentDamaged(f"{name}: {error}", wait=UNTIL_MENDED) from None

    async def refused(self, item: Item) -> DocumentDamaged:
        """Take note of a document that the store refuses to change, and return what to raise for it."""
        why = "the store refuses to change it"
        await self._note([(item, why)])
        return DocumentDamaged(f"{self._name(item)}: {why}", wait=UNTIL_MENDED)

    async def each[T](self, items: Iterable[Item], read: Callable[[Item], T]) -> list[T]:
        """Read each document that can be read."""
        found, _ = await self.sorted(items, read)
        return found

    async def sorted[T](self, items: Iterable[Item], read: Callable[[Item], T]) -> tuple[list[T], list[Item]]:
        """Read each document that can be read, and return the others beside."""
        found, damaged = _sorted(items, read)
        await self._note(damaged)
        return found, [item for item, _ in damaged]

    async def some[T](
        self, query: Callable[[int], Awaitable[list[Item]]], read: Callable[[Item], T], limit: int
    ) -> list[T]:
        """Read up to so many documents of a query, which is given how many to pass over: damaged ones hide no other."""
        found: list[T] = []
        passed = 0
        while len(found) < limit:
            items = await query(passed)
            found += await self.each(items, read)
            passed += len(items)
            if len(items) < limit:
                break
        return found[:limit]

    async def due[T](
        self, query: Callable[[], Awaitable[list[Item]]], read: Callable[[Item], T], limit: int, now: Instant
    ) -> list[T]:
        """Read up to so many documents of a query of what is due; move what cannot be read out of their way."""
        found: list[T] = []
        for _ in range(MOST_LOOKS):
            items = await query()
            found, damaged = _sorted(items, read)
            for some in itertools.batched(damaged, SIDE_BY_SIDE, strict=False):
                await self._note(some)
                await side_by_side.each(some, lambda one: self.move_away(one[0], now), SIDE_BY_SIDE)
            if not damaged or len(items) < limit:
                break
        return found

    async def move_away(self, item: Item, now: Instant) -> None:
        """Let a due document that cannot be used be due an hour later, unless it changed."""
        key = item.get(self._spec.partition_key.removeprefix("/"))
        later = [{"op": "set", "path": "/dueAt", "value": times.later(now, UNUSABLE_DUE_AFTER)}]
        unchanged: dict[str, Any] = {"etag": item["_etag"], "match_condition": MatchConditions.IfNotModified}
        with suppress(WriteConflict):
            await self._cosmos.ask(self._spec, lambda c: c.patch_item(item["id"], key, later, **unchanged))

    async def _note(self, damaged: Sequence[Damaged]) -> None:
        reasons = {self._id(item): why for item, why in damaged if version_of(item) <= SCHEMA_VERSION}
        for item, why in damaged:
            if version_of(item) > SCHEMA_VERSION:
                log.warning("%s is of a later version, and is left to it: %s", self._name(item), why)
        if reasons:
            await self._set_aside.note(self._spec.name, reasons)

    def _name(self, item: Item) -> str:
        return f"{self._spec.name}/{self._id(item)}"

    def _id(self, item: Item) -> str:
        """Return the id of a document, after its partition where the id does not begin with it."""
        id_, partition = str(item.get("id")), str(item.get(self._spec.partition_key.removeprefix("/"), ""))
        return id_ if id_.startswith(partition) else f"{partition}/{id_}"


def _sorted[T](items: Iterable[Item], read: Callable[[Item], T]) -> tuple[list[T], list[Damaged]]:
    found: list[T] = []
    damaged: list[Damaged] = []
    for item in items:
        try:
            found.append(decoded(item, partial(read, item)))
        except Unreadable as error:
            damaged.append((item, str(error)))
    return found, damaged


def plain(document: msgspec.Struct) -> Item:
    """Return the JSON of a document as this code knows it, without the ETag that the store gives."""
    body: Item = msgspec.to_builtins(document)
    body.pop("_etag", None)
    body.pop("_stored", None)
    return body


def created(document: msgspec.Struct) -> Item:
    """Return the JSON of a document that is never written over."""
    return plain(document) | {"schemaVersion": SCHEMA_VERSION}


def own(item: Item) -> Item:
    """Return an item without what the store adds to it."""
    return {key: value for key, value in item.items() if not key.startswith("_")}


def rewritten[D: WrittenOver](document: D, read: Callable[[Item], D], body: Callable[[D], Item]) -> Item:
    """Return the JSON of a document with all that was stored of it and `read` does not know.

    Raises DocumentNewer where a later version of the app wrote it.
    """
    must_not_be_newer(document.id, document.schema_version)
    fresh = body(document)
    return with_unknown(fresh, body(read(document.stored)), document.stored) if document.stored else fresh
