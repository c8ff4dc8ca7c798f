import msgspec
import pytest

from services.catalog.model import MOST_REPLACED, Current, next_edition
from services.catalog.service import Catalog
from services.errors import DefinitionRefused, StoreUnavailable, UnknownService, WriteConflict
from tests.counter import DEFINITION, Counter, current
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
    assert {"tasks-supplies", "tasks-supplies-urgent", "tasks-delivery", "tasks-delivery-urgent"} <= set(
        counter.queues.messages
    )


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
