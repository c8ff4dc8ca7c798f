"""What the stores of definitions make of documents that something else wrote."""

from typing import Any

import pytest

from services.catalog.model import Current, Damaged, next_edition
from services.failures.documents import SetAside
from services.failures.model import Selection
from services.times import system_clock
from stores.catalog import CATALOG, CosmosEditions
from stores.operations.failures import CosmosFailures
from tests.counter import DEFINITION, definition
from tests.damage import stored
from tests.stores.documents import NOW
from wiring import SECTIONS
from wiring.app import App
from wiring.clients import blob_client

RUBBISH: dict[str, dict[str, Any]] = {
    "no edition": {"edition": None},
    "an edition of another kind": {"edition": ["x"]},
    "a field of a later version": {"edition": {"definition": {**DEFINITION, "ofLater": 1}}},
}


async def published(app: App) -> Current:
    """Publish a service twice, and another beside it."""
    await app.catalog.publish(DEFINITION)
    await app.catalog.publish({**DEFINITION, "id": "certificate"})
    current, _ = await app.catalog.publish({**DEFINITION, "phone": "0000-00-5678"})
    return current


async def overwrite(app: App, document: dict[str, Any]) -> None:
    await app.cosmos.ask(CATALOG, lambda c: c.upsert_item({key: v for key, v in document.items() if key != "_etag"}))


@pytest.mark.parametrize("rubbish", RUBBISH)
async def test_each_current_edition_is_read_by_itself_and_publishing_mends_a_damaged_one(app: App, rubbish: str):
    await overwrite(app, stored(await published(app)) | RUBBISH[rubbish])

    certificate, water = await CosmosEditions(app.cosmos, SECTIONS).current()
    assert isinstance(certificate, Current)
    assert isinstance(water, Damaged)
    assert (certificate.service, water.service) == ("certificate", "water")

    mended, is_new = await app.catalog.publish(DEFINITION)
    assert (mended.edition.version, is_new) == (3, True)
    assert (await app.catalog.service("water")).edition == mended.edition
    assert await app.catalog.damaged() == ()


async def test_publishing_mends_a_pointer_that_no_list_finds(app: App):
    await overwrite(app, stored(await published(app)) | {"current": "x"})

    mended, _ = await app.catalog.publish({**DEFINITION, "phone": "0000-00-5678"})

    assert mended.edition.version == 3
    assert (await app.catalog.service("water")).edition == mended.edition


async def test_an_edition_that_cannot_be_read_is_told_apart_from_one_that_is_not_there(app: App):
    await published(app)
    await overwrite(app, {"id": "water.1", "kind": "service", "current": False, "edition": "x"})
    editions = CosmosEditions(app.cosmos, SECTIONS)

    assert isinstance(await editions.edition("water", 1), Damaged)
    assert await editions.edition("water", 9) is None


async def test_damage_is_recorded_once_among_the_failures(app: App):
    set_aside = SetAside(CosmosFailures(app.cosmos, system_clock), lambda: NOW)

    for _ in range(2):
        await set_aside.note("catalog", {"water": "Expected `object`, got `null`"})

    [failure] = await app.failures.list(Selection(queue="documents"))
    assert (failure.error, failure.tries) == ("catalog/water cannot be read: Expected `object`, got `null`", 1)


@pytest.mark.parametrize("content", [b"\xff{", b"[" * 100_000, b"null", b'{"edition": 5}'])
async def test_each_copy_is_read_by_itself(app: App, content: bytes):
    for name in ("damaged", "good"):
        await app.blobs.publish(next_edition(None, definition(id=name), NOW))
    async with blob_client(app.settings.storage, app.identity) as container:
        for name in ("current/damaged.json", "editions/damaged.1.json"):
            await container.upload_blob(name, content, overwrite=True)

    found = {one.service: type(one) for one in await app.blobs.current() if one.service in ("damaged", "good")}

    assert found == {"damaged": Damaged, "good": Current}
    assert isinstance(await app.blobs.edition("damaged", 1), Damaged)
    assert await app.blobs.edition("good", 1)
