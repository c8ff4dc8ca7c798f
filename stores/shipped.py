"""The definitions shipped with the product, for an instance that starts while no store answers."""

import asyncio
from pathlib import Path
from typing import Any

from services.catalog.model import Current, Definition, Edition
from services.catalog.publishing import read_definition
from services.catalog.service import AS_SHIPPED
from services.times import NEVER

FOLDER = Path(__file__).parent.parent / "catalog" / "services"


class ShippedEditions:
    """Read `catalog/services/*.yaml`; the version is 0, since only publishing gives one."""

    async def current(self) -> tuple[Current, ...]:
        """Read every shipped definition."""
        return await asyncio.to_thread(_read_all)

    async def edition(self, service: str, version: int) -> Edition | None:
        """Read one shipped definition."""
        found = (c.edition for c in await self.current() if c.service == service)
        return next(found, None) if version == AS_SHIPPED else None


def read_yaml(path: Path) -> Any:
    """Read the plain values of a YAML file; times stay text, as they are in JSON."""
    import yaml

    class Loader(yaml.SafeLoader):
        """Read YAML as JSON would be read: no dates, no sexagesimal numbers."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - derives from SafeLoader


def _read_all() -> tuple[Current, ...]:
    definitions = (read_definition(read_yaml(path)) for path in sorted(FOLDER.glob("*.yaml")))
    return tuple(Current(edition=_edition(definition)) for definition in definitions)


def _edition(definition: Definition) -> Edition:
    return Edition(service=definition.id, version=AS_SHIPPED, published_at=NEVER, definition=definition)
