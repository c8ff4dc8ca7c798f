"""The client and its token are opened once for all who wait, though none of them waits long enough."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.errors import StoreUnavailable
from stores.case import REQUESTS
from tests.azure import Azure, azure_around, cold_app
from tests.conftest import Emulators
from tests.counter import KEY, submission
from wiring.app import App

AT_ONCE = 100


@pytest.fixture
async def azure(emulators: Emulators, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Azure]:
    async with azure_around(emulators, monkeypatch) as azure:
        yield azure


@pytest.fixture
async def cold(emulators: Emulators, azure: Azure) -> AsyncIterator[App]:
    """Return an instance that has just started, of an app that is there."""
    async with cold_app(emulators) as app:
        yield app


async def test_a_hundred_first_calls_ask_the_identity_and_the_account_once(cold: App, azure: Azure):
    azure.identity.clear()
    calls = [asyncio.create_task(cold.cosmos.item(REQUESTS, "nothing", "nothing")) for _ in range(AT_ONCE)]
    while not azure.asked["identity"]:
        await asyncio.sleep(0.01)

    azure.identity.set()
    await asyncio.gather(*calls)

    assert azure.asked["identity"] == 1
    assert azure.asked["account at madoguchi"] == 1


async def test_with_a_slow_identity_a_submission_is_queued_and_a_later_call_finds_the_client(cold: App, azure: Azure):
    azure.identity.clear()

    async with asyncio.timeout(6):
        _, how = await cold.requests.submit(submission(), KEY, None)
    azure.identity.set()
    found = await cold.cosmos.item(REQUESTS, "nothing", "nothing")

    assert how == "queued"
    assert found is None
    assert azure.asked["identity"] == 1
    assert azure.asked["account at madoguchi"] == 1


@pytest.mark.parametrize("status", [400, 404])
async def test_an_identity_that_refuses_is_a_store_that_does_not_answer_and_is_asked_again(
    cold: App, azure: Azure, status: int
):
    azure.identity_status = status
    with pytest.raises(StoreUnavailable):
        await cold.cosmos.item(REQUESTS, "nothing", "nothing")

    azure.identity_status = 200

    assert await cold.cosmos.item(REQUESTS, "nothing", "nothing") is None
