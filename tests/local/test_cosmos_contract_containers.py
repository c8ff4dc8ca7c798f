"""Containers: partition keys, unique keys, expiry and definitions."""

import asyncio
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, DatabaseProxy
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from tests.local.cosmos_contract import found, ids_in, refused

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.deep]

EXPIRED_WITHIN = 15.0
"""Seconds; items that live for one second are gone long before."""


async def until_gone(container: ContainerProxy, id_: str, key: str) -> None:
    async with asyncio.timeout(EXPIRED_WITHIN):
        while True:
            try:
                await container.read_item(id_, key)
            except CosmosResourceNotFoundError:
                return
            await asyncio.sleep(0.1)


async def test_an_id_may_stand_in_two_partitions_of_a_hierarchical_key(database: DatabaseProxy) -> None:
    container = await database.create_container("hierarchical", PartitionKey(["/t", "/u"], kind="MultiHash"))
    for first, second in (("x", "1"), ("x", "2"), ("y", "1")):
        await container.create_item({"id": "a", "t": first, "u": second})

    assert (await container.read_item("a", ["x", "2"]))["u"] == "2"


async def test_a_prefix_of_a_hierarchical_key_finds_all_below_it(database: DatabaseProxy) -> None:
    container = await database.create_container("prefixes", PartitionKey(["/t", "/u"], kind="MultiHash"))
    for first, second in (("x", "1"), ("x", "2"), ("y", "1")):
        await container.create_item({"id": "a", "t": first, "u": second})

    items = await found(container, "SELECT * FROM c", partition_key=["x"])

    assert sorted(item["u"] for item in items) == ["1", "2"]


async def test_a_partition_key_may_stand_deep_in_the_item(database: DatabaseProxy) -> None:
    container = await database.create_container("nested", PartitionKey("/meta/pk"))

    await container.create_item({"id": "1", "meta": {"pk": "a"}})

    assert (await container.read_item("1", "a"))["id"] == "1"


async def test_a_composite_unique_key_is_unique_as_a_whole(database: DatabaseProxy) -> None:
    keys: Any = {"uniqueKeys": [{"paths": ["/a", "/b"]}]}
    container = await database.create_container("unique", PartitionKey("/pk"), unique_key_policy=keys)
    await container.create_item({"id": "1", "pk": "p", "a": 1, "b": 1})
    await container.create_item({"id": "2", "pk": "p", "a": 1, "b": 2})
    await container.create_item({"id": "2", "pk": "other", "a": 1, "b": 2})

    with refused(409):
        await container.create_item({"id": "3", "pk": "p", "a": 1, "b": 2})
    with refused(409):
        await container.upsert_item({"id": "1", "pk": "p", "a": 1, "b": 2})


async def test_items_expire_by_the_ttl_of_their_container(database: DatabaseProxy) -> None:
    container = await database.create_container("expiring", PartitionKey("/pk"), default_ttl=1)
    await container.create_item({"id": "never", "pk": "p", "ttl": -1})
    await container.create_item({"id": "1", "pk": "p"})

    await until_gone(container, "1", "p")

    assert await ids_in(container, "p") == ["never"]


async def test_an_item_expires_by_its_own_ttl_where_the_container_sets_none(
    container: ContainerProxy, key: str
) -> None:
    await container.create_item({"id": "stays", "pk": key})
    await container.create_item({"id": "goes", "pk": key, "ttl": 1})

    await until_gone(container, "goes", key)

    assert await ids_in(container, key) == ["stays"]
    await container.create_item({"id": "goes", "pk": key})


async def test_an_item_expires_by_a_ttl_that_was_patched_in(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key})

    await container.patch_item("1", key, [{"op": "set", "path": "/ttl", "value": 1}])

    await until_gone(container, "1", key)


async def test_a_ttl_means_nothing_where_the_container_has_none(database: DatabaseProxy) -> None:
    container = await database.create_container("lasting", PartitionKey("/pk"))
    await container.create_item({"id": "lasts", "pk": "p", "ttl": 1})
    witness = await database.create_container("witness", PartitionKey("/pk"), default_ttl=-1)
    await witness.create_item({"id": "1", "pk": "p", "ttl": 1})

    await until_gone(witness, "1", "p")

    assert await ids_in(container, "p") == ["lasts"]


async def test_a_replaced_container_keeps_its_items(database: DatabaseProxy) -> None:
    container = await database.create_container("replaced", PartitionKey("/pk"))
    await container.create_item({"id": "1", "pk": "p"})

    await database.replace_container("replaced", PartitionKey("/pk"), default_ttl=3600)

    assert await ids_in(container, "p") == ["1"]
    assert (await container.read())["defaultTtl"] == 3600


async def test_a_container_is_made_once(database: DatabaseProxy) -> None:
    first = await database.create_container_if_not_exists("once", PartitionKey("/pk"))
    await first.create_item({"id": "1", "pk": "p"})

    again = await database.create_container_if_not_exists("once", PartitionKey("/pk"))

    assert await ids_in(again, "p") == ["1"]
    with refused(409):
        await database.create_container("once", PartitionKey("/pk"))


async def test_a_container_that_is_not_there_is_not_found(database: DatabaseProxy) -> None:
    missing = database.get_container_client("missing")

    with refused(404):
        await missing.create_item({"id": "1", "pk": "p"})


async def test_the_throughput_of_a_container_can_be_read(container: ContainerProxy) -> None:
    throughput = await container.get_throughput()

    assert (throughput.offer_throughput or 0) > 0
