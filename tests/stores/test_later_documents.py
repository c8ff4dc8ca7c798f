"""Documents that a later version of the app wrote come back unharmed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.advance.model import QUEUE
from services.case import receipts
from services.case.task import Staff
from services.errors import DocumentNewer
from services.failures.model import Selection
from services.failures.service import record_failure
from services.intake.reissue import Reissue
from stores.case import REQUESTS
from stores.catalog import CATALOG
from stores.operations.failures import FAILURES, CosmosFailures
from tests import later
from tests.apps import running, settings_for
from tests.counter import DEFINITION, HANAKO, SECRETS, SUPERVISOR, submission
from tests.fakes import FakeClock
from wiring.app import App

type Item = dict[str, Any]

DRIVER = Staff("u-jiro", "次郎", frozenset({"Team.delivery"}))


@pytest.fixture
async def app(emulators) -> AsyncIterator[App]:
    async with running(settings_for(emulators.cosmos, emulators.storage), FakeClock()) as app:
        await app.catalog.publish(DEFINITION)
        yield app


async def case(app: App) -> tuple[str, str]:
    """Make a request with two open tasks, one of them held; return its reference and its code."""
    receipt, _ = await app.requests.submit(
        submission(answers={"members": 11, "atHome": True}), "key-of-the-resident-00001", None
    )
    await app.advance.advance(receipt.reference)
    await app.tasks.claim(f"{receipt.reference}.call.1", HANAKO, claim_id="claim-0000000001", seconds=60)
    return receipt.reference, receipt.access_code


async def stored(app: App, reference: str) -> dict[str, Item]:
    return {item["id"]: item for item in await app.cosmos.find(REQUESTS, "SELECT * FROM c", reference)}


async def write(app: App, item: Item) -> Item:
    written = await app.cosmos.ask(REQUESTS, lambda c: c.upsert_item(item))
    return dict(written)


async def test_what_a_later_version_added_at_any_level_survives_the_life_of_a_request(app: App):
    reference, code = await case(app)
    before = {
        id_: await write(app, later.with_unknown_keys(item)) for id_, item in (await stored(app, reference)).items()
    }
    call, deliver = f"{reference}.call.1", f"{reference}.deliver.1"

    async def nothing_is_lost() -> None:
        after = await stored(app, reference)
        assert {id_: later.lost(item, after[id_]) for id_, item in before.items()} == {id_: [] for id_ in before}

    await app.tasks.renew(call, HANAKO, 1, seconds=120)
    await nothing_is_lost()
    await app.tasks.complete(call, HANAKO, 1, outcome="not_done", note="済み")
    await nothing_is_lost()
    await app.reissuing.reissue(reference, Reissue(id="reissue-0000000001", checked="passport"), SUPERVISOR)
    await nothing_is_lost()
    await app.advance.advance(reference)
    code = receipts.access_code_for(SECRETS, reference, version=1, epoch=1)
    await app.requests.withdraw(reference, code)
    await nothing_is_lost()

    after = await stored(app, reference)
    assert (after[reference]["status"], after[deliver]["status"]) == ("withdrawn", "cancelled")
    assert after[reference]["contact"][later.KEY] == later.VALUE


async def test_a_later_document_is_shown_and_changes_are_answered_that_it_is_later(app: App):
    reference, code = await case(app)
    call = f"{reference}.call.1"
    for item in (await stored(app, reference)).values():
        await write(app, {**later.with_unknown_keys(item), "schemaVersion": later.NEWER})
    before = await stored(app, reference)

    shown = await app.requests.status(reference, code)
    listed = await app.tasks.of_team("supplies", HANAKO, "open")

    assert shown is not None
    assert (shown.reference, shown.status) == (reference, "accepted")
    assert [task.id for task in listed] == [call]
    reissue = Reissue(id="reissue-0000000001", checked="passport")
    for change in (
        app.tasks.renew(call, HANAKO, 1, seconds=120),
        app.tasks.complete(call, HANAKO, 1, outcome="done", note=None),
        app.tasks.claim(f"{reference}.deliver.1", DRIVER, claim_id="claim-0000000002", seconds=60),
        app.requests.withdraw(reference, code),
        app.reissuing.reissue(reference, reissue, SUPERVISOR),
        app.advance.advance(reference),
    ):
        with pytest.raises(DocumentNewer):
            await change
    assert await stored(app, reference) == before


async def test_a_repeat_of_a_later_request_gets_its_receipt(app: App):
    reference, code = await case(app)
    request = (await stored(app, reference))[reference]
    await write(app, {**request, "schemaVersion": later.NEWER})
    app.clock.pass_(1)

    sent = submission(answers={"members": 11, "atHome": True})
    receipt, how = await app.requests.submit(sent, "key-of-the-resident-00001", None)

    assert (receipt.reference, receipt.access_code, how) == (reference, code, "repeated")


async def test_a_claim_passes_over_a_later_task_and_leaves_its_message(app: App):
    reference, _ = await case(app)
    later_task = (await stored(app, reference))[f"{reference}.deliver.1"]
    await write(app, {**later_task, "schemaVersion": later.NEWER, "status": "paused"})
    before = await app.queues.numbers("tasks-delivery")

    assert await app.tasks.claim_next("delivery", DRIVER, claim_id="claim-0000000002", limit=5, seconds=60) == []

    after = await app.queues.numbers("tasks-delivery")
    assert before
    assert after
    assert (before.depth, after.depth) == (1, 1)
    assert await app.failures.list(Selection(queue="documents")) == []


async def test_a_status_that_only_a_later_version_knows_is_not_a_damage(app: App):
    reference, code = await case(app)
    request = (await stored(app, reference))[reference]
    await write(app, {**request, "schemaVersion": later.NEWER, "status": "returned"})

    with pytest.raises(DocumentNewer):
        await app.advance.advance(reference)
    assert await app.requests.status(reference, code) is None
    assert await app.failures.list(Selection(queue="documents")) == []


async def test_what_a_later_version_added_to_a_failure_survives_its_replay(app: App):
    store = CosmosFailures(app.cosmos, app.clock)
    await record_failure(store, QUEUE, '{"reference": "x"}', "no", tries=1, message="m1", clock=app.clock)
    [failure] = await app.cosmos.find(FAILURES, "SELECT * FROM c")
    before = later.with_unknown_keys(failure)
    await app.cosmos.ask(FAILURES, lambda c: c.upsert_item(before))

    await app.failures.dismiss([failure["id"]], "済み", SUPERVISOR)

    [after] = await app.cosmos.find(FAILURES, "SELECT * FROM c")
    assert (after["status"], later.lost(before, after)) == ("dismissed", [])


async def test_what_a_later_version_keeps_beside_a_definition_survives_a_publication(app: App):
    [pointer] = await app.cosmos.find(CATALOG, "SELECT * FROM c WHERE c.current = true")
    await app.cosmos.ask(CATALOG, lambda c: c.upsert_item(pointer | {later.KEY: later.VALUE}))

    await app.catalog.publish({**DEFINITION, "phone": "0000-00-5678"})

    [after] = await app.cosmos.find(CATALOG, "SELECT * FROM c WHERE c.current = true")
    assert (after["edition"]["version"], after[later.KEY], after["schemaVersion"]) == (2, later.VALUE, 1)


async def test_nothing_is_published_over_a_later_definition(app: App):
    [pointer] = await app.cosmos.find(CATALOG, "SELECT * FROM c WHERE c.current = true")
    await app.cosmos.ask(CATALOG, lambda c: c.upsert_item({**pointer, "schemaVersion": later.NEWER}))

    with pytest.raises(DocumentNewer):
        await app.catalog.publish({**DEFINITION, "phone": "0000-00-5678"})
