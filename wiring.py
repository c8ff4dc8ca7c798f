"""Build the app: settings -> clients -> stores -> services, once, on first use, on the running loop."""

import os
from typing import TYPE_CHECKING, Any

import msgspec

from services.advance.dispatching import Dispatching
from services.advance.service import Advance
from services.catalog.model import Sections
from services.catalog.service import Catalog
from services.failures.service import Delivery, Failures
from services.keys import derived
from services.limits import KINDS, Kind, Limiter, Rate
from services.looks import Looks, WatchedAudit
from services.pickup import part as pickup_part
from services.pickup import steps as pickup_steps
from services.pickup.correcting import Correcting
from services.pickup.counter import Counter
from services.pickup.depots import Depots
from services.pickup.grants import Grants
from services.pickup.judging import Judging
from services.pickup.matching import Matching
from services.pickup.offers import Offers
from services.pickup.part import PickupPart
from services.pickup.plan import Pickup
from services.pickup.refolding import Refolding
from services.pickup.reservations import Reservations
from services.pickup.residents import Residents
from services.pickup.rosters import Rosters
from services.pickup.searching import Searching
from services.pickup.slots import Slots
from services.pickup.splits import Splits
from services.pickup.tables import Tables
from services.pickup.tending import Tending
from services.pickup.walk_ins import WalkIns
from services.readiness import Readiness
from services.reconciliation.service import Reconciliation
from services.requests.queued import QueuedIntake
from services.requests.receipts import ReceiptSecrets
from services.requests.reissue import Reissuing
from services.requests.service import Requests
from services.tasks.deliveries import Deliveries
from services.tasks.service import Tasks
from services.times import Clock, system_clock
from settings import Connection, Settings
from stores.audit import CosmosAudit
from stores.backlog import CosmosBacklog
from stores.blobs import CONTAINER, BlobEditions
from stores.case import CosmosRequests, Parts
from stores.catalog import CosmosEditions
from stores.cosmos import Cosmos
from stores.failures import CosmosFailures
from stores.identity import Identity
from stores.jwks import KeySet
from stores.pickup.bookings import STILL_LASTS, CosmosBookings
from stores.pickup.sites import CosmosQuotas, CosmosSites
from stores.queues import StorageQueues
from stores.shipped import ShippedEditions
from stores.telemetry import record_answer, record_many_looks

if TYPE_CHECKING:
    from azure.cosmos.aio import CosmosClient
    from azure.storage.blob.aio import ContainerClient
    from azure.storage.queue.aio import QueueServiceClient


_PROXIES_OF_THE_ENVIRONMENT = False
"""Stores are reached without a proxy: looking for one takes two threads' turns of every call."""


PARTS: Parts = {pickup_part.NAME: PickupPart}
"""What capabilities keep on a request."""
SECTIONS: Sections = {pickup_part.NAME: Pickup}
"""What capabilities let a definition say."""


