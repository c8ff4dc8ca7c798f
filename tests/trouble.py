"""Ports that fail in every way a store can, in the middle of whatever goes on beside."""

import asyncio
import inspect
import random
from collections.abc import Callable
from typing import Any, Literal, get_args

from services.errors import StoreUnavailable

type Trouble = Literal["before", "after", "twice", "behind", "crash before", "crash after"]
"""No answer and nothing done, done but no answer, the SDK's second try, a read that lags, an instance that dies."""
TROUBLES: tuple[Trouble, ...] = get_args(Trouble.__value__)


class Crash(Exception):
    """End an instance in the middle of its work; no service may catch it."""


class Conditions:
    """Hold what goes wrong next, and in which order those who work side by side get their answers.

    `lag` is the share of reads that find what was there before the last write, whoever made it.
    """

    def __init__(self) -> None:
        self.plan: list[Trouble | None] = []
        self.pace = random.Random(0)
        self.lag = 0.0
        self.lags = random.Random(0)

    async def next(self) -> Trouble | None:
        for _ in range(self.pace.randrange(4)):
            await asyncio.sleep(0)
        if self.plan:
            return self.plan.pop(0)
        return "behind" if self.lag and self.lags.random() < self.lag else None


class Unreliable:
    """Stand before a port and let the calls meet the conditions."""

    def __init__(self, port: Any, conditions: Conditions) -> None:
        self._port = port
        self._conditions = conditions

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return self._meeting(found) if inspect.iscoroutinefunction(found) else found

    def _meeting(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*arguments: Any, **options: Any) -> Any:
            trouble = await self._conditions.next()
            if trouble == "behind":
                method_behind = getattr(self._port, f"{method.__name__}_behind", method)
                return await method_behind(*arguments, **options)
            _end_if(trouble, "before")
            result = await method(*arguments, **options)
            _end_if(trouble, "after")
            return await method(*arguments, **options) if trouble == "twice" else result

        return call


class LoopWithoutWaiting(asyncio.SelectorEventLoop):
    """Let every sleep be over at once."""

    def call_later(self, delay: float, callback: Any, *arguments: Any, context: Any = None) -> asyncio.TimerHandle:
        return super().call_later(0, callback, *arguments, context=context)


def _end_if(trouble: Trouble | None, moment: str) -> None:
    if trouble == moment:
        raise StoreUnavailable(f"no answer: failed {moment} the store acted")
    if trouble == f"crash {moment}":
        raise Crash(moment)
