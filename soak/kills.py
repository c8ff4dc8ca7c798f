"""kill -9 while the load runs: the host every few seconds, now and then an emulator."""

import asyncio
import itertools
import random
from collections import Counter

from soak.desk import SoakedDesk
from soak.proxy import Faults

BETWEEN = (3.0, 7.0)
VICTIMS = ("host", "host", "Cosmos DB emulator", "host", "Azurite", "host", "host", "Cosmos DB emulator")
ON_DISK_AFTER = 1.0
"""Azurite answers up to 100 ms before it writes, which Azure does not; so it is killed once all it answered is kept."""


async def kill_now_and_then(desk: SoakedDesk, faults: Faults, chance: random.Random, killed: Counter[str]) -> None:
    """Kill parts in turn until cancelled, and wait each time until the host answers again."""
    for victim in itertools.cycle(VICTIMS):
        await asyncio.sleep(chance.uniform(*BETWEEN))
        killed[victim] += await _kill(desk, victim, faults)
        await desk.until_alive()


async def _kill(desk: SoakedDesk, victim: str, faults: Faults) -> bool:
    if victim != "Azurite":
        return desk.kill(victim)
    async with faults.held_up():
        await asyncio.sleep(ON_DISK_AFTER)
        return desk.kill(victim)
