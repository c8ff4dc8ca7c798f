import asyncio

import msgspec
import pytest

from services.case import request as requests
from services.case import task as tasks
from services.case.ports import AuditRecord
from services.catalog.model import next_edition
from services.errors import DocumentFull, StoreUnavailable, WriteConflict
from settings import Connection
from stores.audit import AUDIT, CosmosAudit
from stores.case import CosmosRequests
from stores.catalog import CosmosEditions
from stores.cosmos import Cosmos
from tests.apps import running, settings_for
from tests.counter import HANAKO, TARO, definition
from tests.fakes import Noted
from tests.local.cosmos_contract import LARGE_BODY
from tests.reliability.faults import Injection, under_the_sdks
from tests.stores.documents import NOW, as_made, request_of, task_of, without_json
from wiring import PARTS, SECTIONS, build
from wiring.app import App
from wiring.clients import cosmos_client


@pytest.fixture
def store(app: App) -> CosmosRequests:
    return CosmosRequests(app.cosmos, PARTS, Noted())


async def stored_case(store: CosmosRequests, reference: str, *new: tasks.Task) -> requests.Case:
    await store.create(request_of(reference))
    case = await store.load(reference)
    assert case is not None
    return await store.save(case, (case.request, *new))


async def test_a_request_is_read_as_it_was_written(store: CosmosRequests):
    request = request_of("R1", {"members": 2, "note": "髙橋﨑𠮷野家 🏠\n二行目"})
    await store.create(request)

    read = await store.read("R1")

    assert read is not None
    assert read.etag
    assert as_made(read) == request


async def test_a_reference_is_taken_once(store: CosmosRequests):
    await store.create(request_of("R1"))

    with pytest.raises(WriteConflict):
        await store.create(request_of("R1"))


async def test_what_is_not_there_is_none(store: CosmosRequests):
    assert await store.read("nothing") is None
    assert await store.load("nothing") is None


async def test_a_case_is_loaded_with_its_own_tasks_only(store: CosmosRequests):
    await stored_case(store, "R1", task_of("R1"), task_of("R1", "deliver"))
    await stored_case(store, "R2", task_of("R2"))

    case = await store.load("R1")

    assert case is not None
    assert set(case.tasks) == {"R1.prepare.1", "R1.deliver.1"}


async def test_a_saved_case_can_be_saved_again_without_reading_it(store: CosmosRequests):
    case = await stored_case(store, "R1", task_of("R1"))
    claimed = tasks.claim(case.tasks["R1.prepare.1"], HANAKO, "claim-1", seconds=60, now=NOW)

    case = await store.save(case, (claimed,))
    released = tasks.release(case.tasks["R1.prepare.1"], HANAKO, 1, note=None, now=NOW)
    case = await store.save(case, (released,))

    assert without_json(await store.load("R1")) == without_json(case)


async def test_changes_are_written_all_or_none(store: CosmosRequests):
    case = await stored_case(store, "R1", task_of("R1"))
    stale = msgspec.structs.replace(case.tasks["R1.prepare.1"], etag='"stale"')

    with pytest.raises(WriteConflict):
        await store.save(case, (msgspec.structs.replace(case.request, status="withdrawn"), stale))

    assert without_json(await store.load("R1")) == without_json(case)


async def test_a_task_that_is_there_is_not_made_again(store: CosmosRequests):
    case = await stored_case(store, "R1", task_of("R1"))

    with pytest.raises(WriteConflict):
        await store.save(case, (case.request, task_of("R1")))


async def test_of_many_claimers_exactly_one_wins(store: CosmosRequests):
    case = await stored_case(store, "R1", task_of("R1"))
    task = case.tasks["R1.prepare.1"]

    async def claim(number: int) -> bool:
        staff = HANAKO if number % 2 else TARO
        try:
            await store.save(case, (tasks.claim(task, staff, f"claim-{number}", seconds=60, now=NOW),))
        except WriteConflict:
            return False
        return True

    assert sum(await asyncio.gather(*(claim(n) for n in range(20)))) == 1


async def test_what_is_due_is_listed_oldest_first(store: CosmosRequests):
    await stored_case(store, "R1", task_of("R1", due_at="2026-11-23T00:00:30.000000Z", priority="urgent"))
    await stored_case(store, "R2", task_of("R2", status="completed", due_at=None))

    due = await store.due("2026-11-23T00:01:00.000000Z", 10)

    assert due[0].id == "R1.prepare.1"
    assert {d.id for d in due} == {"R1.prepare.1", "R1", "R2"}
    assert (due[0].team, due[0].priority, due[0].lease_until) == ("supplies", "urgent", None)
    assert len(await store.due("2026-11-23T00:01:00.000000Z", 2)) == 2


async def test_a_due_time_is_moved_by_one_sweeper_only(store: CosmosRequests):
    await stored_case(store, "R1")
    [due] = await store.due("2026-11-23T00:02:00.000000Z", 10)

    moved = await asyncio.gather(*(store.postpone(due, f"2026-11-23T01:00:0{n}.000000Z") for n in range(5)))

    assert sum(moved) == 1
    assert await store.due("2026-11-23T00:02:00.000000Z", 10) == []
    read = await store.read("R1")
    assert read is not None
    assert read.sweeps == 1


