"""Build the app: settings -> clients -> stores -> services, once, on first use, on the running loop."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from services.advance.dispatching import Plan
from services.case.receipts import ReceiptSecrets
from services.case.request import Request
from services.catalog.model import Sections
from services.failures.documents import SetAside
from services.keys import derived
from services.limits import KINDS, Limiter, Rate
from services.operations.looks import Looks, WatchedAudit
from services.times import Clock, system_clock
from settings import Settings
from stores.audit import AUDIT, CosmosAudit
from stores.blobs import BlobEditions
from stores.case import REQUESTS, CosmosRequests, Parts
from stores.catalog import CATALOG, CosmosEditions
from stores.claims import CLAIMS, CosmosClaims
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos
from stores.identity import Identity
from stores.jwks import KeySet
from stores.operations.backlog import CosmosBacklog
from stores.operations.failures import FAILURES, CosmosFailures
from stores.queues import StorageQueues
from stores.shipped import ShippedEditions
from stores.telemetry import record_many_looks
from wiring import pickup
from wiring.app import App
from wiring.capability import Capability
from wiring.clients import blob_client, cosmos_client, queue_client
from wiring.core import Stores, core_over

CAPABILITIES: tuple[Capability, ...] = (pickup.CAPABILITY,)

_apps: list[App] = []


def app() -> App:
    """Return the app of this process, built from the environment on first use."""
    if not _apps:
        _apps.append(build(Settings.from_env(os.environ)))
    return _apps[0]


def build(
    settings: Settings,
    clock: Clock = system_clock,
    queue_prefix: str = "",
    capabilities: Sequence[Capability] = CAPABILITIES,
) -> App:
    """Build an app; its clients open when they are first used."""
    identity = Identity()
    cosmos = Cosmos(lambda: cosmos_client(settings.cosmos, identity), settings.cosmos_database)
    queues = StorageQueues(lambda: queue_client(settings.storage, identity), queue_prefix)
    sections = sections_of(capabilities)
    blobs = BlobEditions(lambda: blob_client(settings.storage, identity), sections)
    looks = Looks(derived(settings.reference_secret, "looks"))
    failures = CosmosFailures(cosmos, clock)
    set_aside = SetAside(failures, clock)
    stores = Stores(
        requests=CosmosRequests(cosmos, parts_of(capabilities), set_aside),
        queues=queues,
        audit=WatchedAudit(CosmosAudit(cosmos), looks, record_many_looks),
        editions=CosmosEditions(cosmos, sections),
        copy=blobs,
        shipped=ShippedEditions(sections),
        failures=failures,
        set_aside=set_aside,
        claims=CosmosClaims(cosmos, set_aside),
        backlog=CosmosBacklog(cosmos, [c.still_lasts for c in capabilities if c.still_lasts], set_aside),
    )
    secrets = ReceiptSecrets(settings.reference_secret, settings.access_secrets)
    core = core_over(stores, sections, plans_of(capabilities), secrets, settings.municipality_phone, clock)
    added = {capability.name: capability.build(core, cosmos) for capability in capabilities}
    core.steps.update(joined(core.steps, *(each.steps for each in added.values())))
    rate = Rate(per_minute=settings.calls_per_minute, at_once=settings.calls_per_minute)
    return App(
        settings=settings,
        requests=core.requests,
        reissuing=core.reissuing,
        queued=core.queued,
        advance=core.advance,
        tasks=core.tasks,
        reconciliation=core.reconciliation,
        readiness=core.readiness,
        measuring=core.measuring,
        catalog=core.catalog,
        worker=core.worker,
        failures=core.failures,
        added={name: each.services for name, each in added.items()},
        each_minute=tuple(run for each in added.values() for run in each.each_minute),
        containers=containers_of(capabilities),
        queues=queues,
        blobs=blobs,
        cosmos=cosmos,
        keys=KeySet(settings.token_jwks_uri),
        identity=identity,
        limits={kind: Limiter(rate, derived(settings.reference_secret, f"calls to {kind}")) for kind in KINDS},
        draft_secret=derived(settings.reference_secret, "drafts"),
        clock=clock,
    )


def parts_of(capabilities: Sequence[Capability]) -> Parts:
    """Return what capabilities keep on a request, by their names; no two keep it under one key."""
    parts = {capability.name: capability.part for capability in capabilities if capability.part}
    joined(_keys(Request), *(_keys(part) for part in parts.values()))
    return parts


def sections_of(capabilities: Sequence[Capability]) -> Sections:
    """Return what capabilities let a definition say, by their names."""
    return {capability.name: capability.section for capability in capabilities if capability.section}


def plans_of(capabilities: Sequence[Capability]) -> dict[str, Plan]:
    """Return the tasks that capabilities make, by the reasons for them."""
    return joined(*(capability.plans for capability in capabilities))


def containers_of(capabilities: Sequence[Capability]) -> tuple[ContainerSpec, ...]:
    """Return every container of the database; the one of requests also indexes the paths of capabilities' parts."""
    asked = tuple(path for capability in capabilities for path in capability.indexed)
    requests = msgspec.structs.replace(REQUESTS, indexed=(*REQUESTS.indexed, *asked))
    own = (spec for capability in capabilities for spec in capability.containers)
    return (requests, CATALOG, CLAIMS, FAILURES, AUDIT, *own)


def joined[T](*mappings: Mapping[str, T]) -> dict[str, T]:
    """Return all of these in one; raises ValueError where two have the same key."""
    keys = Counter(key for mapping in mappings for key in mapping)
    if twice := sorted(key for key, number in keys.items() if number > 1):
        raise ValueError(f"two capabilities claim {', '.join(twice)}")
    return {key: value for mapping in mappings for key, value in mapping.items()}


def _keys(kind: Any) -> dict[str, Any]:
    return dict.fromkeys((field.encode_name for field in msgspec.structs.fields(kind)), kind)


PARTS = parts_of(CAPABILITIES)
SECTIONS = sections_of(CAPABILITIES)
