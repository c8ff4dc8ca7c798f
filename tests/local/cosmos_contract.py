"""What the Cosmos DB contract suite (`test_cosmos_contract_*.py`) runs against.

By default that is the emulator of this project. Two environment settings point the same tests elsewhere, to Microsoft's
emulator or to a real account:

    COSMOS_CONTRACT_ENDPOINT    the address, such as https://localhost:8081/ or https://NAME.documents.azure.com/
    COSMOS_CONTRACT_KEY         its primary key; the account must allow keys

Each test module makes a database of its own with containers of the lowest throughput, and deletes it in the end: a real
account bills them for an hour. Deleting all items of a partition key has to be enabled on a real account, and a
serverless account has no throughput to read.
"""

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

Item = dict[str, Any]
Operations = list[tuple[Any, ...]]

OTHER_ENDPOINT = os.environ.get("COSMOS_CONTRACT_ENDPOINT")
OTHER_KEY = os.environ.get("COSMOS_CONTRACT_KEY", "")
OPTIONS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 30, "enable_compact_utf8_item_writes": True}

LARGE_BODY = pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")
"""aiohttp warns of a body over 1 MB, which the SDK hands over as bytes."""


def client_of(connection: str) -> CosmosClient:
    """Make a client as the app makes its own; `connection` is used where no other endpoint is set."""
    if OTHER_ENDPOINT:
        return CosmosClient(OTHER_ENDPOINT, OTHER_KEY, **OPTIONS)
    return CosmosClient.from_connection_string(connection, **OPTIONS)


@asynccontextmanager
async def own_database(client: CosmosClient) -> AsyncIterator[DatabaseProxy]:
    """Make a database that is deleted in the end."""
    database = await client.create_database(f"contract-{uuid.uuid4().hex}")
    try:
        yield database
    finally:
        await client.delete_database(database.id)


async def items_container(database: DatabaseProxy) -> ContainerProxy:
    """Make the container that most rules are tested in: key /pk, items expire by their own `ttl` only."""
    return await database.create_container("items", PartitionKey("/pk"), default_ttl=-1)


@contextmanager
def refused(status: int) -> Iterator[None]:
    """Expect a call to be refused with a status."""
    with pytest.raises(CosmosHttpResponseError) as caught:
        yield
    assert caught.value.status_code == status


@contextmanager
def batch_refused(status: int) -> Iterator[list[int]]:
    """Expect a batch to fail with a status; yields the statuses of its operations, filled in the end."""
    statuses: list[int] = []
    with pytest.raises(CosmosBatchOperationError) as caught:
        yield statuses
    assert caught.value.status_code == status
    statuses += [response["statusCode"] for response in caught.value.operation_responses]


async def found(container: ContainerProxy, sql: str, **options: Any) -> list[Any]:
    """Return all results of a query."""
    return [result async for result in container.query_items(sql, **options)]


async def ids_in(container: ContainerProxy, key: str) -> list[str]:
    """Return the ids of a partition, sorted."""
    ids: list[str] = await found(container, "SELECT VALUE c.id FROM c", partition_key=key)
    return sorted(ids)
