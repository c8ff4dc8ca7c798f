"""Soak the counter: is anything lost or twice under kill -9 and failing stores, and does memory grow without them?"""

import argparse
import asyncio
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any

from soak import load, memory, report, stored
from soak.desk import SoakedDesk
from soak.diary import Diary
from soak.invariants import check, without_receipt
from soak.kills import kill_now_and_then
from soak.proxy import Faults
from soak.work import Work, shipped_work

FAULTS = 0.05
RESTS_WITHIN = 660.0
"""Seconds; a message whose host was killed comes back after ten minutes, and nothing waits longer."""


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
    desk, faults, diary = SoakedDesk(), Faults(seed), Diary()
    print("(a) kill -9 and failing stores", flush=True)
    async with desk.running():
        async with desk.behind(faults), load.staff_at_work(desk, diary, works, random.Random(seed)) as session:
            submitting = load.submit_all(session, diary, works, count, desk.secrets, seed)
            await _under_kills(desk, faults, diary, seed, submitting)
            until = time.monotonic() + RESTS_WITHIN
            grown = await memory.measure(count, seed, works)
            print("(a) coming to rest", flush=True)
            left = await load.rest(desk, until)
        kept = await stored.read_all(desk.app)
    held = check(diary, kept)
    report.invariants(held, left, without_receipt(diary, kept))
    is_good = report.verdict(held, grown)
    print(f"{time.monotonic() - start:.0f} s in all")
    if is_good:
        desk.forget()
    else:
        print(f"the data and the log of the desk stay in {desk.desk.folder}")
    return 0 if is_good else 1


async def _under_kills(
    desk: SoakedDesk, faults: Faults, diary: Diary, seed: int, submitting: Coroutine[Any, Any, float]
) -> None:
    """Let operations fail and kill parts for as long as the load is submitted."""
    killed = Counter[str]()
    faults.share = FAULTS
    killing = asyncio.create_task(kill_now_and_then(desk, faults, random.Random(seed), killed))
    seconds = await submitting
    if killing.done():
        killing.result()  # the host did not come back
    killing.cancel()
    faults.share = 0.0
    report.load(diary, seconds, killed, faults)


if __name__ == "__main__":
    sys.exit(main())
