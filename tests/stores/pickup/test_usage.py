"""What bench/usage.json says of a household's way through the stores is what the code does.

Where this fails, `python -m bench.usage` measures anew, and docs/operations/cost.md takes what `bench.cost` prints.
"""

import random
from collections.abc import AsyncIterator

import pytest

from bench import usage
from bench.usage import Operation
from tests.apps import running, settings_for
from tests.conftest import Emulators
from wiring.app import App

SIZES = 0.03
"""By how much sizes may differ: names of queues and of staff are not everywhere as long."""


@pytest.fixture
async def app(emulators: Emulators) -> AsyncIterator[App]:
    random.seed(usage.URGENT_FIRST)
    async with running(settings_for(emulators.cosmos, emulators.storage)) as app:
        yield app


async def test_operations_and_sizes_are_those_that_the_reckoning_of_costs_starts_from(app: App):
    known = usage.read()

    found = await usage.measure(app)

    assert found.stored == pytest.approx(known.stored, rel=SIZES)
    assert names(found.parts) == names(known.parts)
    for name, part in known.parts.items():
        for old, new in zip(ordered(part), ordered(found.parts[name]), strict=True):
            assert new.written == pytest.approx(old.written, rel=SIZES), f"{name}: {old.name}"
            assert new.returned == pytest.approx(old.returned, rel=SIZES), f"{name}: {old.name}"


def ordered(part: list[Operation]) -> list[Operation]:
    """Put operations into an order that those side by side cannot change."""
    return sorted(part, key=lambda one: (one.name, one.written, one.returned))


def names(parts: dict[str, list[Operation]]) -> dict[str, list[str]]:
    return {name: [one.name for one in ordered(part)] for name, part in parts.items()}
