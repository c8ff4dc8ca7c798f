"""Comparing a household with all who share evidence with it, the strongest evidence first; the result says where there
were too many to compare all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec

from services.pickup.households.alike import Alike
from services.pickup.ports import Bookings

PAGE = 200
MOST_COMPARED = 3_000
"""Requests that one household is compared with. The index finds so many only where an estate shares an address."""
AT_A_TIME = 20
"""Comparisons between two pauses for other calls: one takes about a millisecond."""
STRONG = 2
"""Kinds of evidence; a single one is shared by strangers too."""


class Compared[T](msgspec.Struct, frozen=True):
    """Hold what comparing found; `is_cut`: more share evidence than were compared."""

    found: list[T]
    is_cut: bool


async def compare[T](
    bookings: Bookings, blocks: Sequence[str], judge: Callable[[Alike], Awaitable[T | None]]
) -> Compared[T]:
    """Judge every request that shares a block, those first that share more kinds; leave out what is judged None."""
    found: list[T] = []
    number = 0
    async for alike in _strongest_first(bookings, blocks):
        if number == MOST_COMPARED:
            return Compared(found, is_cut=True)
        number += 1
        judged = await judge(alike)
        if judged is not None:
            found.append(judged)
        if number % AT_A_TIME == 0:
            await asyncio.sleep(0)
    return Compared(found, is_cut=False)


async def _strongest_first(bookings: Bookings, blocks: Sequence[str]) -> AsyncIterator[Alike]:
    """List everybody once. Where one page holds all, no bound cuts the list, and the order does not matter."""
    first = await bookings.sharing(blocks, 1, "", PAGE)
    seen: set[str] = set()
    for kinds in (STRONG, 1) if len(first) == PAGE else (1,):
        page = first if kinds == 1 else await bookings.sharing(blocks, kinds, "", PAGE)
        while page:
            for alike in page:
                if alike.reference not in seen:
                    seen.add(alike.reference)
                    yield alike
            page = await bookings.sharing(blocks, kinds, page[-1].reference, PAGE) if len(page) == PAGE else []
