"""The clients of Cosmos DB and Storage, as settings name them; they open when they are first used."""

import logging
import os
from typing import TYPE_CHECKING, Any

from settings import Connection
from stores.blobs import CONTAINER
from stores.identity import Identity
from stores.seldom import Seldom
from stores.telemetry import record_answer

if TYPE_CHECKING:
    from azure.cosmos.aio import CosmosClient
    from azure.storage.blob.aio import ContainerClient
    from azure.storage.queue.aio import QueueServiceClient


_PROXIES_OF_THE_ENVIRONMENT = False
"""Stores are reached without a proxy: looking for one takes two threads' turns of every call."""

_NO_THROTTLE_RETRIES = -1
"""For 0, the SDK takes its own number. `stores/cosmos.py` waits itself, since only it knows how much time is left."""
_HEALTH_CHECK_RETRIES = "AZURE_COSMOS_HEALTH_CHECK_MAX_RETRIES"
"""How often the SDK asks one region for the account again, by itself three times with more than 5 s for each."""
_ACCOUNT_WITHIN = 1.5
"""Seconds in which a region says where the others are; a new instance asks a lost one by two names before the next."""
_IN_ONE_REGION = {"connection_timeout": 2, "read_timeout": 5}
_TO_THE_NEXT_REGION = {"connection_timeout": 0.8, "read_timeout": 1.2, "retry_read": 0}
"""What lets a read go to the next region within its 2.5 s (`stores/cosmos.py`): after 1.2 s where one takes it and
does not answer, after 1.7 s where it cannot be reached."""
_LOST_REGION = ("azure.cosmos.LocationCache", "azure.cosmos.aio._GlobalEndpointManager")
"""What logs at each call that a region is lost."""
_SELDOM = Seldom(60)


def cosmos_client(connection: Connection, identity: Identity) -> "CosmosClient":
    """Make a client of Cosmos DB; it opens when it is entered."""
    from azure.core.pipeline.transport import AioHttpTransport
    from azure.cosmos.aio import CosmosClient
    from azure.cosmos.documents import ConnectionPolicy

    os.environ.setdefault(_HEALTH_CHECK_RETRIES, "0")
    for name in _LOST_REGION:
        logging.getLogger(name).addFilter(_SELDOM)
    regions = connection.regions.split(",") if connection.regions else []
    policy = ConnectionPolicy()
    policy.DBAConnectionTimeout = policy.DBAReadTimeout = _ACCOUNT_WITHIN  # type: ignore[assignment]
    options: dict[str, Any] = {
        "connection_policy": policy,
        "transport": AioHttpTransport(use_env_settings=_PROXIES_OF_THE_ENVIRONMENT),
        "preferred_locations": regions,
        "retry_connect": 1,
        "retry_backoff_factor": 0.1,
        **(_TO_THE_NEXT_REGION if len(regions) > 1 else _IN_ONE_REGION),
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
