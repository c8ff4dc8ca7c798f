"""What to do where another writer was first: read and decide again a few times, a little later each time."""

import asyncio
import random

ATTEMPTS = 8
OVERTAKEN = f"{ATTEMPTS} writes in a row were overtaken"


async def pause(attempt: int) -> None:
    """Wait at random before the attempt after this one, counted from 0: up to 10 ms, and twice as long each time."""
    await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter, not a secret
