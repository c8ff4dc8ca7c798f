"""Whether what the app depends on answers, asked cheaply and seldom: anybody may ask this, as often as they like."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Literal

from services import times
from services.case.ports import Queues, RequestStore
from services.catalog.service import Catalog
from services.errors import StoreUnavailable
from services.intake.submissions import QUEUE
from services.times import Clock, Instant

type Stands = Literal["ready", "partly ready", "not ready", "not published"]
"""`partly ready`: some of it cannot be read, and the rest goes on."""

KEPT_FOR = 5.0
"""Seconds for which an instance gives the same answer."""
NOBODYS = "0000-0000-0000"
"""A reference to read by: whether it is there does not matter."""

log = logging.getLogger("madoguchi.readiness")


class Readiness:
    """Ask each dependency once, for all who ask within some seconds."""

    def __init__(self, store: RequestStore, queues: Queues, catalog: Catalog, clock: Clock) -> None:
        self._store = store
        self._queues = queues
        self._catalog = catalog
        self._clock = clock
        self._asking = asyncio.Lock()
        self._found: dict[str, Stands] = {}
        self._found_at: Instant = times.NEVER

    async def look(self) -> dict[str, Stands]:
        """Say how each dependency stands, in fixed words; what exactly is wrong is in the log alone."""
        async with self._asking:
            if times.later(self._found_at, KEPT_FOR) <= self._clock():
                self._found = {
                    "cosmos": await _asked("cosmos", self._store.read(NOBODYS)),
                    "queues": await _asked("queues", self._queues.peek(QUEUE, 1)),
                    "catalog": await self._published(),
                }
                self._found_at = self._clock()
            return self._found

    async def _published(self) -> Stands:
        stands = await _asked("catalog", self._catalog.services())
        if stands != "ready":
            return stands
        if not await self._catalog.damaged():
            return "ready" if await self._catalog.services() else "not published"
        return "partly ready" if await self._catalog.services() else "not ready"


async def _asked(name: str, question: Awaitable[object]) -> Stands:
    try:
        await question
    except StoreUnavailable as error:
        log.warning("%s is not ready: %s", name, error)
        return "not ready"
    return "ready"
