"""Single items: what a read, create, replace, upsert and delete promise."""

from typing import Any

import pytest
from azure.core import MatchConditions
from azure.cosmos.aio import ContainerProxy

from tests.local.cosmos_contract import LARGE_BODY, Item, found, ids_in, refused

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.deep]

UNCHANGED: Any = {"match_condition": MatchConditions.IfNotModified}
STALE: Any = {"etag": '"stale"', **UNCHANGED}
JAPANESE = "髙橋﨑𠮷野家 🏠\n受付「窓口」\\ \u200d か\u3099"
TOO_LONG = 2 * 1024 * 1024 // 3 + 1
"""Characters of three bytes each that do not go into 2 MB."""


async def test_an_id_is_taken_once(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key})

    with refused(409):
        await container.create_item({"id": "1", "pk": key})


async def test_one_id_may_stand_in_two_partitions(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key, "n": 1})
    await container.create_item({"id": "1", "pk": f"{key}-2", "n": 2})

    assert (await container.read_item("1", key))["n"] == 1
    assert (await container.read_item("1", f"{key}-2"))["n"] == 2


async def test_an_item_that_is_not_there_is_not_found(container: ContainerProxy, key: str) -> None:
    with refused(404):
        await container.read_item("nothing", key)


async def test_an_item_is_not_found_under_another_partition_key(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key})

    with refused(404):
        await container.read_item("1", f"{key}-2")


async def test_an_item_without_partition_key_is_not_found_by_its_id(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": key})

    with refused(404):
        await container.read_item(key, key)


async def test_a_replace_with_the_current_etag_is_applied(container: ContainerProxy, key: str) -> None:
    item = await container.create_item({"id": "1", "pk": key, "n": 1})

    written = await container.replace_item("1", {**item, "n": 2}, etag=item["_etag"], **UNCHANGED)

    assert (await container.read_item("1", key))["n"] == 2
    assert written["_etag"] != item["_etag"]


async def test_a_replace_with_a_stale_etag_changes_nothing(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key, "n": 1})

    with refused(412):
        await container.replace_item("1", {"id": "1", "pk": key, "n": 2}, **STALE)

    assert (await container.read_item("1", key))["n"] == 1


async def test_an_upsert_with_a_stale_etag_changes_nothing(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key, "n": 1})

    with refused(412):
        await container.upsert_item({"id": "1", "pk": key, "n": 2}, **STALE)

    assert (await container.read_item("1", key))["n"] == 1


async def test_a_delete_with_a_stale_etag_changes_nothing(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key})

    with refused(412):
        await container.delete_item("1", key, **STALE)

    assert await ids_in(container, key) == ["1"]


async def test_what_is_not_there_cannot_be_deleted(container: ContainerProxy, key: str) -> None:
    with refused(404):
        await container.delete_item("nothing", key)


async def test_a_deleted_item_is_not_found(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key})

    await container.delete_item("1", key)

    with refused(404):
        await container.read_item("1", key)


async def test_a_read_of_what_has_not_changed_is_empty(container: ContainerProxy, key: str) -> None:
    item = await container.create_item({"id": "1", "pk": key})

    again = await container.read_item("1", key, etag=item["_etag"], match_condition=MatchConditions.IfModified)

    assert dict(again) == {}


async def test_no_response_means_no_body(container: ContainerProxy, key: str) -> None:
    answer = await container.create_item({"id": "1", "pk": key}, no_response=True)

    assert dict(answer) == {}
    assert await ids_in(container, key) == ["1"]


async def test_every_answer_says_what_it_cost(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key})

    item = await container.read_item("1", key)

    assert float(item.get_response_headers()["x-ms-request-charge"]) > 0


async def test_an_id_may_hold_dots(container: ContainerProxy, key: str) -> None:
    id_ = "K7M2-QX9P-D4TB.prepare.1"
    await container.create_item({"id": id_, "pk": key})

    await container.replace_item(id_, {"id": id_, "pk": key, "n": 2})
    await container.patch_item(id_, key, [{"op": "incr", "path": "/n", "value": 1}])

    assert (await container.read_item(id_, key))["n"] == 3


async def test_japanese_text_is_read_as_it_was_written(container: ContainerProxy, key: str) -> None:
    item: Item = {"id": "受付", "pk": f"{key}髙橋", "氏名": JAPANESE, "list": [JAPANESE, {JAPANESE: None}]}

    await container.create_item(item)
    await container.upsert_item(item | {"n": 1})
    await container.replace_item("受付", item | {"n": 2})
    await container.patch_item("受付", item["pk"], [{"op": "add", "path": "/note", "value": JAPANESE}])

    read = await container.read_item("受付", item["pk"])
    assert {name: value for name, value in read.items() if name[0] != "_"} == item | {"n": 2, "note": JAPANESE}
    sql = "SELECT VALUE c.id FROM c WHERE c['氏名'] = @name"
    parameters: list[Item] = [{"name": "@name", "value": JAPANESE}]
    assert await found(container, sql, parameters=parameters, partition_key=item["pk"]) == ["受付"]


@LARGE_BODY
async def test_an_item_over_two_megabytes_is_refused(container: ContainerProxy, key: str) -> None:
    with refused(413):
        await container.upsert_item({"id": "1", "pk": key, "text": "y" * 2_200_000})


@LARGE_BODY
async def test_the_size_of_an_item_is_counted_in_bytes(container: ContainerProxy, key: str) -> None:
    with refused(413):
        await container.create_item({"id": "1", "pk": key, "text": "窓" * TOO_LONG})

    await container.create_item({"id": "2", "pk": key, "text": "窓" * (TOO_LONG - 1000)})
    assert await ids_in(container, key) == ["2"]


async def test_many_items_are_read_at_once_and_missing_ones_left_out(container: ContainerProxy, key: str) -> None:
    for id_ in ("1", "2"):
        await container.create_item({"id": id_, "pk": key})

    items = await container.read_items([("1", key), ("2", key), ("nothing", key)])

    assert sorted(item["id"] for item in items) == ["1", "2"]


async def test_a_partition_is_deleted_at_once(container: ContainerProxy, key: str) -> None:
    await container.create_item({"id": "1", "pk": key})
    await container.create_item({"id": "1", "pk": f"{key}-2"})

    await container.delete_all_items_by_partition_key(key)

    assert await ids_in(container, key) == []
    assert await ids_in(container, f"{key}-2") == ["1"]
