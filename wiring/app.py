"""What the functions call."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from services.advance.service import Advance
from services.catalog.service import Catalog
from services.failures.service import Failures, Worker
from services.intake.queued import QueuedIntake
from services.intake.reissue import Reissuing
from services.intake.service import Requests
from services.limits import Kind, Limiter
from services.operations.measuring import Measuring
from services.operations.readiness import Readiness
from services.operations.reconciliation.service import Reconciliation
from services.tasks.service import Tasks
from services.times import Clock
from settings import Settings
from stores.blobs import BlobEditions
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos
from stores.identity import Identity
from stores.jwks import KeySet
from stores.queues import StorageQueues


class App(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the services of the platform, those that capabilities `added` by their names, and the clients."""

    settings: Settings
    requests: Requests
    reissuing: Reissuing
    queued: QueuedIntake
    advance: Advance
    tasks: Tasks
    reconciliation: Reconciliation
    readiness: Readiness
    measuring: Measuring
    catalog: Catalog
    worker: Worker
    failures: Failures
    added: Mapping[str, Any]
    each_minute: tuple[Callable[[], Awaitable[object]], ...]
    containers: tuple[ContainerSpec, ...]
    queues: StorageQueues
    blobs: BlobEditions
    cosmos: Cosmos
    keys: KeySet
    identity: Identity
    limits: dict[Kind, Limiter]
    draft_secret: bytes
    clock: Clock

    async def close(self) -> None:
        """Close every client."""
        for closable in (self.cosmos, self.queues, self.blobs, self.keys, self.identity):
            await closable.close()
