"""Run the timer functions on their schedules as Microsoft.Azure.WebJobs.Extensions.Timers does, one run at a time each.

Follows its TimerListener and ScheduleMonitor: the next time counts from the start of a run, so that one longer than its
period is followed at once. When a timer last ran is kept where the desk keeps its data, and a time that was missed is
caught up with as the host starts, once, as past due.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.host.configuration import ConfigurationError, resolve
from local.host.messages import TypedData, json_text
from local.host.runtime import Function, InvocationError, Runtime
from local.host.schedule import ScheduleError, next_occurrence

NEVER = datetime.min.replace(tzinfo=UTC)
_LEAST_KEPT = timedelta(minutes=1)
"""Of timers that run more often, nothing is kept."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Status:
    """When a timer last ran and is next due; `updated` is when that was reckoned."""

    last: datetime
    next: datetime
    updated: datetime


type Wait = Callable[[datetime, asyncio.Event], Awaitable[None]]


class Statuses:
    """Keep the status of each timer in a folder; without one, for as long as the host runs."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read(self, name: str) -> Status | None:
        """Return what was kept of a timer, None where nothing that can be read was."""
        if self._folder is None:
            return None
        with suppress(OSError, ValueError, TypeError, AttributeError):
            kept = json.loads(self._file(name).read_text("utf-8"))
            return Status(**{field: datetime.fromisoformat(text) for field, text in kept.items()})
        return None

    def write(self, name: str, status: Status) -> None:
        """Keep the status of a timer."""
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            content = {field: moment.isoformat() for field, moment in asdict(status).items()}
            self._file(name).write_text(json.dumps(content), "utf-8")

    def _file(self, name: str) -> Path:
        return (self._folder or Path()) / f"{name}.json"


def started(kept: Status | None, expression: str, now: datetime) -> tuple[Status, bool]:
    """Return the status that a timer starts with, and whether a time of it was missed.

    After a change of the schedule nothing counts as missed.
    """
    if kept is None:
        return Status(NEVER, next_occurrence(expression, now), now), False
    expected = next_occurrence(expression, kept.updated if kept.last == NEVER else kept.last)
    if kept.next != expected:
        return Status(NEVER, expected if now <= expected else next_occurrence(expression, now), now), False
    return kept, now > kept.next


class Timer:
    """A timer function with its schedule. Raises ConfigurationError where the schedule is not NCRONTAB."""

    def __init__(
        self,
        runtime: Runtime,
        function: Function,
        statuses: Statuses,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Wait | None = None,
    ) -> None:
        trigger: Mapping[str, Any] = function.trigger("timerTrigger") or {}
        self._runtime = runtime
        self._function = function
        self._clock = clock
        self._wait = wait or _wait_until
        self._input_name: str = trigger["name"]
        self._run_on_startup = bool(trigger.get("runOnStartup"))
        self._expression = resolve(trigger["schedule"])
        try:
            self._statuses = statuses if self._is_kept() else Statuses(None)
        except ScheduleError as error:
            raise ConfigurationError(f"function {function.name}: {error}") from error

    async def run(self, stop: asyncio.Event) -> None:
        """Invoke the function whenever it is due until told to stop."""
        now = self._clock()
        self._status, was_missed = started(self._statuses.read(self._function.name), self._expression, now)
        self._statuses.write(self._function.name, self._status)
        if was_missed or self._run_on_startup:
            await self._invoke(is_past_due=was_missed, was_due=False)
        while not stop.is_set():
            await self._wait(self._status.next, stop)
            if not stop.is_set():
                await self._invoke(is_past_due=False, was_due=True)

    async def _invoke(self, *, is_past_due: bool, was_due: bool) -> None:
        begun = self._clock()
        with suppress(InvocationError):
            await self._runtime.invoke(self._function, {self._input_name: self._input(is_past_due)})
        if was_due:
            begun = max(begun, self._status.next)
        self._status = Status(begun, next_occurrence(self._expression, begun), begun)
        self._statuses.write(self._function.name, self._status)

    def _input(self, is_past_due: bool) -> TypedData:
        names = {"Last": self._status.last, "Next": self._status.next, "LastUpdated": self._status.updated}
        status = {name: moment.isoformat() for name, moment in names.items()}
        said = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": is_past_due}
        return json_text(json.dumps(said))

    def _is_kept(self) -> bool:
        first = next_occurrence(self._expression, self._clock())
        return next_occurrence(self._expression, first) - first >= _LEAST_KEPT


def timers(runtime: Runtime, statuses: Statuses) -> list[Timer]:
    """Return a timer for every timer function."""
    return [Timer(runtime, function, statuses) for function in runtime.functions if function.trigger("timerTrigger")]


async def _wait_until(due: datetime, stop: asyncio.Event) -> None:
    while not stop.is_set() and (left := (due - datetime.now(UTC)).total_seconds()) > 0:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), left)
