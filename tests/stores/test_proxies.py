"""Stores are reached directly: a proxy that the environment names is for others."""

import pytest

from services.advance.model import QUEUE
from tests.apps import running, settings_for
from tests.counter import DEFINITION, KEY, submission
from tests.fakes import FakeClock


async def test_no_store_is_asked_through_a_proxy_of_the_environment(emulators, monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    async with running(settings_for(emulators.cosmos, emulators.storage), FakeClock()) as app:
        await app.catalog.publish(DEFINITION)
        receipt, how = await app.requests.submit(submission(), KEY, None)
        [woken] = await app.queues.receive(QUEUE, 1, hidden_for=60)
        copied = await app.blobs.current()

    assert DEFINITION["id"] in [current.service for current in copied], "tests share the copies"
    assert how == "created"
    assert receipt.reference in woken.body
