"""A counter of its own on the emulators: the test plays its host, residents, staff and the passing of time."""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from local.provision import provision
from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.advance.model import read_wake_up
from services.case.ports import Message
from services.case.receipts import reference_for
from services.case.request import Request
from services.case.task import Priority, Staff, Task, queue_of
from services.errors import NotYetProcessed, StoreUnavailable, WriteConflict
from services.failures import model
from services.failures.model import Failure, failure_id
from services.intake.service import Receipt
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from services.tasks.service import ClaimedTask
from settings import Settings
from stores.audit import AUDIT
from stores.case import REQUESTS
from stores.operations.failures import FAILURES
from tests.counter import DEFINITION, SECRETS, submission
from tests.fakes import FakeClock
from tests.reliability.faults import Injection, Killed
from wiring import build

TEAMS = ("supplies", "delivery")
HANAKO = Staff("u-hanako", "花子", frozenset({"Team.supplies", "Team.delivery"}))
JIRO = Staff("u-jiro", "次郎", frozenset({"Team.supplies", "Team.delivery", "Supervisor"}))
ANSWERS = {"members": 2, "atHome": True}
ROUTES = {"prepare", "deliver"}
PRIORITIES: tuple[Priority, ...] = ("urgent", "normal")
LONG = 2 * 3600.0


