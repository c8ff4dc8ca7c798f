"""How long the queues are, and how much of what they brought failed for good."""

import msgspec

from services.case.ports import QueueNumbers, Queues
from services.failures.model import DOCUMENTS
from services.failures.service import Failures


class Measured(msgspec.Struct, frozen=True):
    """Hold the numbers of a queue; how many failures are open is None where their store does not answer."""

    numbers: QueueNumbers
    open_failures: int | None


class Measuring:
    """Measure every queue there is, and what cannot be read."""

    def __init__(self, queues: Queues, failures: Failures) -> None:
        self._queues = queues
        self._failures = failures

    async def queues(self) -> list[Measured]:
        """Measure all queues; raises StoreUnavailable where they do not answer."""
        names = await self._queues.names()
        measured = [await self._queues.numbers(name) for name in names]
        failures = await self._failures.open_in(names)
        return [Measured(numbers, failures.get(numbers.queue)) for numbers in measured if numbers]

    async def damaged_documents(self) -> int | None:
        """Count the documents that cannot be read; None where nobody can say."""
        return (await self._failures.open_in([DOCUMENTS])).get(DOCUMENTS)
