"""The shipped definitions, and what they plan."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from services import times
from services.catalog import publishing
from services.catalog.forms import child
from services.catalog.model import Edition
from services.catalog.routing import CompiledService
from stores.shipped import FOLDER, read_yaml
from wiring import SECTIONS

TODAY = "2026-11-24"
"""The day on which the answers of these tests are sent."""
SHIPPED: dict[str, dict[str, Any]] = {path.stem: read_yaml(path) for path in sorted(FOLDER.glob("*.yaml"))}


@cache
def compiled(service: str) -> CompiledService:
    definition = publishing.read_definition(SHIPPED[service], SECTIONS)
    return CompiledService.of(Edition(service=service, version=0, published_at=times.NEVER, definition=definition))


def fields(schema: dict[str, Any], pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, part in schema.get("properties", {}).items():
        yield child(pointer, name), part
        yield from fields(part, child(pointer, name))


def fields_of(service: str) -> dict[str, dict[str, Any]]:
    return dict(fields(SHIPPED[service]["form"]))


def tasks(service: str, **changes: Any) -> dict[str, tuple[str, str]]:
    """Return team and priority by route for the example with some answers changed."""
    answers = SHIPPED[service]["form"]["examples"][0] | changes
    assert compiled(service).form.errors(answers) == ()
    planned = compiled(service).plan(answers, TODAY)
    assert [task.reason for task in planned] == [None] * len(planned)
    return {task.route: (task.team, task.priority) for task in planned}
