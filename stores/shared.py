"""Doing one thing once for all who wait for it."""

import asyncio
from collections.abc import Awaitable, Callable


class Shared[T]:
    """Do one thing in a task of its own, which has its own time and goes on where a caller stops waiting for it."""

    def __init__(self, do: Callable[[], Awaitable[T]], within: float) -> None:
        """Take what to do, and the seconds it may take."""
        self._do = do
        self._within = within
        self._task: asyncio.Task[T] | None = None

    @property
    def is_under_way(self) -> bool:
        """Tell whether the task is under way."""
        return self._task is not None and not self._task.done()

    def start(self) -> asyncio.Task[T]:
        """Return the task that is under way, a new one where there is none."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._bounded())
            self._task.add_done_callback(_take_note)
        return self._task

    async def wait(self) -> T:
        """Wait for the task that is under way; raises what it raises, TimeoutError where its time is over."""
        return await asyncio.shield(self.start())

    async def close(self) -> None:
        """End the task."""
        if self._task:
            task, self._task = self._task, None
            task.cancel()
            await asyncio.wait([task])

    async def _bounded(self) -> T:
        async with asyncio.timeout(self._within):
            return await self._do()


def _take_note(task: asyncio.Task[object]) -> None:
    """Look at the error of a task for which nobody waits any more, since asyncio would log it otherwise."""
    if not task.cancelled():
        task.exception()
