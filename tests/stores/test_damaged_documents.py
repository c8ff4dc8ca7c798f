"""Requests and tasks that cannot be read, each damaged in one field, among others that can: those go on."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from services import side_by_side
from services.advance.model import QUEUE
from services.case import receipts
from services.case.request import Contact, Submission
from services.errors import DocumentDamaged
from services.failures.model import DOCUMENTS, Selection
from stores.case import REQUESTS
from tests import served
from tests.apps import running, settings_for
from tests.counter import DEFINITION, HANAKO, SECRETS, TARO, submission
from tests.damage import WAYS, damaged, places_in
from tests.fakes import FakeClock
from wiring.app import App

type Item = dict[str, Any]

NOW = "2026-11-23T00:00:00.000000Z"
BEFORE = "2026-11-22T00:00:00.000000Z"
TEAM = "supplies"
PARTITION = ("reference",)
"""Cosmos DB lets nobody change the partition key of a document."""
SIDE_BY_SIDE = 24


def reference_of(number: int) -> str:
    return receipts.reference_for(SECRETS, "web", f"damaged {number}")


def code_of(reference: str) -> str:
    return receipts.access_code_for(SECRETS, reference, version=1, epoch=0)


def under(item: Item, first: str, reference: str) -> Item:
    """Return a document of one case as one of another."""
    own = {key: value for key, value in item.items() if not key.startswith("_")}
    return dict(json.loads(json.dumps(own).replace(first, reference)))


def each_damaged(document: Item, of_each: int) -> Iterator[tuple[str, Item]]:
    """Damage each field in some ways, so that every way comes in turn."""
    turn = itertools.cycle(WAYS)
    by_way = {way: dict(damaged(document, way)) for way in WAYS}
    for place in places_in(document):
        if place == PARTITION:
            continue
        for way in itertools.islice(turn, of_each):
            if place in by_way[way]:
                yield f"{way} at {place}", by_way[way][place]


@pytest.fixture
async def app(emulators) -> AsyncIterator[App]:
    clock = FakeClock()
    settings = settings_for(emulators.cosmos, emulators.storage)
    async with running(settings, clock) as app:
        yield app


async def documents_of(app: App, reference: str) -> list[Item]:
    return await app.cosmos.find(REQUESTS, "SELECT * FROM c", reference)


async def store(app: App, documents: Sequence[Item]) -> None:
    async def upsert(item: Item) -> None:
        await app.cosmos.ask(REQUESTS, lambda c: c.upsert_item(item, no_response=True))

    await side_by_side.each(documents, upsert, SIDE_BY_SIDE)


async def template(app: App) -> tuple[Item, Item]:
    """Make a request with a task that somebody held, and return both documents with something in most fields."""
    await app.catalog.publish(DEFINITION)
    sent = Submission(
        service="water",
        answers={"members": 11, "note": "3階です"},
        contact=Contact(phone="090-0000-0000", email="hanako@example.jp", name="見本 花子"),
    )
    receipt, _ = await app.requests.submit(sent, "key-of-the-resident-00001", f"00-{'1' * 32}-{'2' * 16}-01")
    await app.advance.advance(receipt.reference)
    assert await app.tasks.claim_next(TEAM, HANAKO, claim_id="claim-0000000001", limit=1, seconds=60)
    documents = {item["type"]: item for item in await documents_of(app, receipt.reference)}
    request, task = documents["request"], documents["task"]
    variant = {"bodyHash": "b", "receivedAt": NOW, "answers": {"members": 1}, "contact": request["contact"]}
    step = {"kind": "review", "at": NOW, "round": 2, "reason": "other_body", "slot": "school.1"}
    pending = {"variant.b": step}
    return {**request, "variants": [variant], "pending": pending, "dueAt": NOW}, {**task, "dueAt": NOW}


class Among:
    """Hold what stands in the store: requests of which one document is damaged, and what of them is well."""

    def __init__(self, request: Item, task: Item, of_each: int) -> None:
        self.documents: list[Item] = []
        self.damage: dict[str, str] = {}
        self.well: set[str] = set()
        self._numbers = itertools.count(1)
        self._first = str(request["reference"])
        sibling = self._sibling(task)
        mirrored = [*request["tasks"], {**request["tasks"][0], "id": sibling["id"]}]
        for way, document in each_damaged({**request, "tasks": mirrored}, of_each):
            self._add(f"request: {way}", document, task, sibling)
        for way, document in each_damaged(task, of_each):
            reference = self._add(f"task: {way}", {**request, "tasks": mirrored}, document, sibling)
            self.well.add(f"{reference}.prepare.1")

    def _sibling(self, task: Item) -> Item:
        return {**task, "id": f"{task['reference']}.prepare.1", "route": "prepare", "lease": None, "priority": "normal"}

    def _add(self, what: str, *documents: Item) -> str:
        reference = reference_of(next(self._numbers))
        self.damage[reference] = what
        self.documents += [under(document, self._first, reference) for document in documents]
        return reference


async def noted(app: App) -> set[str]:
    failures = await app.failures.list(Selection(queue=DOCUMENTS), 10_000)
    return {failure.error.partition(" ")[0] for failure in failures}


async def move_on(app: App, times_: int) -> None:
    """Sweep and take the steps of whatever is woken, as the timer and the queue do."""
    for _ in range(times_):
        app.clock.pass_(61)
        await app.advance.sweep()
        for message in await app.queues.receive(QUEUE, 32, hidden_for=1):
            await app.worker.work(QUEUE, message.body, lambda body: app.advance.woken(reference_in(body)), message.id)
            await app.queues.delete(message)


def reference_in(body: str) -> str:
    return str(msgspec.json.decode(body)["reference"])


async def claimed_by(app: App, tries: int) -> set[str]:
    """Claim tasks of the team until there are none."""
    claimed: set[str] = set()
    for number in range(tries):
        claim_id = f"claim-{number:010}"
        found = await app.tasks.claim_next(TEAM, TARO, claim_id=claim_id, limit=32, seconds=900)
        if not found and number > tries // 2:
            break
        app.clock.pass_(0 if found else 61)
        claimed |= {one.task.id for one in found}
    return claimed


@pytest.mark.parametrize("of_each", [1, pytest.param(len(WAYS), marks=pytest.mark.deep)])
async def test_whatever_is_damaged_in_a_request_or_a_task_all_others_move_on_and_are_claimed(app: App, of_each: int):
    request, task = await template(app)
    among = Among(request, task, of_each)
    await store(app, among.documents)
    receipt, _ = await app.requests.submit(submission(), "key-of-the-resident-00002", None)
    app.clock.pass_(3 * 24 * 3600)

    await move_on(app, 2 + len(among.documents) // 250)
    app.clock.pass_(3600)
    claimed = await claimed_by(app, 20 + len(among.documents) // 25)

    assert f"{receipt.reference}.prepare.1" in claimed
    assert among.well <= claimed, sorted(among.damage[id_[:14]] for id_ in among.well - claimed)
    await app.tasks.of_team(TEAM, HANAKO, "open")
    await app.reconciliation.run(dry_run=False)
    assert await noted(app)


async def asked(app: App, reference: str, token: str) -> dict[str, int]:
    """Ask for a request and its task in every way that residents, staff and operators have; return each status."""
    code = code_of(reference)
    of_resident = {"route": {"reference": reference}, "headers": {"access-code": code}}
    bearer = {"Authorization": f"Bearer {token}"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    typed = urlencode({"reference": reference, "accessCode": code}).encode()
    of_task = {"route": {"id": f"{reference}.call.1"}, "headers": bearer}
    reissue = {"reference": reference, "id": "reissue-0000000001", "checked": "passport"}
    claim = {"claimId": f"claim-{reference}", "leaseSeconds": 60}
    calls = {
        "get_request": of_resident,
        "show_request": {"route": {"lang": "ja"}, "headers": form, "body": typed},
        "claim_task": {**of_task, "body": msgspec.json.encode(claim)},
        "complete_task": {**of_task, "body": msgspec.json.encode({"token": 1, "outcome": "done"})},
        "reissue_access_code": {"headers": bearer, "body": msgspec.json.encode(reissue)},
        "withdraw_request": of_resident,
    }
    return {name: (await served.call(name, **arguments)).status_code for name, arguments in calls.items()}


@pytest.mark.parametrize("of_each", [1, pytest.param(len(WAYS), marks=pytest.mark.deep)])
async def test_whoever_asks_for_a_damaged_request_or_task_is_told_so_and_nothing_breaks(app: App, of_each: int):
    request, task = await template(app)
    among = Among(request, task, of_each)
    await store(app, among.documents)
    app, token = served.signed_in(app, [f"Team.{TEAM}"])
    served.serve(app)

    for reference, what in among.damage.items():
        try:
            answers = await asked(app, reference, token)
        except Exception as error:
            error.add_note(what)
            raise
        assert set(answers.values()) <= {200, 403, 404, 409, 503}, (what, answers)


async def test_six_hundred_damaged_due_documents_do_not_hide_a_healthy_one(app: App):
    request, _ = await template(app)
    first = request["reference"]
    damaged_due = [{**request, "sweeps": "x", "dueAt": BEFORE} for _ in range(600)]
    await store(app, [under(one, first, reference_of(n)) for n, one in enumerate(damaged_due)])
    receipt, _ = await app.requests.submit(submission(), "key-of-the-resident-00002", None)
    app.clock.pass_(120)
    for message in await app.queues.receive(QUEUE, 32, hidden_for=60):
        await app.queues.delete(message)

    await app.advance.sweep()

    woken = {reference_in(body) for body in await app.queues.peek(QUEUE, 32)}
    assert receipt.reference in woken
    assert (await app.measuring.damaged_documents()) == 600
    assert await app.advance.overdue() < 120


async def test_a_damaged_task_leaves_its_siblings_claimable_and_its_request_open(app: App):
    request, task = await template(app)
    reference = request["reference"]
    sibling = {**task, "id": f"{reference}.prepare.1", "route": "prepare", "lease": None}
    mirrored = [*request["tasks"], {**request["tasks"][0], "id": sibling["id"]}]
    settled = {**request, "tasks": mirrored, "pending": {}, "dueAt": None}
    own = [{key: value for key, value in one.items() if not key.startswith("_")} for one in (settled, task, sibling)]
    await store(app, [own[0], {**own[1], "priority": "asap"}, own[2]])

    claimed = await app.tasks.claim(sibling["id"], HANAKO, claim_id="claim-0000000002", seconds=60)
    await app.tasks.complete(sibling["id"], HANAKO, claimed.task.lease.token, outcome="done", note=None)

    kept = await app.requests.status(reference, code_of(reference))
    assert kept.status == "accepted"
    with pytest.raises(DocumentDamaged):
        await app.tasks.claim(task["id"], HANAKO, claim_id="claim-0000000003", seconds=60)
    assert await noted(app) == {f"requests/{task['id']}"}