class World:
    """Hold one counter; `receipts` and `shown` are what residents and staff were given."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = FakeClock()
        self.cases = 0
        self._start()

    async def begin(self) -> None:
        """Begin another case: a request of its own, and an instance that has read no more than the catalog."""
        self.cases += 1
        self.key = f"key-of-the-case-{self.cases:08d}"
        self.reference = reference_for(SECRETS, "web", self.key)
        self.receipts: list[Receipt] = []
        self.shown: list[tuple[str, str]] = []
        self.claimed: ClaimedTask | None = None
        self.message, self.queue = "", ADVANCE_QUEUE
        await self.restart()
        await self.app.catalog.services()

    async def restart(self) -> None:
        """Drop the instance and start another."""
        await self.app.close()
        self._start()

    def _start(self) -> None:
        random.seed(1)  # a claim begins with the urgent queue
        self.app = build(self.settings, self.clock, queue_prefix=f"{self.settings.cosmos_database}-")

    async def attempt(self, act: Callable[["World"], Awaitable[object]], injection: Injection) -> bool:
        """Call once under a fault, as a caller who may get no answer; tell whether an answer came."""
        try:
            with injection.armed():
                await act(self)
        except (StoreUnavailable, WriteConflict, NotYetProcessed):
            return False
        except Killed:
            await self.restart()
            return False
        return True

    async def submit(self) -> Receipt:
        """Send the request and keep its receipt."""
        receipt, _ = await self.app.requests.submit(submission(answers=ANSWERS), self.key, None)
        self.receipts.append(receipt)
        return receipt

    async def claim(self) -> None:
        """Claim the next task of a team."""
        claim_id = f"claim-{self.cases:04d}"
        for one in await self.app.tasks.claim_next("supplies", HANAKO, claim_id=claim_id, limit=1, seconds=60):
            self._show(one, claim_id)

    async def claim_by_id(self) -> None:
        """Claim the task of a message, as an app does that polls the queue itself."""
        claim_id = f"claim-{self.cases:04d}"
        id_ = f"{self.reference}.prepare.1"
        self._show(await self.app.tasks.claim(id_, HANAKO, claim_id=claim_id, seconds=60), claim_id)

    async def take(self, queue: str) -> None:
        """Take the one message of a triggered queue, which stands until its worker ends well."""
        self.queue = queue
        [self.message] = await self._messages(queue)

    async def work(self, queue: str) -> None:
        """Work the message taken, as the host does."""
        do = self.app.queued.take_in if queue == INTAKE_QUEUE else self._advance
        await self.app.worker.work(queue, self.message, do, f"message-{self.cases}")

    async def run_workers(self) -> None:
        """Work what the triggered queues hold until they are empty, and what was poisoned before."""
        for queue in (INTAKE_QUEUE, ADVANCE_QUEUE):
            await self.run_last_worker(queue)
            while bodies := await self._messages(queue):
                for self.message in bodies:
                    await self.work(queue)

    async def run_last_worker(self, queue: str) -> list[int]:
        """Give up what waits in the poison queue of a queue, each message once; return how often each was delivered."""
        taken = await self._taken(model.poison_queue_of(queue))
        for message in taken:
            await self.app.worker.give_up(queue, message.body, message.id)
        return [message.deliveries for message in taken]

    async def run_on(self) -> None:
        """Let hours pass with workers and sweeper at work, until nothing but open tasks is left."""
        for _ in range(6):
            await self.run_workers()
            request, _tasks = await self.documents()
            if request is None or not request.pending:
                return
            await self._sweep_later()

    async def run_on_all(self) -> None:
        """Let hours pass with workers and sweeper at work, whatever is left of any case."""
        for _ in range(3):
            await self.run_workers()
            await self._sweep_later()
        await self.run_workers()

    async def delivered(self) -> set[str]:
        """Let the sweeper deliver what nobody took, and return the tasks of all messages of the teams."""
        await self._sweep_later()
        bodies = [body for team in TEAMS for p in PRIORITIES for body in await self._messages(queue_of(team, p))]
        return {json.loads(body)["task"] for body in bodies}

    async def finish(self) -> set[str]:
        """Let somebody else claim and complete whatever is open; return what is left to be worked: nothing."""
        await self._sweep_later()
        for team in TEAMS:
            claim_id = f"finish-{self.cases}-{team}"
            for one in await self.app.tasks.claim_next(team, JIRO, claim_id=claim_id, limit=8, seconds=60):
                self._show(one, claim_id)
                assert one.task.lease
                await self.app.tasks.complete(one.task.id, JIRO, one.task.lease.token, outcome="done", note=None)
        return set()

    async def documents(self) -> tuple[Request | None, list[Task]]:
        """Read the request of this case and its tasks, as they are stored."""
        items = await self._all(REQUESTS, self.reference)
        read = msgspec.convert(items, list[Request | Task])
        tasks = [document for document in read if isinstance(document, Task)]
        return next((document for document in read if isinstance(document, Request)), None), tasks

    async def number_of_requests(self) -> int:
        """Count the requests of all cases."""
        return len([item for item in await self._all(REQUESTS) if item["type"] == "request"])

    async def recorded_failures(self) -> list[Failure]:
        """Read what stands in the failures of the message taken last."""
        id_ = failure_id(self.queue, self.message)
        return [msgspec.convert(item, Failure) for item in await self._all(FAILURES, self.queue) if item["id"] == id_]

    async def views(self) -> set[tuple[str, str]]:
        """Read what the audit says that staff saw: claim and task."""
        seen = await self._all(AUDIT, self.reference)
        return {(item["operation"], item["task"]) for item in seen}

    async def _sweep_later(self) -> None:
        self.clock.pass_(LONG)
        await self.app.advance.sweep()

    def _show(self, one: ClaimedTask, claim_id: str) -> None:
        self.claimed = one
        self.shown.append((claim_id, one.task.id))

    async def _advance(self, body: str) -> None:
        await self.app.advance.woken(read_wake_up(body).reference)

    async def _messages(self, queue: str) -> list[str]:
        return [message.body for message in await self._taken(queue)]

    async def _taken(self, queue: str) -> list[Message]:
        taken = await self.app.queues.receive(queue, 32, hidden_for=600)
        for message in taken:
            await self.app.queues.delete(message)
        return taken

    async def _all(self, spec: Any, key: str | None = None) -> list[dict[str, Any]]:
        async def read(container: Any) -> list[dict[str, Any]]:
            return [item async for item in container.query_items("SELECT * FROM c", partition_key=key)]

        return await self.app.cosmos.ask(spec, read)


@asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[World]:
    """Make a counter with a database and queues of its own, open for one service."""
    made = World(settings)
    try:
        await provision(made.app)
        await made.app.catalog.publish(DEFINITION)
        yield made
    finally:
        await made.app.close()
