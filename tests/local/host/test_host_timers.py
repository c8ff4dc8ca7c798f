"""Timers run as the Timers extension of the Functions host runs them, on a clock that only runs and waits move."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.host.messages import TypedData
from local.host.runtime import Function
from local.host.timers import Status, Statuses, Timer

MINUTELY, QUARTERLY = "0 */1 * * * *", "0 */15 * * * *"
START = datetime(2026, 11, 23, 0, 0, 30, tzinfo=UTC)


class Runs:
    """Stand in for the runtime: each run takes so many seconds; the timer is told to stop after the last."""

    def __init__(self, *seconds: float, now: datetime = START) -> None:
        self.now = now
        self.begun: list[str] = []
        self.past_due: list[bool] = []
        self.stop = asyncio.Event()
        self._seconds = list(seconds)

    async def invoke(self, _: Function, inputs: Mapping[str, TypedData]) -> None:
        said = json.loads(inputs["timer"].json)
        self.begun.append(f"{self.now:%H:%M:%S}")
        self.past_due.append(said["IsPastDue"])
        self.now += timedelta(seconds=self._seconds.pop(0))
        if not self._seconds:
            self.stop.set()

    async def wait(self, due: datetime, _: asyncio.Event) -> None:
        self.now = max(self.now, due)


async def run(runs: Runs, folder: Path | None = None, expression: str = MINUTELY, **trigger: Any) -> Runs:
    binding = {"type": "timerTrigger", "name": "timer", "schedule": expression, **trigger}
    timer = Timer(runs, Function("1", "sweep", (binding,)), Statuses(folder), lambda: runs.now, runs.wait)  # type: ignore[arg-type]
    await timer.run(runs.stop)
    return runs


async def test_the_next_time_counts_from_the_start_of_a_run() -> None:
    """Row 5: `TimerListener.InvokeJobFunction`."""
    assert (await run(Runs(10, 59, 1))).begun == ["00:01:00", "00:02:00", "00:03:00"]


async def test_a_run_that_is_longer_than_its_period_is_followed_at_once() -> None:
    """Row 5: `TimerListener.GetNextTimerInterval`. A sweep of 90 s runs back to back."""
    runs = await run(Runs(90, 90, 90, 5, 5))

    assert runs.begun == ["00:01:00", "00:02:30", "00:04:00", "00:05:30", "00:06:00"]
    assert not any(runs.past_due)


async def test_a_run_that_was_missed_is_caught_up_with_once_and_says_so(tmp_path: Path) -> None:
    """Row 5: `ScheduleMonitor.CheckPastDueAsync`."""
    await run(Runs(1), tmp_path, QUARTERLY)

    later = await run(Runs(1, 1, now=START + timedelta(hours=2)), tmp_path, QUARTERLY)

    assert later.begun == ["02:00:30", "02:15:00"]
    assert later.past_due == [True, False]


async def test_nothing_is_missed_at_the_first_start_or_before_the_next_time(tmp_path: Path) -> None:
    """Row 5: `ScheduleMonitor.CheckPastDueAsync`."""
    first = await run(Runs(1), tmp_path, QUARTERLY)
    second = await run(Runs(1, now=first.now), tmp_path, QUARTERLY)

    assert (first.begun, second.begun) == (["00:15:00"], ["00:30:00"])
    assert second.past_due == [False]


async def test_after_a_change_of_the_schedule_nothing_counts_as_missed(tmp_path: Path) -> None:
    """Row 5: `ScheduleMonitor.CheckPastDueAsync`."""
    await run(Runs(1), tmp_path, QUARTERLY)

    changed = await run(Runs(1, now=START + timedelta(hours=2)), tmp_path, "0 */20 * * * *")

    assert (changed.begun, changed.past_due) == (["02:20:00"], [False])


async def test_of_a_timer_that_runs_more_than_once_a_minute_nothing_is_kept(tmp_path: Path) -> None:
    """Row 5: `useMonitor` in the documentation of the timer trigger."""
    runs = await run(Runs(1), tmp_path, "*/10 * * * * *")

    assert runs.begun == ["00:00:40"]
    assert list(tmp_path.iterdir()) == []


async def test_a_start_that_is_asked_for_comes_before_the_schedule() -> None:
    """Row 5: `TimerListener.StartAsync`."""
    assert (await run(Runs(1, 1), runOnStartup=True)).begun == ["00:00:30", "00:01:00"]


@pytest.mark.parametrize("content", ["", "{", '{"last": "soon"}', "[]"])
async def test_a_status_that_cannot_be_read_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "sweep.json").write_text(content)

    assert (await run(Runs(1), tmp_path)).begun == ["00:01:00"]
    assert Statuses(tmp_path).read("sweep") == Status(
        last=datetime(2026, 11, 23, 0, 1, tzinfo=UTC),
        next=datetime(2026, 11, 23, 0, 2, tzinfo=UTC),
        updated=datetime(2026, 11, 23, 0, 1, tzinfo=UTC),
    )
