"""What is done for many at a time ends for all, whatever becomes of one."""

import asyncio

import pytest

from services import side_by_side


class Broken(Exception):
    """Stand for whatever one of many raises."""


async def test_results_come_in_the_order_of_the_items():
    async def late_if_small(number: int) -> int:
        await asyncio.sleep(0 if number > 1 else 0.01)
        return number * 10

    assert await side_by_side.each([1, 2, 3], late_if_small, at_once=3) == [10, 20, 30]


async def test_one_that_fails_keeps_no_other_from_being_done_and_nothing_runs_on_behind_the_caller():
    done = []

    async def do(number: int) -> None:
        await asyncio.sleep(0)
        if number == 1:
            raise Broken
        await asyncio.sleep(0.01)
        done.append(number)

    with pytest.raises(Broken):
        await side_by_side.each(range(6), do, at_once=2)

    assert sorted(done) == [0, 2, 3, 4, 5]


async def test_no_more_are_begun_at_a_time_than_are_allowed():
    running, most = set(), 0

    async def do(number: int) -> None:
        nonlocal most
        running.add(number)
        most = max(most, len(running))
        await asyncio.sleep(0)
        running.remove(number)

    await side_by_side.each(range(10), do, at_once=3)

    assert most == 3
