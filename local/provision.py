"""Make on a desk what Bicep makes in Azure: database, containers, queues and the blob container."""

from azure.cosmos import PartitionKey

from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.case.task import SUPERVISORS
from services.failures.model import poison_queue_of
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from services.tasks.team_queues import queues_of
from wiring.app import App
from wiring.clients import cosmos_client

NO_EXPIRY_OF_ITS_OWN = -1
"""Let documents expire by their own `ttl` only."""
TRIGGERED_QUEUES = (INTAKE_QUEUE, ADVANCE_QUEUE)


async def provision(app: App) -> None:
    """Create what is missing; doing it again changes nothing."""
    await _containers(app)
    await app.blobs.ensure()
    await app.queues.ensure([name for queue in TRIGGERED_QUEUES for name in (queue, poison_queue_of(queue))])
    await app.queues.ensure(queues_of(SUPERVISORS))


async def _containers(app: App) -> None:
    async with cosmos_client(app.settings.cosmos, app.identity) as client:
        database = await client.create_database_if_not_exists(app.settings.cosmos_database)
        for spec in app.containers:
            await database.create_container_if_not_exists(
                spec.name,
                partition_key=PartitionKey(spec.partition_key),
                indexing_policy=spec.indexing_policy,
                default_ttl=NO_EXPIRY_OF_ITS_OWN if spec.expires else None,
            )
