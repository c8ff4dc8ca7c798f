"""What the Cosmos DB emulator has answered, it still has after `kill -9`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import httpx
import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from local.processes import cosmos_command, cosmos_connection, free_port, wait_for_port

INDEXED: Any = {
    "indexingMode": "consistent",
    "includedPaths": [{"path": "/dueAt/?"}],
    "excludedPaths": [{"path": "/*"}],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "not yet" / "there"


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[int]:
    """Run the emulator until it is killed, without a chance to put anything in order."""
    port = free_port()
    with Popen(cosmos_command(port, data), stdin=PIPE, stdout=DEVNULL, stderr=PIPE) as process:
        try:
            await wait_for_port(port, within=20)
            yield port
        finally:
            process.kill()


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[DatabaseProxy]:
    async with running(data) as port, CosmosClient.from_connection_string(cosmos_connection(port)) as client:
        yield await client.create_database_if_not_exists("d")


@asynccontextmanager
async def requests_in(data: Path) -> AsyncIterator[ContainerProxy]:
    async with opened(data) as database:
        yield await database.create_container_if_not_exists("requests", PartitionKey("/pk"), default_ttl=-1)


async def all_of(container: ContainerProxy) -> dict[str, dict[str, Any]]:
    return {item["id"]: item async for item in container.query_items("SELECT * FROM c")}


def journal_of(data: Path) -> Path:
    return data / "journal.jsonl"


async def test_what_was_answered_is_there_after_a_crash(data: Path) -> None:
    async with requests_in(data) as container:
        for id_ in ("made", "patched", "replaced", "deleted"):
            await container.create_item({"id": id_, "pk": "髙橋", "text": "窓口 🏠\n二行目"})
        await container.patch_item("patched", "髙橋", [{"op": "set", "path": "/ttl", "value": 3600}])
        await container.replace_item("replaced", {"id": "replaced", "pk": "髙橋", "n": 2})
        await container.delete_item("deleted", "髙橋")
        written = await all_of(container)

    for _ in range(2):
        async with requests_in(data) as container:
            assert await all_of(container) == written
            assert (await container.read_item("patched", "髙橋"))["_etag"] == written["patched"]["_etag"]

    assert set(written) == {"made", "patched", "replaced"}
    assert written["patched"]["ttl"] == 3600


@pytest.mark.deep
async def test_a_container_keeps_its_definition(data: Path) -> None:
    keys: Any = {"uniqueKeys": [{"paths": ["/a"]}]}
    async with opened(data) as database:
        made = await database.create_container(
            "c",
            PartitionKey(["/t", "/u"], kind="MultiHash"),
            indexing_policy=INDEXED,
            default_ttl=-1,
            unique_key_policy=keys,
        )
        defined = await made.read()

    async with opened(data) as database:
        kept = await database.get_container_client("c").read()

    assert kept == defined
    assert (kept["partitionKey"]["paths"], kept["defaultTtl"]) == (["/t", "/u"], -1)
    assert kept["indexingPolicy"]["includedPaths"] == INDEXED["includedPaths"]


@pytest.mark.deep
async def test_a_replaced_container_keeps_its_items_and_its_new_definition(data: Path) -> None:
    async with opened(data) as database:
        made = await database.create_container("c", PartitionKey("/pk"))
        await made.create_item({"id": "1", "pk": "a"})
        await database.replace_container("c", PartitionKey("/pk"), default_ttl=3600)

    async with opened(data) as database:
        container = database.get_container_client("c")
        assert (await container.read())["defaultTtl"] == 3600
        assert set(await all_of(container)) == {"1"}


@pytest.mark.deep
async def test_what_was_deleted_stays_deleted(data: Path) -> None:
    async with opened(data) as database:
        for name in ("kept", "gone", "again"):
            container = await database.create_container(name, PartitionKey("/pk"))
            await container.create_item({"id": name, "pk": "a"})
        await database.delete_container("gone")
        await database.delete_container("again")
        await database.create_container("again", PartitionKey("/pk"))

    async with opened(data) as database:
        assert {c["id"] async for c in database.list_containers()} == {"kept", "again"}
        assert set(await all_of(database.get_container_client("kept"))) == {"kept"}
        assert await all_of(database.get_container_client("again")) == {}


@pytest.mark.deep
async def test_a_deleted_database_stays_deleted(data: Path) -> None:
    async with running(data) as port, CosmosClient.from_connection_string(cosmos_connection(port)) as client:
        await client.create_database("gone")
        await client.create_database("kept")
        await client.delete_database("gone")

    async with running(data) as port, CosmosClient.from_connection_string(cosmos_connection(port)) as client:
        assert [database["id"] async for database in client.list_databases()] == ["kept"]


@pytest.mark.deep
async def test_an_internal_id_is_never_given_twice(data: Path) -> None:
    async with requests_in(data) as container:
        first = await container.create_item({"id": "1", "pk": "a"})
        await container.delete_item("1", "a")

    for _ in range(2):
        async with requests_in(data) as container:
            pass

    async with requests_in(data) as container:
        second = await container.create_item({"id": "1", "pk": "a"})
    assert second["_rid"] != first["_rid"]


@pytest.mark.deep
async def test_a_change_feed_goes_on_where_it_stood(data: Path) -> None:
    async with requests_in(data) as container:
        for id_ in ("1", "2"):
            await container.create_item({"id": id_, "pk": "a"})
        assert [c["id"] async for c in container.query_items_change_feed(start_time="Beginning")] == ["1", "2"]
        token = container.client_connection.last_response_headers["etag"]
        await container.upsert_item({"id": "1", "pk": "a", "n": 2})

    async with requests_in(data) as container:
        await container.create_item({"id": "3", "pk": "a"})
        assert [c["id"] async for c in container.query_items_change_feed(continuation=token)] == ["1", "3"]


@pytest.mark.deep
async def test_a_user_defined_function_is_kept(data: Path) -> None:
    async with requests_in(data) as container:
        await container.scripts.create_user_defined_function({"id": "double", "body": "function (n) { return 2 * n; }"})
        await container.create_item({"id": "1", "pk": "a", "n": 21})

    async with requests_in(data) as container:
        found = container.query_items("SELECT VALUE udf.double(c.n) FROM c", partition_key="a")
        values: list[Any] = [value async for value in found]
        assert values == [42]


async def test_a_half_written_last_line_is_as_if_never_sent(data: Path) -> None:
    async with requests_in(data) as container:
        await container.create_item({"id": "whole", "pk": "a"})
        two = [("create", ({"id": "half", "pk": "a"},)), ("create", ({"id": "窓口", "pk": "a"},))]
        await container.execute_item_batch(two, "a")

    for cut in (1, 40, 400):
        with journal_of(data).open("rb+") as journal:
            journal.truncate(len(journal.read()) - cut)
        async with requests_in(data) as container:
            assert set(await all_of(container)) == {"whole"}
            await container.execute_item_batch(two, "a")

    async with requests_in(data) as container:
        assert set(await all_of(container)) == {"whole", "half", "窓口"}


@pytest.mark.deep
async def test_a_batch_that_failed_leaves_no_trace(data: Path) -> None:
    async with requests_in(data) as container:
        await container.create_item({"id": "1", "pk": "a"})
        before = journal_of(data).read_bytes()
        with pytest.raises(CosmosBatchOperationError):
            await container.execute_item_batch(
                [
                    ("upsert", ({"id": "1", "pk": "a", "n": 2},)),
                    ("create", ({"id": "2", "pk": "a"},)),
                    ("create", ({"id": "1", "pk": "a"},)),
                ],
                "a",
            )
        written = await all_of(container)
        assert journal_of(data).read_bytes() == before

    async with requests_in(data) as container:
        assert await all_of(container) == written
    assert set(written) == {"1"}
    assert "n" not in written["1"]


@pytest.mark.deep
async def test_the_journal_holds_no_more_than_the_data_after_a_start(data: Path) -> None:
    async with requests_in(data) as container:
        for n in range(50):
            await container.upsert_item({"id": "1", "pk": "a", "n": n})
        assert journal_of(data).read_bytes().count(b'"n":') == 50

    async with requests_in(data) as container:
        assert journal_of(data).read_bytes().count(b'"n":') == 1
        assert (await container.read_item("1", "a"))["n"] == 49


@pytest.mark.deep
async def test_a_damaged_line_is_reported_and_nothing_is_overwritten(data: Path) -> None:
    async with requests_in(data) as container:
        await container.create_item({"id": "1", "pk": "a"})
    damaged = journal_of(data).read_bytes().replace(b'{"container"', b'{"cont', 1)
    journal_of(data).write_bytes(damaged)

    with Popen(cosmos_command(free_port(), data), stdin=PIPE, stdout=DEVNULL, stderr=PIPE) as process:
        _, said = process.communicate(timeout=20)

    assert process.returncode != 0
    assert b"journal.jsonl" in said
    assert b"is damaged" in said
    assert journal_of(data).read_bytes() == damaged


@pytest.mark.deep
async def test_of_two_emulators_on_one_folder_the_first_answers_no_more_writes(data: Path) -> None:
    async with running(data) as first, running(data) as second, httpx.AsyncClient(timeout=20) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(f"http://127.0.0.1:{first}/dbs", json={"id": "lost"})
        assert (await client.post(f"http://127.0.0.1:{second}/dbs", json={"id": "kept"})).is_success


@pytest.mark.deep
async def test_a_write_that_is_refused_is_not_kept(data: Path) -> None:
    async with requests_in(data) as container:
        await container.create_item({"id": "1", "pk": "a", "n": 1})
        with pytest.raises(CosmosHttpResponseError):
            await container.patch_item(
                "1", "a", [{"op": "set", "path": "/n", "value": 2}, {"op": "set", "path": "/no/where", "value": 1}]
            )

    async with requests_in(data) as container:
        assert (await container.read_item("1", "a"))["n"] == 1
