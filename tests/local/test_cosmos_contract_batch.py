"""Transactional batches: all operations or none, in one partition."""

import pytest
import pytest_asyncio
from azure.cosmos.aio import ContainerProxy

from tests.local.cosmos_contract import LARGE_BODY, Item, Operations, batch_refused, ids_in, refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def item(container: ContainerProxy, key: str) -> Item:
    """Return an item that is in the partition already."""
    return dict(await container.create_item({"id": "there", "pk": key, "n": 1}))


def create(id_: str, key: str) -> tuple[str, tuple[Item]]:
    return ("create", ({"id": id_, "pk": key},))


async def test_a_batch_creates_all_its_items(container: ContainerProxy, key: str) -> None:
    results = await container.execute_item_batch([create("1", key), create("2", key)], key)

    assert [result["statusCode"] for result in results] == [201, 201]
    assert await ids_in(container, key) == ["1", "2"]


async def test_a_batch_that_fails_changes_nothing(container: ContainerProxy, item: Item) -> None:
    replaced = ("replace", ("there", {**item, "n": 2}))
    with batch_refused(409) as statuses:
        await container.execute_item_batch([create("1", item["pk"]), replaced, create("1", item["pk"])], item["pk"])

    assert statuses == [424, 424, 409]
    assert await ids_in(container, item["pk"]) == ["there"]
    assert await container.read_item("there", item["pk"]) == item


async def test_the_operation_that_failed_names_the_status(container: ContainerProxy, item: Item) -> None:
    with batch_refused(409) as statuses:
        await container.execute_item_batch([create("1", item["pk"]), create("there", item["pk"])], item["pk"])
    assert statuses == [424, 409]

    with batch_refused(404) as statuses:
        await container.execute_item_batch([("delete", ("nothing",)), create("1", item["pk"])], item["pk"])
    assert statuses == [404, 424]


async def test_a_batch_mixes_all_kinds_of_operations(container: ContainerProxy, key: str) -> None:
    for id_ in ("1", "2"):
        await container.create_item({"id": id_, "pk": key})
    operations: Operations = [
        ("upsert", ({"id": "3", "pk": key, "n": 1},)),
        ("replace", ("1", {"id": "1", "pk": key, "n": 9})),
        ("delete", ("2",)),
        ("read", ("1",)),
        ("patch", ("3", [{"op": "incr", "path": "/n", "value": 1}])),
    ]

    results = await container.execute_item_batch(operations, key)

    assert [result["statusCode"] for result in results] == [201, 200, 204, 200, 200]
    assert results[3]["resourceBody"]["n"] == 9
    assert await ids_in(container, key) == ["1", "3"]
    assert (await container.read_item("3", key))["n"] == 2


async def test_a_batch_returns_the_etag_of_every_item_it_wrote(container: ContainerProxy, item: Item) -> None:
    changed = ("replace", ("there", {**item, "n": 2}), {"if_match_etag": item["_etag"]})

    results = await container.execute_item_batch([create("new", item["pk"]), changed], item["pk"])

    for result, id_ in zip(results, ("new", "there"), strict=True):
        read = await container.read_item(id_, item["pk"])
        assert result["resourceBody"] == read
        assert result["resourceBody"]["_etag"] == read["_etag"]


async def test_a_stale_etag_fails_the_whole_batch(container: ContainerProxy, item: Item) -> None:
    stale = ("replace", ("there", {**item, "n": 2}), {"if_match_etag": '"stale"'})
    with batch_refused(412) as statuses:
        await container.execute_item_batch([("upsert", ({"id": "1", "pk": item["pk"]},)), stale], item["pk"])

    assert statuses == [424, 412]
    assert await ids_in(container, item["pk"]) == ["there"]


async def test_a_condition_that_does_not_hold_fails_the_whole_batch(container: ContainerProxy, item: Item) -> None:
    increment = [{"op": "incr", "path": "/n", "value": 1}]
    patch = ("patch", ("there", increment), {"filter_predicate": "FROM c WHERE c.n > 1000"})
    with batch_refused(412) as statuses:
        await container.execute_item_batch([create("1", item["pk"]), patch], item["pk"])

    assert statuses == [424, 412]
    assert await ids_in(container, item["pk"]) == ["there"]


async def test_a_condition_in_a_batch_sees_what_earlier_operations_did(container: ContainerProxy, item: Item) -> None:
    increment = [{"op": "incr", "path": "/n", "value": 1}]
    twice = [("patch", ("there", increment), {"filter_predicate": "FROM c WHERE c.n = 1"}) for _ in range(2)]
    with batch_refused(412) as statuses:
        await container.execute_item_batch(twice, item["pk"])

    assert statuses == [424, 412]
    assert (await container.read_item("there", item["pk"]))["n"] == 1


async def test_a_batch_stays_in_its_partition(container: ContainerProxy, key: str) -> None:
    with refused(400):
        await container.execute_item_batch([create("1", key), create("2", "other")], key)

    assert await ids_in(container, key) == []


async def test_a_batch_has_at_most_a_hundred_operations(container: ContainerProxy, key: str) -> None:
    await container.execute_item_batch([create(str(n), key) for n in range(100)], key)

    with refused(400):
        await container.execute_item_batch([create(f"more-{n}", key) for n in range(101)], key)

    assert len(await ids_in(container, key)) == 100


async def test_a_batch_keeps_japanese_text(container: ContainerProxy, key: str) -> None:
    text = "髙橋﨑𠮷野家 🏠\n二行目"

    await container.execute_item_batch([("create", ({"id": "受付", "pk": key, "text": text},))], key)

    assert (await container.read_item("受付", key))["text"] == text


@LARGE_BODY
async def test_a_batch_over_two_megabytes_is_refused(container: ContainerProxy, key: str) -> None:
    half = "窓" * 400_000
    with refused(413):
        await container.execute_item_batch(
            [("create", ({"id": id_, "pk": key, "text": half},)) for id_ in ("1", "2")], key
        )

    assert await ids_in(container, key) == []


@LARGE_BODY
async def test_an_operation_that_makes_an_item_over_two_megabytes_fails_the_whole_batch(
    container: ContainerProxy, item: Item
) -> None:
    large = {"id": "large", "pk": item["pk"], "text": "y" * 1_900_000}
    await container.create_item(large)
    grown = ("patch", ("large", [{"op": "add", "path": "/more", "value": "y" * 300_000}]))

    with batch_refused(413) as statuses:
        await container.execute_item_batch([create("1", item["pk"]), grown], item["pk"])

    assert statuses == [424, 413]
    assert await ids_in(container, item["pk"]) == ["large", "there"]
