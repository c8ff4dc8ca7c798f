"""Patches: what their operations do, and when a condition lets them."""

import asyncio
from collections import Counter
from typing import Any

import pytest
import pytest_asyncio
from azure.core import MatchConditions
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosHttpResponseError

from tests.local.cosmos_contract import LARGE_BODY, Item, ids_in, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")

DUE = "2026-11-23T00:01:00.000000Z"


@pytest_asyncio.fixture(loop_scope="module")
async def item(container: ContainerProxy, key: str) -> Item:
    """Return a stored item; another partition holds one of the same id with other values."""
    values: Item = {"n": 5, "name": "Bob", "map": {"Key": 1}, "list": [7], "dueAt": DUE}
    await container.create_item({"id": "1", "pk": f"{key}-2", "n": 100, "name": "Ann"})
    return dict(await container.create_item({"id": "1", "pk": key, **values}))


async def patched(container: ContainerProxy, item: Item, *operations: Item, **options: Any) -> Item:
    return dict(await container.patch_item(item["id"], item["pk"], list(operations), **options))


def operation(op: str, path: str, value: Any = None) -> Item:
    return {"op": op, "path": path, "value": value}


MARK = operation("set", "/marked", True)


async def test_a_number_is_incremented(container: ContainerProxy, item: Item) -> None:
    assert (await patched(container, item, operation("incr", "/n", -1)))["n"] == 4


async def test_operations_see_what_earlier_ones_did(container: ContainerProxy, item: Item) -> None:
    operations = (operation("set", "/new", []), operation("add", "/new/-", 1), operation("add", "/new/0", 0))

    assert (await patched(container, item, *operations))["new"] == [0, 1]


async def test_values_are_replaced_moved_and_removed(container: ContainerProxy, item: Item) -> None:
    move: Item = {"op": "move", "from": "/map/Key", "path": "/moved"}

    written = await patched(container, item, operation("replace", "/name", "Cy"), move, {"op": "remove", "path": "/n"})

    assert (written["name"], written["moved"], written["map"]) == ("Cy", 1, {})
    assert "n" not in written


async def test_a_patch_makes_no_missing_parents(container: ContainerProxy, item: Item) -> None:
    with refused(400):
        await patched(container, item, operation("set", "/missing/child", 1))


async def test_a_patch_that_fails_changes_nothing(container: ContainerProxy, item: Item) -> None:
    with refused(400):
        await patched(container, item, operation("set", "/n", 1), operation("replace", "/missing", 1))

    assert await container.read_item("1", item["pk"]) == item


async def test_a_patch_has_at_most_ten_operations(container: ContainerProxy, item: Item) -> None:
    await patched(container, item, *[operation("incr", "/n", 1)] * 10)

    with refused(400):
        await patched(container, item, *[operation("incr", "/n", 1)] * 11)

    assert (await container.read_item("1", item["pk"]))["n"] == 15


async def test_a_patch_with_a_stale_etag_changes_nothing(container: ContainerProxy, item: Item) -> None:
    with refused(412):
        await patched(container, item, MARK, etag='"stale"', match_condition=MatchConditions.IfNotModified)

    assert await container.read_item("1", item["pk"]) == item


@pytest.mark.parametrize(
    "condition",
    [
        "c.n >= 1",
        "c.name = 'Bob'",
        "NOT IS_DEFINED(c.selected)",
        "ARRAY_CONTAINS(c.list, 7)",
        "IS_DEFINED(c.map['Key'])",
        f"c.dueAt = '{DUE}'",
        "c.n = -1 OR c.n >= 1",
    ],
)
async def test_a_patch_is_applied_where_its_condition_holds(
    container: ContainerProxy, item: Item, condition: str
) -> None:
    assert (await patched(container, item, MARK, filter_predicate=f"FROM c WHERE {condition}"))["marked"]


@pytest.mark.parametrize(
    "condition",
    [
        "c.n >= 1000",
        "c.name = 'bob'",
        "c.name != 'Bob'",
        'NOT IS_DEFINED(c.map["Key"])',
        "c.dueAt = '2026-11-23T00:01:00.000001Z'",
        "c.n = -1 OR c.n >= 1000",
        "c.missing != 1",
    ],
)
async def test_a_patch_changes_nothing_where_its_condition_does_not_hold(
    container: ContainerProxy, item: Item, condition: str
) -> None:
    with refused(412):
        await patched(container, item, MARK, filter_predicate=f"FROM c WHERE {condition}")

    assert await container.read_item("1", item["pk"]) == item


async def test_a_condition_looks_at_no_item_but_its_own(container: ContainerProxy, item: Item) -> None:
    with refused(412):
        await patched(container, item, MARK, filter_predicate="FROM c WHERE c.n >= 50")


async def test_a_condition_that_is_no_query_is_refused(container: ContainerProxy, item: Item) -> None:
    with refused(400):
        await patched(container, item, MARK, filter_predicate="FROM c WHERE c.n >=")


async def test_stock_is_never_promised_twice(container: ContainerProxy, key: str) -> None:
    item: Item = {"id": "stock", "pk": key, "left": 10}
    await container.create_item(item)

    async def take() -> int:
        try:
            await patched(container, item, operation("incr", "/left", -1), filter_predicate="FROM c WHERE c.left >= 1")
        except CosmosHttpResponseError as error:
            return error.status_code
        return 200

    assert Counter(await asyncio.gather(*(take() for _ in range(40)))) == {200: 10, 412: 30}
    assert (await container.read_item("stock", key))["left"] == 0


async def test_a_ttl_that_is_patched_in_can_be_removed_again(container: ContainerProxy, item: Item) -> None:
    assert (await patched(container, item, operation("set", "/ttl", 3600)))["ttl"] == 3600

    assert "ttl" not in await patched(container, item, {"op": "remove", "path": "/ttl"})


async def test_id_and_partition_key_cannot_be_patched(container: ContainerProxy, item: Item) -> None:
    for path in ("/id", "/pk"):
        with refused(400):
            await patched(container, item, operation("set", path, "other"))

    assert await ids_in(container, item["pk"]) == ["1"]


@LARGE_BODY
async def test_a_patch_that_makes_an_item_over_two_megabytes_is_refused(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "large", "pk": key, "text": "y" * 1_900_000, "n": 1})

    with refused(413):
        await container.patch_item("large", key, [operation("set", "/more", "y" * 300_000)])

    assert "more" not in await container.read_item("large", key)
    assert (await container.patch_item("large", key, [operation("incr", "/n", 1)]))["n"] == 2
