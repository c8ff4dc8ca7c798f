"""One load on a desk: residents and staff side by side, until every resident holds a receipt."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp

from services.case.receipts import ReceiptSecrets
from soak import stored
from soak.calls import Caller
from soak.desk import SoakedDesk
from soak.diary import Diary
from soak.people import Residents, Worker
from soak.stored import Rest
from soak.work import Work

CLIENTS = 64
WORKERS_PER_TEAM = 3
TOLD_EVERY = 10.0
LOOKS_EVERY = 3.0


@asynccontextmanager
async def staff_at_work(
    desk: SoakedDesk, diary: Diary, works: list[Work], chance: random.Random
) -> AsyncIterator[aiohttp.ClientSession]:
    """Let staff of every team work until the end of the block; yield a session for others."""
    teams = sorted(frozenset[str]().union(*(work.teams for work in works)))
    stop = asyncio.Event()
    async with aiohttp.ClientSession(desk.url, connector=aiohttp.TCPConnector(limit=0)) as session:
        caller = Caller(session, diary, chance)
        at_work = []
        for name, team in [(f"{team}-{n}", team) for team in teams for n in range(WORKERS_PER_TEAM)]:
            token = await desk.token(name, f"Team.{team}")
            worker = Worker(caller, diary, chance, name=name, team=team, token=token)
            at_work.append(asyncio.create_task(worker.work(stop)))
        try:
            yield session
        finally:
            stop.set()
            await asyncio.gather(*at_work)


async def submit_all(
    session: aiohttp.ClientSession, diary: Diary, works: list[Work], count: int, secrets: ReceiptSecrets, seed: int
) -> float:
    """Submit so many requests and return how many seconds it took."""
    start = time.perf_counter()
    chance = random.Random(seed)
    residents = Residents(Caller(session, diary, chance), diary, secrets, chance)
    async with _telling(lambda: f"{diary.held} of {count} residents hold a receipt"):
        await residents.submit_all(works, count, CLIENTS)
    return time.perf_counter() - start


async def rest(desk: SoakedDesk, until: float) -> Rest:
    """Wait until nothing is left to be done, at most until then (`time.monotonic`), and tell what is."""
    left = await stored.how_far(desk.app)
    async with _telling(lambda: f"left: {left}"):
        while not left.is_reached and time.monotonic() < until:
            await asyncio.sleep(LOOKS_EVERY)
            left = await stored.how_far(desk.app)
    return left


@asynccontextmanager
async def _telling(what: Callable[[], str]) -> AsyncIterator[None]:
    async def tell() -> None:
        while True:
            await asyncio.sleep(TOLD_EVERY)
            print(f"    {what()}", flush=True)

    task = asyncio.create_task(tell())
    try:
        yield
    finally:
        task.cancel()
