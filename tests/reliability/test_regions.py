"""The first region of Cosmos DB takes connections and never answers, or takes none: reads come from the second."""

import logging
from collections.abc import AsyncIterator

import pytest

from services.errors import StoreUnavailable
from stores.case import REQUESTS
from tests.azure import Azure, azure_around, cold_app
from tests.conftest import Emulators
from tests.counter import KEY, OTHER_KEY, submission
from wiring.app import App


@pytest.fixture
async def azure(emulators: Emulators, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Azure]:
    async with azure_around(emulators, monkeypatch) as azure:
        yield azure


@pytest.fixture
async def cold(emulators: Emulators, azure: Azure) -> AsyncIterator[App]:
    async with cold_app(emulators) as app:
        yield app


@pytest.mark.parametrize("hangs", [True, False])
async def test_reads_come_from_the_second_region_writes_do_not_answer_and_all_is_well_again_without_a_restart(
    cold: App, azure: Azure, caplog: pytest.LogCaptureFixture, hangs: bool
):
    receipt, how = await cold.requests.submit(submission(), KEY, None)
    assert how == "created"
    azure.asked.clear()

    azure.lose_first(hangs=hangs)
    shown = await cold.requests.status(receipt.reference, receipt.access_code)
    _, sent = await cold.requests.submit(submission(), OTHER_KEY, None)
    hidden = azure.asked.copy()
    azure.come_back()
    again, how_again = await cold.requests.submit(submission(), OTHER_KEY, None)

    assert shown is not None
    assert hidden["documents at madoguchi-japanwest"] == 1
    assert (sent, how_again) == ("queued", "created")
    assert await cold.requests.status(again.reference, again.access_code) is not None
    told = [record for record in caplog.records if record.name.startswith("azure.cosmos")]
    assert not any(record.exc_info for record in told)
    assert len(told) <= 2


async def test_an_instance_that_starts_meanwhile_opens_by_the_second_region(cold: App, azure: Azure):
    azure.lose_first(hangs=True)
    with pytest.raises(StoreUnavailable):
        await cold.cosmos.find(REQUESTS, "SELECT * FROM c", "nothing", 0.1)

    assert await cold.cosmos.find(REQUESTS, "SELECT * FROM c", "nothing") == []

    assert azure.asked["account at madoguchi"] == 1
    assert azure.asked["account at madoguchi-japanwest"] >= 1


def test_what_the_sdk_logs_at_each_call_is_told_once_and_without_its_traceback(
    cold: App, caplog: pytest.LogCaptureFixture
):
    log = logging.getLogger("azure.cosmos.aio._GlobalEndpointManager")

    for number in range(3):
        log.error("Health check task failed (%s): %s", KEY, number, exc_info=OSError("lost"))

    assert [record.exc_info for record in caplog.records if record.name == log.name] == [None]
