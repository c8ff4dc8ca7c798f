"""The change feed: every item once, by its latest change."""

from typing import Any

import pytest
import pytest_asyncio
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, DatabaseProxy

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.deep]


@pytest_asyncio.fixture(loop_scope="module")
async def changing(database: DatabaseProxy, key: str) -> ContainerProxy:
    """Return a container of one's own with three items in two partitions."""
    container = await database.create_container(key, PartitionKey("/pk"))
    for id_, pk in (("1", "a"), ("2", "b"), ("3", "a")):
        await container.create_item({"id": id_, "pk": pk})
    return container


async def changed(container: ContainerProxy, **options: Any) -> list[str]:
    return [item["id"] async for item in container.query_items_change_feed(**options)]


async def test_the_feed_from_the_beginning_holds_every_item(changing: ContainerProxy) -> None:
    assert sorted(await changed(changing, start_time="Beginning")) == ["1", "2", "3"]


async def test_a_token_goes_on_with_what_changed_since(changing: ContainerProxy) -> None:
    await changed(changing, start_time="Beginning")
    token = changing.client_connection.last_response_headers["etag"]

    assert await changed(changing, continuation=token) == []
    await changing.create_item({"id": "4", "pk": "a"})
    await changing.upsert_item({"id": "1", "pk": "a", "n": 2})

    assert await changed(changing, continuation=token) == ["4", "1"]


async def test_the_feed_of_a_partition_holds_its_items_only(changing: ContainerProxy) -> None:
    assert await changed(changing, start_time="Beginning", partition_key="b") == ["2"]


async def test_a_deleted_item_is_not_in_the_feed(changing: ContainerProxy) -> None:
    await changing.delete_item("1", "a")

    assert sorted(await changed(changing, start_time="Beginning")) == ["2", "3"]
