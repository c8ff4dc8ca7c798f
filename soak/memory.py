"""Does the host grow? The same load without kills and faults, and the host's resident memory along it."""

import asyncio
import random
import time

import msgspec

from soak import load
from soak.desk import SoakedDesk, resident_memory
from soak.diary import Diary
from soak.work import Work

SAMPLED_EVERY = 0.5
ALLOWED = 1.20
RESTS_WITHIN = 120.0


class Growth(msgspec.Struct, frozen=True):
    """Hold the resident memory (MiB) after each tenth of the requests, and at the end."""

    tenths: tuple[float, ...]
    last: float

    @property
    def ratio(self) -> float:
        """Return the end over the level after the first tenth."""
        return self.last / self.tenths[0]


async def measure(count: int, seed: int, works: list[Work]) -> Growth:
    """Run the load on a desk of its own and measure its host."""
    print("(b) memory, without kills and faults", flush=True)
    desk, diary, samples = SoakedDesk(), Diary(), list[tuple[int, float]]()
    try:
        async with desk.running(), load.staff_at_work(desk, diary, works, random.Random(seed)) as session:
            sampling = asyncio.create_task(_sample(desk, diary, samples))
            await load.submit_all(session, diary, works, count, desk.secrets, seed)
            await load.rest(desk, time.monotonic() + RESTS_WITHIN)
            await asyncio.sleep(SAMPLED_EVERY)
            sampling.cancel()
    finally:
        desk.forget()
    return growth(samples, count)


def growth(samples: list[tuple[int, float]], count: int) -> Growth:
    """Read the growth out of pairs of receipts given so far and MiB."""
    tenths = (next(level for held, level in samples if held >= count * tenth / 10) for tenth in range(1, 11))
    return Growth(tenths=tuple(tenths), last=samples[-1][1])


async def _sample(desk: SoakedDesk, diary: Diary, samples: list[tuple[int, float]]) -> None:
    pid = desk.pid("host")
    while pid:
        samples.append((diary.held, resident_memory(pid)))
        await asyncio.sleep(SAMPLED_EVERY)