class App(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the functions call."""

    settings: Settings
    requests: Requests
    reissuing: Reissuing
    queued: QueuedIntake
    advance: Advance
    tasks: Tasks
    reconciliation: Reconciliation
    readiness: Readiness
    depots: Depots
    tables: Tables
    slots: Slots
    splits: Splits
    reservations: Reservations
    residents: Residents
    offers: Offers
    counter: Counter
    rosters: Rosters
    searching: Searching
    walk_ins: WalkIns
    correcting: Correcting
    judging: Judging
    refolding: Refolding
    tending: Tending
    catalog: Catalog
    delivery: Delivery
    failures: Failures
    queues: StorageQueues
    blobs: BlobEditions
    cosmos: Cosmos
    keys: KeySet
    identity: Identity
    limits: dict[Kind, Limiter]
    clock: Clock

    async def close(self) -> None:
        """Close every client."""
        for closable in (self.cosmos, self.queues, self.blobs, self.keys, self.identity):
            await closable.close()


_apps: list[App] = []


def app() -> App:
    """Return the app of this process, built from the environment on first use."""
    if not _apps:
        _apps.append(build(Settings.from_env(os.environ)))
    return _apps[0]


def build(settings: Settings, clock: Clock = system_clock, queue_prefix: str = "") -> App:
    """Build an app; its clients open when they are first used."""
    identity = Identity()
    cosmos = Cosmos(lambda: cosmos_client(settings.cosmos, identity), settings.cosmos_database)
    queues = StorageQueues(lambda: queue_client(settings.storage, identity), queue_prefix)
    blobs = BlobEditions(lambda: _blob_client(settings.storage, identity), SECTIONS)
    store, failures = CosmosRequests(cosmos, PARTS), CosmosFailures(cosmos)
    bookings = CosmosBookings(cosmos)
    catalog = Catalog(CosmosEditions(cosmos, SECTIONS), blobs, ShippedEditions(SECTIONS), queues, SECTIONS, clock)
    secrets = ReceiptSecrets(settings.reference_secret, settings.access_secrets)
    looks = Looks(derived(settings.reference_secret, "looks"))
    audit = WatchedAudit(CosmosAudit(cosmos), looks, record_many_looks)
    sites = CosmosSites(cosmos)
    grants = Grants(CosmosQuotas(cosmos), settings.reference_secret, clock)
    slots, depots = Slots(sites, clock), Depots(sites, catalog, clock)
    reservations = Reservations(store, bookings, slots, grants, catalog, queues, settings.reference_secret, clock)
    splits = Splits(store, bookings, sites, depots, reservations, catalog, clock)
    counter = Counter(store, sites, grants, catalog, audit, clock)
    correcting = Correcting(
        store,
        sites,
        reservations,
        grants,
        counter,
        catalog,
        audit,
        settings.reference_secret,
        clock,
    )
    matching = Matching(store, bookings, catalog, clock)
    dispatching = Dispatching(store, queues, catalog, pickup_steps.PLANS, clock)
    steps = {
        "dispatch": dispatching.dispatch,
        "review": dispatching.review,
        **pickup_steps.steps(dispatching, reservations, matching, correcting, counter),
    }
    advance = Advance(store, queues, steps, clock)
    deliveries = Deliveries(store, queues, failures, clock)
    rate = Rate(per_minute=settings.calls_per_minute, at_once=settings.calls_per_minute)
    requests = Requests(store, queues, advance, catalog, secrets, clock, settings.municipality_phone)
    return App(
        settings=settings,
        requests=requests,
        reissuing=Reissuing(store, requests, audit, secrets, clock),
        queued=QueuedIntake(store, advance, catalog, secrets, clock),
        advance=advance,
        tasks=Tasks(store, queues, deliveries, audit, catalog, clock),
        reconciliation=Reconciliation(
            CosmosBacklog(cosmos, [STILL_LASTS]), queues, deliveries, advance, catalog, clock
        ),
        readiness=Readiness(store, queues, catalog, clock),
        depots=depots,
        tables=Tables(depots, clock),
        slots=slots,
        splits=splits,
        reservations=reservations,
        residents=Residents(requests, reservations),
        offers=Offers(sites, slots, catalog, clock),
        counter=counter,
        rosters=Rosters(sites, audit, clock),
        searching=Searching(store, bookings, catalog, audit, clock),
        walk_ins=WalkIns(requests, advance, counter, audit, secrets, clock),
        correcting=correcting,
        judging=Judging(store, reservations, counter, audit, clock),
        refolding=Refolding(store, bookings, grants, catalog, settings.reference_secret, clock),
        tending=Tending(store, sites, depots, reservations, splits, counter, clock),
        catalog=catalog,
        delivery=Delivery(queues, failures, clock),
        failures=Failures(failures, queues, clock),
        queues=queues,
        blobs=blobs,
        cosmos=cosmos,
        keys=KeySet(settings.token_jwks_uri),
        identity=identity,
        limits={kind: Limiter(rate, derived(settings.reference_secret, f"calls to {kind}")) for kind in KINDS},
        clock=clock,
    )


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
        "retry_throttle_total": 2,
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
        "increment_base": 1,
        "use_env_settings": _PROXIES_OF_THE_ENVIRONMENT,
    }
    if connection.connection_string:
        return QueueServiceClient.from_connection_string(connection.connection_string, **options)
    return QueueServiceClient(str(connection.queue_service_uri), identity.of(connection.client_id), **options)


def _blob_client(connection: Connection, identity: Identity) -> "ContainerClient":
    from azure.storage.blob.aio import ContainerClient

    options: dict[str, Any] = {"connection_timeout": 1, "read_timeout": 1, "retry_total": 0}
    options["use_env_settings"] = _PROXIES_OF_THE_ENVIRONMENT
    if connection.connection_string:
        return ContainerClient.from_connection_string(connection.connection_string, CONTAINER, **options)
    return ContainerClient(str(connection.blob_service_uri), CONTAINER, identity.of(connection.client_id), **options)
