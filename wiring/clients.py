"""The clients of Cosmos DB and Storage, as settings name them; they open when they are first used."""

from typing import TYPE_CHECKING, Any

from settings import Connection
from stores.blobs import CONTAINER
from stores.identity import Identity
from stores.telemetry import record_answer

if TYPE_CHECKING:
    from azure.cosmos.aio import CosmosClient
    from azure.storage.blob.aio import ContainerClient
    from azure.storage.queue.aio import QueueServiceClient


_PROXIES_OF_THE_ENVIRONMENT = False
"""Stores are reached without a proxy: looking for one takes two threads' turns of every call."""

_NO_THROTTLE_RETRIES = -1
"""For 0, the SDK takes its own number. `stores/cosmos.py` waits itself, since only it knows how much time is left."""


def cosmos_client(connection: Connection, identity: Identity) -> "CosmosClient":
    """Make a client of Cosmos DB; it opens when it is entered."""
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.cosmos.aio import CosmosClient

    options: dict[str, Any] = {
        "transport": AioHttpTransport(use_env_settings=_PROXIES_OF_THE_ENVIRONMENT),
        "connection_timeout": 2,
        "read_timeout": 5,
        "retry_connect": 1,
        "retry_backoff_factor": 0.1,
        "retry_throttle_total": _NO_THROTTLE_RETRIES,
        "enable_compact_utf8_item_writes": True,
        "raw_response_hook": record_answer,
    }
    if connection.connection_string:
        return CosmosClient.from_connection_string(connection.connection_string, **options)
    return CosmosClient(str(connection.account_endpoint), identity.of(connection.client_id), **options)


def queue_client(connection: Connection, identity: Identity) -> "QueueServiceClient":
    """Make a client of Storage queues."""
    from azure.storage.queue.aio import QueueServiceClient

    options: dict[str, Any] = {
        "connection_timeout": 2,
        "read_timeout": 2,
        "retry_total": 1,
        "initial_backoff": 0,
        "increment_base": 0,
        "random_jitter_range": 0,
        "use_env_settings": _PROXIES_OF_THE_ENVIRONMENT,
    }
    if connection.connection_string:
        return QueueServiceClient.from_connection_string(connection.connection_string, **options)
    return QueueServiceClient(str(connection.queue_service_uri), identity.of(connection.client_id), **options)


def blob_client(connection: Connection, identity: Identity) -> "ContainerClient":
    """Make a client of the container in Blob storage."""
    from azure.storage.blob.aio import ContainerClient

    options: dict[str, Any] = {"connection_timeout": 1, "read_timeout": 1, "retry_total": 0}
    options["use_env_settings"] = _PROXIES_OF_THE_ENVIRONMENT
    if connection.connection_string:
        return ContainerClient.from_connection_string(connection.connection_string, CONTAINER, **options)
    return ContainerClient(str(connection.blob_service_uri), CONTAINER, identity.of(connection.client_id), **options)
