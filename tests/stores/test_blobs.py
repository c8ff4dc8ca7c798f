import uuid

from services.catalog.model import next_edition
from tests.counter import definition
from wiring.app import App

NOW = "2026-11-23T00:00:00.000000Z"


async def test_the_copy_of_the_catalog_is_read_as_it_was_published(app: App):
    name = f"s{uuid.uuid4().hex[:12]}"
    first = next_edition(None, definition(id=name), NOW)
    second = next_edition(first, definition(id=name, phone="0000-00-5678"), NOW)

    await app.blobs.publish(first)
    await app.blobs.publish(second)
    await app.blobs.publish(second)

    [current] = [c for c in await app.blobs.current() if c.service == name]
    assert current.edition == second.edition
    assert current.replaced == second.replaced
    assert await app.blobs.edition(name, 1) == first.edition
    assert await app.blobs.edition(name, 9) is None
