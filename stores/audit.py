"""The audit log in Cosmos DB."""

from services.case.ports import AuditRecord
from services.errors import StoreUnavailable, WriteConflict
from stores.containers import ContainerSpec
from stores.cosmos import Cosmos
from stores.documents import created

AUDIT = ContainerSpec("audit", "/subject", ("/at/?",))


class CosmosAudit:
    """Append to the container `audit`."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def append(self, record: AuditRecord) -> None:
        """Append a record; its id derives from its content, so one that is there already is the same.

        Raises StoreUnavailable where it is not there after all: a container that is missing is a conflict, too.
        """
        try:
            await self._cosmos.ask(AUDIT, lambda c: c.create_item(created(record), no_response=True))
        except WriteConflict as conflict:
            if await self._cosmos.item(AUDIT, record.id, record.subject) is None:
                raise StoreUnavailable(str(conflict)) from conflict