async def test_a_team_lists_its_tasks_of_a_status_by_deadline(store: CosmosRequests):
    late, early = (
        task_of("R1", deadline="2026-11-25T00:00:00.000000Z"),
        task_of("R1", "call", deadline="2026-11-24T00:00:00.000000Z"),
    )
    await stored_case(store, "R1", late, early, task_of("R1", "deliver", team="delivery"))

    found = await store.tasks_of_team("supplies", "open", 10)

    assert [t.route for t in found] == ["call", "prepare"]
    assert await store.tasks_of_team("supplies", "completed", 10) == []


async def test_claimable_tasks_are_open_and_free_the_urgent_first(store: CosmosRequests):
    held = tasks.claim(task_of("R1", "held"), HANAKO, "claim-1", seconds=900, now=NOW)
    over = tasks.claim(task_of("R1", "over"), HANAKO, "claim-2", seconds=30, now=NOW)
    urgent = task_of("R1", "urgent", priority="urgent")
    done = task_of("R1", "done", status="completed")
    await stored_case(store, "R1", held, over, urgent, done)

    found = await store.claimable_tasks("supplies", "2026-11-23T00:00:40.000000Z", 10)

    assert [t.route for t in found] == ["urgent", "over"]


async def test_an_edition_is_published_once_and_the_next_replaces_it(app: App):
    editions = CosmosEditions(app.cosmos, SECTIONS)
    await editions.publish(next_edition(None, definition(), NOW))
    [first] = await editions.current()

    await editions.publish(next_edition(first, definition(phone="0000-00-5678"), NOW))
    with pytest.raises(WriteConflict):
        await editions.publish(next_edition(first, definition(phone="0000-00-9999"), NOW))

    [second] = await editions.current()
    assert (second.edition.version, second.edition.definition.phone) == (2, "0000-00-5678")
    assert second.accepts(1, NOW)
    kept = await editions.edition("water", 1)
    assert kept == first.edition
    assert await editions.edition("water", 3) is None


@LARGE_BODY
async def test_a_document_that_would_be_too_large_is_refused_and_left_as_it_is(store: CosmosRequests):
    case = await stored_case(store, "R1", task_of("R1"))
    grown = msgspec.structs.replace(case.request, answers={"note": "字" * 700_000})

    with pytest.raises(DocumentFull):
        await store.save(case, (grown, case.tasks["R1.prepare.1"]))
    with pytest.raises(DocumentFull):
        await store.create(request_of("R2", {"note": "字" * 700_000}))

    assert without_json(await store.load("R1")) == without_json(case)
    assert await store.read("R2") is None


async def test_an_audit_record_is_kept_once(app: App):
    record = AuditRecord(id="claim-1.R1", subject="R1", at=NOW, who="u-hanako", action="claimed")
    audit = CosmosAudit(app.cosmos)

    await audit.append(record)
    await audit.append(record)

    assert len(await app.cosmos.find(AUDIT, "SELECT * FROM c", "R1")) == 1


async def test_a_record_that_was_not_kept_is_no_record_that_was_there(emulators, app: App):
    elsewhere = Cosmos(lambda: cosmos_client(app.settings.cosmos, app.identity), "no-such-database")
    record = AuditRecord(id="claimed.1", subject="R1", at=NOW, who="u-hanako", action="claimed")

    with pytest.raises(StoreUnavailable):
        await CosmosAudit(elsewhere).append(record)
    await elsewhere.close()


async def test_a_store_that_is_not_there_does_not_answer(emulators):
    away = "AccountEndpoint=http://127.0.0.1:9/;AccountKey=YQ==;"
    app = build(settings_for(away, emulators.storage))

    with pytest.raises(StoreUnavailable):
        await CosmosRequests(app.cosmos, PARTS, Noted()).read("R1")
    await app.close()


async def test_a_client_that_could_not_be_opened_is_opened_by_a_later_call(app: App):
    attempts = []

    def connect():
        attempts.append(1)
        if len(attempts) == 1:
            return cosmos_client(
                Connection(connection_string="AccountEndpoint=http://127.0.0.1:9/;AccountKey=YQ==;"), app.identity
            )
        return cosmos_client(app.settings.cosmos, app.identity)

    cosmos = Cosmos(connect, app.settings.cosmos_database)
    with pytest.raises(StoreUnavailable):
        await CosmosRequests(cosmos, PARTS, Noted()).read("R1")

    assert await CosmosRequests(cosmos, PARTS, Noted()).read("R1") is None
    await cosmos.close()


async def test_a_batch_that_is_to_be_sent_again_is_sent_over_the_same_state_only(emulators):
    async with under_the_sdks(), running(settings_for(emulators.cosmos, emulators.storage)) as app:
        store = CosmosRequests(app.cosmos, PARTS, Noted())
        stale = await stored_case(store, "R1", task_of("R1"))
        await store.save(stale, (requests.without_step(stale.request, "dispatch", NOW),))
        again = Injection("answer 449", 0)

        with again.armed(), pytest.raises(WriteConflict):
            await store.save(stale, (msgspec.structs.replace(stale.request, status="withdrawn"),))

        now = await store.load("R1")
    assert again.operations == ["batch in requests", "batch in requests"]
    assert now
    assert now.request.status == "completed"
