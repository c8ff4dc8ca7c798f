"""Build the app: settings -> clients -> stores -> services, once, on first use, on the running loop."""

import os
from typing import TYPE_CHECKING, Any

import msgspec

from services.advance.service import Advance
from services.catalog.service import Catalog
from services.failures.service import Delivery, Failures
from services.pickup.correcting import Correcting
from services.pickup.counter import Counter
from services.pickup.depots import Depots
from services.pickup.grants import Grants
from services.pickup.judging import Judging
from services.pickup.matching import Matching
from services.pickup.offers import Offers
from services.pickup.reservations import Reservations
from services.pickup.searching import Searching
from services.pickup.slots import Slots
from services.pickup.tending import Tending
from services.pickup.walk_ins import WalkIns
from services.reconciliation.service import Reconciliation
from services.requests.queued import QueuedIntake
from services.requests.receipts import ReceiptSecrets
from services.requests.service import Requests
from services.tasks.deliveries import Deliveries
from services.tasks.service import Tasks
from services.times import Clock, system_clock
from settings import Connection, Settings
from stores.backlog import CosmosBacklog
from stores.blobs import CONTAINER, BlobEditions
from stores.cosmos import Cosmos, CosmosAudit, CosmosEditions, CosmosRequests
from stores.failures import CosmosFailures
from stores.jwks import KeySet
from stores.queues import StorageQueues
from stores.shipped import ShippedEditions
from stores.sites import CosmosQuotas, CosmosSites

if TYPE_CHECKING:
    from azure.core.credentials_async import AsyncTokenCredential
    from azure.cosmos.aio import CosmosClient
    from azure.storage.blob.aio import ContainerClient
    from azure.storage.queue.aio import QueueServiceClient


class App(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the functions call."""

    settings: Settings
    requests: Requests
    queued: QueuedIntake
    advance: Advance
    tasks: Tasks
    reconciliation: Reconciliation
    depots: Depots
    slots: Slots
    reservations: Reservations
    offers: Offers
    counter: Counter
    searching: Searching
    walk_ins: WalkIns
    correcting: Correcting
    judging: Judging
    tending: Tending
    catalog: Catalog
    delivery: Delivery
    failures: Failures
    queues: StorageQueues
    blobs: BlobEditions
    cosmos: Cosmos
    keys: KeySet
    clock: Clock

    async def close(self) -> None:
        """Close every client."""
        for closable in (self.cosmos, self.queues, self.blobs, self.keys):
            await closable.close()


_apps: list[App] = []


def app() -> App:
    """Return the app of this process, built from the environment on first use."""
    if not _apps:
        _apps.append(build(Settings.from_env(os.environ)))
    return _apps[0]


def build(settings: Settings, clock: Clock = system_clock, queue_prefix: str = "") -> App:
    """Build an app; its clients open when they are first used."""
    cosmos = Cosmos(lambda: cosmos_client(settings.cosmos), settings.cosmos_database)
    queues = StorageQueues(lambda: queue_client(settings.storage), queue_prefix)
    blobs = BlobEditions(lambda: _blob_client(settings.storage))
    store, failures = CosmosRequests(cosmos), CosmosFailures(cosmos)
    catalog = Catalog(CosmosEditions(cosmos), blobs, ShippedEditions(), queues, clock)
    secrets = ReceiptSecrets(settings.reference_secret, settings.access_secrets)
    sites = CosmosSites(cosmos)
    grants = Grants(CosmosQuotas(cosmos), settings.reference_secret, clock)
    depots = Depots(sites, catalog, clock)
    slots = Slots(sites, clock)
    reservations = Reservations(store, slots, grants, catalog, queues, settings.reference_secret, clock)
    counter = Counter(store, sites, grants, catalog, CosmosAudit(cosmos), clock)
    correcting = Correcting(
        store,
        sites,
        reservations,
        grants,
        counter,
        catalog,
        CosmosAudit(cosmos),
        settings.reference_secret,
        clock,
    )
    advance = Advance(store, queues, catalog, reservations, Matching(store, catalog, clock), correcting, counter, clock)
    deliveries = Deliveries(store, queues, failures, clock)
    requests = Requests(store, queues, advance, catalog, secrets, clock, settings.municipality_phone, reservations)
    return App(
        settings=settings,
        requests=requests,
        queued=QueuedIntake(store, advance, catalog, secrets, clock),
        advance=advance,
        tasks=Tasks(store, queues, deliveries, CosmosAudit(cosmos), catalog, clock),
        reconciliation=Reconciliation(CosmosBacklog(cosmos), queues, deliveries, advance, catalog, clock),
        depots=depots,
        slots=slots,
        reservations=reservations,
        offers=Offers(sites, slots, catalog, clock),
        counter=counter,
        searching=Searching(store, catalog, CosmosAudit(cosmos), clock),
        walk_ins=WalkIns(requests, advance, counter),
        correcting=correcting,
        judging=Judging(store, reservations, counter, CosmosAudit(cosmos), clock),
        tending=Tending(store, sites, depots, reservations, counter, clock),
        catalog=catalog,
        delivery=Delivery(queues, failures, clock),
        failures=Failures(failures, queues, clock),
        queues=queues,
        blobs=blobs,
        cosmos=cosmos,
        keys=KeySet(settings.token_jwks_uri),
        clock=clock,
    )


def cosmos_client(connection: Connection) -> "CosmosClient":
    """Make a client of Cosmos DB; it opens when it is entered."""
    from azure.cosmos.aio import CosmosClient

    options: dict[str, Any] = {
        "connection_timeout": 2,
        "read_timeout": 5,
        "retry_connect": 1,
        "retry_backoff_factor": 0.1,
        "enable_compact_utf8_item_writes": True,
    }
    if connection.connection_string:
        return CosmosClient.from_connection_string(connection.connection_string, **options)
    return CosmosClient(str(connection.account_endpoint), _identity(connection), **options)


def queue_client(connection: Connection) -> "QueueServiceClient":
    """Make a client of Storage queues."""
    from azure.storage.queue.aio import QueueServiceClient

    options: dict[str, Any] = {
        "connection_timeout": 2,
        "read_timeout": 2,
        "retry_total": 1,
        "initial_backoff": 0,
        "increment_base": 1,
    }
    if connection.connection_string:
        return QueueServiceClient.from_connection_string(connection.connection_string, **options)
    return QueueServiceClient(str(connection.queue_service_uri), _identity(connection), **options)


def _blob_client(connection: Connection) -> "ContainerClient":
    from azure.storage.blob.aio import ContainerClient

    options: dict[str, Any] = {"connection_timeout": 1, "read_timeout": 1, "retry_total": 0}
    if connection.connection_string:
        return ContainerClient.from_connection_string(connection.connection_string, CONTAINER, **options)
    return ContainerClient(str(connection.blob_service_uri), CONTAINER, _identity(connection), **options)


def _identity(connection: Connection) -> "AsyncTokenCredential":
    from azure.identity.aio import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=connection.client_id)
