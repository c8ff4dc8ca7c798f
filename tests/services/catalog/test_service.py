import msgspec
import pytest

from services.catalog.model import MOST_REPLACED, Current, next_edition
from services.catalog.service import FRESH_FOR, Catalog
from services.errors import (
    DefinitionRefused,
    ServiceClosed,
    ServiceStopped,
    StoreUnavailable,
    UnknownService,
    WriteConflict,
)
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from services.tasks.team_queues import queues_of
from tests.counter import DEFINITION, HANAKO, KEY, OTHER_KEY, Counter, current, submission
from tests.fakes import FakeEditions, Noted
from wiring import SECTIONS

NOW = "2026-11-23T00:00:00.000000Z"
CHANGED = {**DEFINITION, "phone": "0000-00-5678"}


@pytest.fixture
def counter() -> Counter:
    return Counter()


async def test_the_catalog_is_read_again_after_thirty_seconds(counter: Counter):
    await counter.catalog.services()
    await counter.editions.publish(current(version=2))

    assert (await counter.catalog.service("water")).edition.version == 1
    counter.clock.pass_(30)
    assert (await counter.catalog.service("water")).edition.version == 2


async def test_a_store_that_is_away_leaves_what_was_read_last(counter: Counter):
    await counter.catalog.services()
    counter.editions.away = True
    counter.clock.pass_(3600)

    assert (await counter.catalog.service("water")).edition.version == 1


async def test_a_cold_instance_reads_the_copy(counter: Counter):
    await counter.copy.publish(current(version=7))
    counter.editions.away = True

    assert (await counter.catalog.service("water")).edition.version == 7


async def test_a_cold_instance_without_any_store_uses_what_was_shipped(counter: Counter):
    counter.editions.away = counter.copy.away = True

    assert (await counter.catalog.service("water")).edition.version == 0


async def test_an_instance_that_uses_what_was_shipped_asks_the_copy_again(counter: Counter):
    counter.editions.away = counter.copy.away = True
    await counter.catalog.services()
    counter.copy.away = False
    await counter.copy.publish(current(version=7))
    await counter.copy.publish(current(version=3, id="blankets"))
    counter.clock.pass_(30)

    found = {one.service: one.edition.version for one in await counter.catalog.services()}

    assert found == {"blankets": 3, "water": 7}
    counter.copy.away = True
    counter.clock.pass_(30)
    assert (await counter.catalog.service("blankets")).edition.version == 3


async def test_what_another_instance_published_before_the_store_went_away_is_found_in_the_copy(counter: Counter):
    await counter.catalog.services()
    counter.editions.away = True
    await counter.copy.publish(current(version=2))
    counter.clock.pass_(30)

    assert (await counter.catalog.service("water")).edition.version == 2


@pytest.mark.parametrize("reads", ["an older edition", "none"])
@pytest.mark.parametrize("source", ["store", "copy"])
async def test_a_definition_that_was_seen_is_not_forgotten_for_an_older_one(counter: Counter, source: str, reads: str):
    await counter.editions.publish(current(version=2))
    await counter.catalog.services()
    counter.editions.away = source == "copy"
    old = counter.editions if source == "store" else counter.copy
    if reads == "none":
        old.forget()
        await old.publish(current(id="blankets"))
    else:
        await old.publish(current(version=1))
    counter.clock.pass_(30)

    assert (await counter.catalog.service("water")).edition.version == 2


async def test_a_shipped_definition_is_forgotten_once_the_store_says_that_it_was_never_published(counter: Counter):
    counter.editions.away = counter.copy.away = True
    await counter.catalog.services()
    counter.editions.forget()
    counter.editions.away = False
    counter.clock.pass_(30)

    with pytest.raises(UnknownService):
        await counter.catalog.service("water")


async def test_publishing_writes_store_and_copy_and_is_current_at_once(counter: Counter):
    published, is_new = await counter.catalog.publish(CHANGED)

    assert (published.edition.version, is_new) == (2, True)
    assert (await counter.catalog.service("water")).edition.definition.phone == "0000-00-5678"
    assert await counter.copy.edition("water", 2) is not None


async def test_publishing_that_finds_itself_in_its_way_writes_the_copy_and_is_a_success(counter: Counter):
    counter.editions.lose_replies = 1

    published, is_new = await counter.catalog.publish(CHANGED)

    assert (published.edition.version, is_new) == (2, True)
    assert await counter.copy.edition("water", 2) == published.edition


async def test_publishing_that_finds_another_in_its_way_is_refused(counter: Counter):
    class Overtaken(FakeEditions):
        async def publish(self, current: Current) -> None:
            await super().publish(
                next_edition(None, msgspec.structs.replace(current.edition.definition, phone="1"), NOW)
            )
            raise WriteConflict("409")

    editions = Overtaken()
    catalog = Catalog(editions, counter.copy, editions, counter.queues, Noted(), SECTIONS, counter.clock)

    with pytest.raises(WriteConflict):
        await catalog.publish(CHANGED)


