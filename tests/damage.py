"""A stored document, damaged in each of its fields in each of these ways."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from services.catalog.documents import body_of_current
from services.catalog.model import Current

type Place = tuple[str | int, ...]

GONE = "gone"
INSTEAD: dict[str, Any] = {
    "null": None,
    "text": "x",
    "a number": -5,
    "a list": [],
    "an object": {},
    "a list of rubbish": [{"x": None}],
    "an object of rubbish": {"x": {"y": 5}},
    "half a character": "\ud800",
    "a long text": "x" * 5000,
    "depth": json.loads("[" * 200 + "]" * 200),
}
STORES_OWN = ("id", "kind", "current")
"""Top-level keys by which a container keeps a document, and a list finds the current definitions."""
WAYS = (GONE, "a field beside it", *INSTEAD)


def stored(current: Current) -> dict[str, Any]:
    """Return the document that names the current edition of a service."""
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body_of_current(current)))
    return body | {"id": current.service, "kind": "service", "current": True, "_etag": "e1"}


def damaged(document: dict[str, Any], way: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Damage each field in this way."""
    for place in places_in(document):
        changed = copy.deepcopy(document)
        parent: Any = changed
        for step in place[:-1]:
            parent = parent[step]
        if way == GONE:
            del parent[place[-1]]
        elif way in INSTEAD:
            parent[place[-1]] = INSTEAD[way]
        elif isinstance(parent, dict):
            parent["ofLater"] = {"x": 1}
        yield place, changed


def places_in(value: Any, place: Place = ()) -> Iterator[Place]:
    """Find every field that the app wrote; of a list the first entry stands for all."""
    if place:
        yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, one in inner:
        if place or not (key in STORES_OWN or str(key).startswith("_")):
            yield from places_in(one, (*place, key))
