"""Doing one thing for many, some of them at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable


async def each[T, R](items: Iterable[T], do: Callable[[T], Awaitable[R]], at_once: int) -> list[R]:
    """Do it for each item, so many at a time; what one raises is raised once all have ended.

    So one that fails does not stop the others, and nothing still runs when the caller learns of the failure.
    """
    places = asyncio.Semaphore(at_once)

    async def one(item: T) -> R:
        async with places:
            return await do(item)

    done = await asyncio.gather(*(one(item) for item in items), return_exceptions=True)
    results: list[R] = []
    for result in done:
        if isinstance(result, BaseException):
            raise result
        results.append(result)
    return results
