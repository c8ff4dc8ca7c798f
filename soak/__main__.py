"""Soak the counter: is anything lost or twice under kill -9 and failing stores, and does memory grow without them?"""

import argparse
import asyncio
import random
import signal
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack

from services.requests.receipts import ReceiptSecrets
from soak import load, memory, report, stored
from soak.desk import SoakedDesk
from soak.diary import Diary
from soak.invariants import check, without_receipt
from soak.kills import kill_now_and_then
from soak.proxy import Faults
from soak.work import Work, shipped_work

FAULTS = 0.05
RESTS_WITHIN = 660.0
"""A message whose host was killed comes back after ten minutes; nothing waits longer."""


def main() -> int:
    """Run both loads and return 0 if everything held."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1, help="chooses faults, victims and what people do")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as Ctrl-C does: no desk is left running
    return asyncio.run(_soak(arguments.requests, arguments.seed, shipped_work()))


async def _soak(count: int, seed: int, works: list[Work]) -> int:
    """Measure memory on a second desk while the first one comes to rest."""
    start = time.monotonic()
    desk, faults, killed, diary = SoakedDesk(), Faults(seed), Counter[str](), Diary()
    async with AsyncExitStack() as running:
        print("(a) kill -9 and failing stores", flush=True)
        await running.enter_async_context(desk.running())
        await running.enter_async_context(desk.behind(faults))
        at_work = AsyncExitStack()
        session = await at_work.enter_async_context(load.staff_at_work(desk, diary, works, random.Random(seed)))
        running.push_async_callback(at_work.aclose)
        faults.share = FAULTS
        killing = asyncio.create_task(kill_now_and_then(desk, faults, random.Random(seed), killed))
        seconds = await load.submit_all(session, diary, works, count, _secrets(desk), seed)
        faults.share = 0.0
        killing.cancel()
        until = time.monotonic() + RESTS_WITHIN
        report.load(diary, seconds, killed, faults)
        grown = await memory.measure(count, seed, works)
        print("(a) coming to rest", flush=True)
        left = await load.rest(desk, diary, until)
        await at_work.aclose()
        held = check(diary, kept := await stored.read_all(desk.app))
        report.invariants(held, left, without_receipt(diary, kept))
    is_good = report.verdict(held, grown)
    print(f"{time.monotonic() - start:.0f} s in all")
    if is_good:
        desk.forget()
    else:
        print(f"the data and the log of the desk stay in {desk.desk.folder}")
    return 0 if is_good else 1


def _secrets(desk: SoakedDesk) -> ReceiptSecrets:
    return ReceiptSecrets(desk.app.settings.reference_secret, desk.app.settings.access_secrets)


if __name__ == "__main__":
    sys.exit(main())
