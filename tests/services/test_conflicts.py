"""Whoever is overtaken decides again a few times, at moments that lie further and further apart."""

import asyncio
from pathlib import Path

import pytest

from services import conflicts
from services.case import cases
from services.case.request import Case, Changes
from services.errors import WriteConflict
from tests.counter import Counter
from tests.fakes import FakeRequests

SERVICES = Path(__file__).parent.parent.parent / "services"


class Overtaken(FakeRequests):
    async def save(self, case: Case, changes: Changes) -> Case:
        raise WriteConflict("412")


async def test_a_write_is_tried_eight_times_up_to_twice_as_long_after_each(monkeypatch: pytest.MonkeyPatch):
    counter, store = Counter(), Overtaken()
    receipt = await counter.submit()
    store.cases = counter.store.cases
    waited: list[float] = []
    decided: list[Case] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    def decide(case: Case) -> Changes:
        decided.append(case)
        return (case.request,)

    monkeypatch.setattr(asyncio, "sleep", wait)
    with pytest.raises(WriteConflict, match="8 writes in a row were overtaken"):
        await cases.change(store, receipt.reference, decide)

    assert len(decided) == conflicts.ATTEMPTS
    assert all(0 <= seconds <= 0.01 * 2**attempt for attempt, seconds in enumerate(waited))
    assert len(set(waited)) == conflicts.ATTEMPTS, "those who met must not meet again"


def test_how_long_an_overtaken_writer_waits_is_said_once():
    waiting = {path.name for path in SERVICES.rglob("*.py") if "random.uniform" in path.read_text(encoding="utf-8")}

    assert waiting == {"conflicts.py"}
