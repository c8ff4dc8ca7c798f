"""The counter of the platform on fakes, and the invented service and people that unit tests speak of."""

from typing import Any

from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.advance.model import read_wake_up
from services.case.receipts import ReceiptSecrets
from services.case.request import Case, Contact, Submission
from services.case.task import Staff
from services.catalog.documents import definition_of
from services.catalog.model import Current, Definition, Edition
from services.failures.documents import SetAside
from services.intake.service import Receipt
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from services.tasks.service import ClaimedTask
from tests.fakes import (
    FakeAudit,
    FakeBacklog,
    FakeClaims,
    FakeClock,
    FakeEditions,
    FakeFailures,
    FakeQueues,
    FakeRequests,
)
from wiring import SECTIONS, plans_of, sections_of
from wiring.capability import Added, Capability
from wiring.core import Core, Stores, core_over

KEY = "key-0000000000000000001"
OTHER_KEY = "key-0000000000000000002"
SECRETS = ReceiptSecrets(b"reference secret of the tests", {1: b"access secret of the tests"})
CITY_PHONE = "0000-00-0000"
SERVICE_PHONE = "0000-00-1234"
HANAKO = Staff("u-hanako", "花子", frozenset({"Team.supplies"}))
TARO = Staff("u-taro", "太郎", frozenset({"Team.supplies"}))
SUPERVISOR = Staff("u-kacho", "課長", frozenset({"Supervisor"}))

DEFINITION: dict[str, Any] = {
    "id": "water",
    "title": {"ja": "水の受け取り", "ja-easy": "水（みず）を もらう", "en": "Water"},
    "purpose": {"ja": "水を配るためだけに使います。"},
    "phone": SERVICE_PHONE,
    "form": {
        "type": "object",
        "required": ["members"],
        "additionalProperties": False,
        "properties": {
            "members": {"type": "integer", "minimum": 1, "maximum": 30, "x-text": {"label": {"ja": "人数"}}},
            "atHome": {"type": "boolean", "x-text": {"label": {"ja": "届けてほしい"}}},
            "note": {"type": "string", "maxLength": 200, "x-text": {"label": {"ja": "備考"}}},
        },
        "examples": [{"members": 2, "atHome": True, "note": "3階です"}],
    },
    "routes": [
        {
            "id": "prepare",
            "kind": "prepare-water",
            "team": "supplies",
            "priority": "answers.members >= 5 ? 'urgent' : 'normal'",
            "when": "answers.members < 11",
            "dueIn": "P1D",
        },
        {
            "id": "deliver",
            "kind": "home-delivery",
            "team": "delivery",
            "priority": "'normal'",
            "when": "has(answers.atHome) && answers.atHome",
            "dueIn": "PT4H",
        },
        {
            "id": "call",
            "kind": "call-back",
            "team": "supplies",
            "priority": "'urgent'",
            "when": "answers.members > 10",
            "dueIn": "PT2H",
        },
    ],
    "outcomes": [{"id": "absent", "title": {"ja": "不在"}}],
    "cases": [
        {
            "name": "two people come by themselves",
            "answers": {"members": 2},
            "expect": {"valid": True, "tasks": [{"route": "prepare", "team": "supplies", "priority": "normal"}]},
        },
        {
            "name": "a large household at home",
            "answers": {"members": 11, "atHome": True},
            "expect": {
                "valid": True,
                "tasks": [
                    {"route": "deliver", "team": "delivery", "priority": "normal"},
                    {"route": "call", "team": "supplies", "priority": "urgent"},
                ],
            },
        },
        {
            "name": "nobody",
            "answers": {"members": 0},
            "expect": {"valid": False, "errors": [{"pointer": "/members", "code": "minimum"}]},
        },
    ],
}


def definition(**changes: Any) -> Definition:
    return definition_of({**DEFINITION, **changes}, SECTIONS)


def current(version: int = 1, **changes: Any) -> Current:
    defined = definition(**changes)
    edition = Edition(
        service=defined.id,
        version=version,
        published_at="2026-11-01T00:00:00.000000Z",
        definition=defined,
    )
    return Current(edition=edition)


def submission(**changes: Any) -> Submission:
    fields: dict[str, Any] = {
        "service": "water",
        "answers": {"members": 2},
        "contact": Contact(phone="090-0000-0000", name="見本 花子"),
    }
    return Submission(**{**fields, **changes})


class Counter:
    """Wire the platform on fakes, and play the host's part for the queues; a subclass adds its capabilities."""

    capabilities: tuple[Capability, ...] = ()

    def __init__(self, *editions: Current) -> None:
        self.clock = FakeClock()
        self.store = FakeRequests()
        self.queues = FakeQueues(self.clock)
        self.audit = FakeAudit()
        self.claims = FakeClaims()
        self.failures = FakeFailures()
        self.editions = FakeEditions(*(editions or (current(),)))
        self.copy = FakeEditions(*(editions or (current(),)))
        self.shipped = FakeEditions(current(version=0))
        self.add_stores()
        self.new_instance()

    def add_stores(self) -> None:
        """Make the fakes of the capabilities' own ports."""

    def add(self, core: Core) -> dict[str, Added]:
        """Build the capabilities over the platform, by their names."""
        return {}

    def new_instance(self) -> None:
        """Start again with nothing in memory, as a new instance of the app does."""
        stores = Stores(
            requests=self.store,
            queues=self.queues,
            audit=self.audit,
            editions=self.editions,
            copy=self.copy,
            shipped=self.shipped,
            failures=self.failures,
            set_aside=SetAside(self.failures, self.clock),
            claims=self.claims,
            backlog=FakeBacklog(self.store),
        )
        sections, plans = sections_of(self.capabilities), plans_of(self.capabilities)
        core = core_over(stores, sections, plans, SECRETS, CITY_PHONE, self.clock)
        self.core, self.added = core, self.add(core)
        for each in self.added.values():
            core.steps.update(each.steps)
        self.catalog, self.advance, self.tasks = core.catalog, core.advance, core.tasks
        self.requests, self.reissuing, self.queued = core.requests, core.reissuing, core.queued
        self.reconciliation, self.worker, self.operations = core.reconciliation, core.worker, core.failures

    async def submit(self, key: str = KEY, **changes: Any) -> Receipt:
        receipt, _ = await self.requests.submit(submission(**changes), key, None)
        return receipt

    async def run_workers(self) -> None:
        """Work what the triggered queues deliver until they are empty for now."""
        worked = True
        while worked:
            worked = False
            for queue, do in ((INTAKE_QUEUE, self.queued.take_in), (ADVANCE_QUEUE, self._advance)):
                for message in await self.queues.receive(queue, 32, hidden_for=600):
                    await self.worker.work(queue, message.body, do, message.id)
                    await self.queues.delete(message)
                    worked = True

    async def _advance(self, body: str) -> None:
        await self.advance.woken(read_wake_up(body).reference)

    def case(self, receipt: Receipt) -> Case:
        return self.store.cases[receipt.reference]

    async def claim(self, staff: Staff = HANAKO, claim_id: str = "claim-0001", **options: Any) -> list[ClaimedTask]:
        asked = {"limit": 1, "seconds": 900, **options}
        return await self.tasks.claim_next("supplies", staff, claim_id=claim_id, **asked)
