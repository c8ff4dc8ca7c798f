from collections.abc import AsyncIterator

import pytest

from tests.apps import running, settings_for
from wiring.app import App


@pytest.fixture
async def app(emulators) -> AsyncIterator[App]:
    """Return the app on the emulators, with a database and queues of its own."""
    async with running(settings_for(emulators.cosmos, emulators.storage)) as app:
        yield app
