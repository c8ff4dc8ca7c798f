"""The client, database, container and partition key of the Cosmos DB contract suite."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy

from tests.local.cosmos_contract import OTHER_ENDPOINT, client_of, items_container, own_database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cosmos(request: pytest.FixtureRequest) -> AsyncIterator[CosmosClient]:
    connection: Any = "" if OTHER_ENDPOINT else request.getfixturevalue("emulators").cosmos
    async with client_of(connection) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(cosmos: CosmosClient) -> AsyncIterator[DatabaseProxy]:
    async with own_database(cosmos) as database:
        yield database


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def container(database: DatabaseProxy) -> ContainerProxy:
    return await items_container(database)


@pytest.fixture
def key() -> str:
    """Return a partition key that no other test uses."""
    return uuid.uuid4().hex