def test_of_very_many_versions_within_a_day_the_latest_are_accepted():
    known = current()
    for _ in range(MOST_REPLACED + 50):
        known = next_edition(known, known.edition.definition, "2026-11-23T00:00:00.000000Z")

    accepted = [n for n in range(known.edition.version) if known.accepts(n, "2026-11-23T01:00:00.000000Z")]
    assert accepted == list(range(51, MOST_REPLACED + 51))


async def test_publishing_what_is_current_makes_no_new_version_and_mends_the_copy(counter: Counter):
    await counter.catalog.publish(CHANGED)
    counter.copy.calls.clear()

    published, is_new = await counter.catalog.publish(CHANGED)

    assert (published.edition.version, is_new) == (2, False)
    assert counter.copy.calls == ["publish"]


async def test_the_queues_of_every_team_are_there_before_a_version_becomes_current(counter: Counter):
    counter.queues.away = True

    with pytest.raises(StoreUnavailable):
        await counter.catalog.publish(CHANGED)
    assert "publish" not in counter.editions.calls

    counter.queues.away = False
    await counter.catalog.publish(CHANGED)
    teams = ("supplies", "delivery", "supervisors")
    assert {queue for team in teams for queue in queues_of(team)} <= set(counter.queues.messages)


async def test_a_refused_definition_changes_nothing(counter: Counter):
    with pytest.raises(DefinitionRefused):
        await counter.catalog.publish({**DEFINITION, "phone": ""})

    assert (await counter.catalog.service("water")).edition.version == 1


async def test_an_unknown_service_or_version_is_told(counter: Counter):
    for question in (counter.catalog.service("nothing"), counter.catalog.edition("water", 99)):
        with pytest.raises(UnknownService):
            await question


async def test_an_edition_that_the_copy_lacks_is_not_unknown_while_the_store_is_away(counter: Counter):
    await counter.editions.publish(current(version=2))
    counter.editions.away = True

    with pytest.raises(StoreUnavailable):
        await counter.catalog.edition("water", 2)


async def test_a_service_that_is_not_shipped_is_not_unknown_while_nothing_published_can_be_read(counter: Counter):
    counter.editions.away = counter.copy.away = True

    with pytest.raises(StoreUnavailable):
        await counter.catalog.service("blankets")


SENT_LATER = {
    "idempotencyKey": OTHER_KEY,
    "service": "water",
    "answers": {"members": 2},
    "contact": {"phone": "090-0000-0000"},
    "channel": "line",
}
REASON = {"ja": "申請の内容を直しています。", "en": "The form is being mended."}


async def test_a_paused_service_takes_nothing_of_any_version_in_any_instance_within_thirty_seconds(counter: Counter):
    await counter.catalog.publish(CHANGED)
    elsewhere = counter.requests
    await elsewhere.check(submission())
    counter.new_instance()
    await counter.catalog.pause("water", REASON, HANAKO)
    counter.clock.pass_(FRESH_FOR)

    for instance in (counter.requests, elsewhere):
        for version in (1, 2, None):
            with pytest.raises(ServiceStopped) as refusal:
                await instance.submit(submission(version=version), KEY, None)
            assert refusal.value.details == {"reason": REASON}
    assert counter.store.cases == {}


async def test_that_a_service_can_be_paused_costs_a_submit_no_call_of_a_store(counter: Counter):
    await counter.catalog.services()
    counter.editions.calls.clear()
    counter.store.calls.clear()

    await counter.submit()

    assert (counter.editions.calls, counter.store.calls) == ([], ["create"])


async def test_what_was_received_before_the_pause_takes_its_way_and_what_came_after_goes_to_a_person(counter: Counter):
    await counter.requests.check(submission())
    counter.store.away = True
    await counter.submit()
    counter.store.away = False
    counter.clock.pass_(60)
    await counter.catalog.pause("water", REASON, HANAKO)
    await counter.run_workers()
    await counter.queues.send(INTAKE_QUEUE, {**SENT_LATER, "receivedAt": counter.clock()})
    await counter.run_workers()

    assert sorted(str(task.reason) for task in counter.store.tasks) == ["None", "paused"]


async def test_publishing_does_not_let_a_paused_service_go_on_and_resuming_does(counter: Counter):
    await counter.catalog.pause("water", REASON, HANAKO)
    published, _ = await counter.catalog.publish(CHANGED)
    assert published.paused is not None
    with pytest.raises(ServiceStopped):
        await counter.submit()

    await counter.catalog.resume("water")

    await counter.submit()


async def test_pausing_again_changes_nothing_and_both_stores_know(counter: Counter):
    first = await counter.catalog.pause("water", REASON, HANAKO)
    counter.clock.pass_(60)
    again = await counter.catalog.pause("water", REASON, HANAKO)

    assert again.paused == first.paused
    [copied] = await counter.copy.current()
    assert isinstance(copied, Current)
    assert copied.paused == first.paused


async def test_a_service_that_is_not_there_cannot_be_paused(counter: Counter):
    with pytest.raises(UnknownService):
        await counter.catalog.pause("nothing", REASON, HANAKO)


async def test_closing_a_service_ends_the_versions_that_are_still_accepted(counter: Counter):
    await counter.catalog.publish({**DEFINITION, "closes": "2026-11-01T00:00:00Z"})

    with pytest.raises(ServiceClosed):
        await counter.submit(version=1)
