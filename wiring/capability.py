"""What a capability adds to the app, as a value; docs/adding-a-capability.md walks through one."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from services.advance.dispatching import Plan
from services.advance.service import Take
from services.case.request import Part
from services.catalog.model import Section
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos
from wiring.core import Core


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what is built of a capability: its services, the steps it takes, and what it does each minute."""

    services: Any
    steps: Mapping[str, Take] = {}
    each_minute: tuple[Callable[[], Awaitable[object]], ...] = ()


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """Describe a capability.

    `part` is what it keeps on a request, `section` what it lets a definition say, both under its name; `plans` are the
    tasks it makes, by the reasons for them; `containers` are its own in Cosmos DB, `indexed` the paths of its part that
    its queries use there, and `still_lasts` the SQL condition under which that part lasts.
    """

    name: str
    build: Callable[[Core, Cosmos], Added]
    part: type[Part] | None = None
    section: type[Section] | None = None
    plans: Mapping[str, Plan] = {}
    containers: tuple[ContainerSpec, ...] = ()
    indexed: tuple[str, ...] = ()
    still_lasts: str | None = None
