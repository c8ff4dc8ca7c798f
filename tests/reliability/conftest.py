from collections.abc import AsyncIterator

import pytest

from tests.apps import settings_for
from tests.conftest import Emulators
from tests.reliability.faults import under_the_sdks
from tests.reliability.world import World, world


@pytest.fixture
async def own(emulators: Emulators) -> AsyncIterator[World]:
    """Return a counter of its own, with faults ready under its SDKs."""
    async with under_the_sdks(), world(settings_for(emulators.cosmos, emulators.storage)) as made:
        yield made
