"""The core and the platform over their stores, as capabilities and the edge use them."""

from collections.abc import Mapping

import msgspec

from services.advance.dispatching import Dispatching, Plan
from services.advance.service import Advance, Take
from services.case.ports import AuditLog, Queues, RequestStore, SetAside
from services.case.receipts import ReceiptSecrets
from services.catalog.model import Sections
from services.catalog.ports import EditionCopy, EditionSource, EditionStore
from services.catalog.service import Catalog
from services.failures.ports import FailureStore
from services.failures.service import Failures, Worker
from services.intake.queued import QueuedIntake
from services.intake.reissue import Reissuing
from services.intake.service import Requests
from services.operations.measuring import Measuring
from services.operations.readiness import Readiness
from services.operations.reconciliation.ports import Backlog
from services.operations.reconciliation.service import Reconciliation
from services.tasks.ports import ClaimStore
from services.tasks.service import Tasks
from services.tasks.team_queues import TeamQueues
from services.times import Clock


class Stores(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one store for each port."""

    requests: RequestStore
    queues: Queues
    audit: AuditLog
    editions: EditionStore
    copy: EditionCopy
    shipped: EditionSource
    failures: FailureStore
    set_aside: SetAside
    claims: ClaimStore
    backlog: Backlog


class Core(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the services of the platform; `steps` are joined by capabilities that are built over it."""

    stores: Stores
    secrets: ReceiptSecrets
    clock: Clock
    steps: dict[str, Take]
    dispatching: Dispatching
    catalog: Catalog
    advance: Advance
    requests: Requests
    reissuing: Reissuing
    queued: QueuedIntake
    tasks: Tasks
    reconciliation: Reconciliation
    readiness: Readiness
    measuring: Measuring
    worker: Worker
    failures: Failures


def core_over(
    stores: Stores, sections: Sections, plans: Mapping[str, Plan], secrets: ReceiptSecrets, phone: str, clock: Clock
) -> Core:
    """Build the platform; `phone` is the municipality's."""
    store, queues, audit = stores.requests, stores.queues, stores.audit
    catalog = Catalog(stores.editions, stores.copy, stores.shipped, queues, stores.set_aside, sections, clock)
    dispatching = Dispatching(store, queues, catalog, plans, clock)
    steps: dict[str, Take] = {"dispatch": dispatching.dispatch, "review": dispatching.review}
    advance = Advance(store, queues, steps, clock)
    requests = Requests(store, queues, advance, catalog, secrets, clock, phone)
    failures = Failures(stores.failures, queues, clock)
    team_queues = TeamQueues(store, queues, stores.failures, clock)
    return Core(
        stores=stores,
        secrets=secrets,
        clock=clock,
        steps=steps,
        dispatching=dispatching,
        catalog=catalog,
        advance=advance,
        requests=requests,
        reissuing=Reissuing(store, requests, audit, secrets, clock),
        queued=QueuedIntake(store, advance, catalog, secrets, clock),
        tasks=Tasks(store, stores.claims, queues, team_queues, audit, catalog, clock),
        reconciliation=Reconciliation(stores.backlog, queues, team_queues, advance, catalog, clock),
        readiness=Readiness(store, queues, catalog, clock),
        measuring=Measuring(queues, failures),
        worker=Worker(queues, stores.failures, clock),
        failures=failures,
    )
