"""Run the timer functions on their schedules, one invocation at a time each."""

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from local.host.configuration import ConfigurationError, resolve
from local.host.messages import TypedData, json_text
from local.host.runtime import Function, InvocationError, Runtime
from local.host.schedule import ScheduleError, next_occurrence

logger = logging.getLogger(__name__)


class Timer:
    """A timer function with its schedule. Raises ConfigurationError where the schedule is not NCRONTAB."""

    def __init__(self, runtime: Runtime, function: Function, trigger: Mapping[str, Any]) -> None:
        self._runtime = runtime
        self._function = function
        self._input_name: str = trigger["name"]
        self._run_on_startup = bool(trigger.get("runOnStartup"))
        self._expression = resolve(trigger["schedule"])
        self._last: datetime | None = None
        try:
            next_occurrence(self._expression, datetime.now(UTC))
        except ScheduleError as error:
            raise ConfigurationError(f"function {function.name}: {error}") from error

    async def run(self, stop: asyncio.Event) -> None:
        """Invoke the function at every occurrence until told to stop; what falls into an invocation is skipped."""
        if self._run_on_startup:
            await self._invoke()
        while not stop.is_set():
            due = next_occurrence(self._expression, datetime.now(UTC))
            await _wait_until(due, stop)
            if not stop.is_set():
                await self._invoke()

    async def _invoke(self) -> None:
        started = datetime.now(UTC)
        with suppress(InvocationError):
            await self._runtime.invoke(self._function, {self._input_name: self._input(started)})
        self._last = started

    def _input(self, now: datetime) -> TypedData:
        last = (self._last or datetime.min.replace(tzinfo=UTC)).isoformat()
        following = next_occurrence(self._expression, now).isoformat()
        status = {"Last": last, "Next": following, "LastUpdated": last}
        return json_text(json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": False}))


def timers(runtime: Runtime) -> list[Timer]:
    """Return a timer for every timer function."""
    return [
        Timer(runtime, function, trigger)
        for function in runtime.functions
        if (trigger := function.trigger("timerTrigger"))
    ]


async def _wait_until(due: datetime, stop: asyncio.Event) -> None:
    while not stop.is_set() and (left := (due - datetime.now(UTC)).total_seconds()) > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), left)
