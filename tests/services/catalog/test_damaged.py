"""What becomes of a service whose stored definition cannot be read, while all others go on."""

import json
import logging
from typing import Any

import pytest

from services.errors import EditionDamaged, ServicePaused, StoreUnavailable, UnknownService
from tests.counter import DEFINITION, SERVICE_PHONE, SUPERVISOR, Counter, current
from tests.damage import stored

CHANGED = {**DEFINITION, "phone": "0000-00-5678"}


def newer(version: int = 2, **changes: Any) -> dict[str, Any]:
    """Return a definition as a later version of the app would store it, with a field that nobody knows yet."""
    document = stored(current(version=version, **changes))
    document["edition"]["definition"]["ofLater"] = {"secret": "見本"}
    return document


@pytest.fixture
def counter() -> Counter:
    """A counter of two services, of which one was published twice."""
    return Counter(current(version=2), current(id="certificate"))


def without_stand_ins(counter: Counter) -> None:
    counter.copy.forget()
    counter.shipped.forget()


async def services(counter: Counter) -> dict[str, int]:
    return {known.service: known.edition.version for known in await counter.catalog.services()}


async def test_the_last_good_edition_in_memory_stands_in(counter: Counter):
    await counter.catalog.services()
    without_stand_ins(counter)
    counter.editions.damaged["water"] = newer(3)
    await counter.editions.publish(current(version=2, id="certificate"))
    counter.clock.pass_(30)

    assert await services(counter) == {"certificate": 2, "water": 2}
    assert await counter.catalog.paused() == ()


async def test_an_instance_without_one_in_memory_lets_the_copy_stand_in(counter: Counter):
    counter.editions.damaged["water"] = newer(3)

    assert await services(counter) == {"certificate": 1, "water": 2}


@pytest.mark.parametrize("copy", ["away", "damaged", "empty"])
async def test_without_a_copy_the_shipped_definition_stands_in(counter: Counter, copy: str):
    counter.editions.damaged["water"] = counter.copy.damaged["water"] = newer(3)
    counter.copy.away = copy == "away"
    if copy == "empty":
        counter.copy.forget()

    assert await services(counter) == {"certificate": 1, "water": 0}
    with pytest.raises(UnknownService):
        await counter.catalog.service("nothing")


async def test_a_copy_that_comes_later_replaces_the_shipped_definition(counter: Counter):
    counter.editions.damaged["water"] = newer(3)
    counter.copy.away = True
    await counter.catalog.services()
    counter.copy.away = False
    counter.clock.pass_(30)

    assert await services(counter) == {"certificate": 1, "water": 2}


async def test_a_service_without_any_edition_is_paused_and_the_others_go_on(counter: Counter):
    counter.editions.damaged["water"] = newer()
    without_stand_ins(counter)

    assert await services(counter) == {"certificate": 1}
    [paused] = await counter.catalog.paused()
    assert (paused.service, paused.title) == ("water", DEFINITION["title"])
    with pytest.raises(ServicePaused):
        await counter.catalog.accepted("water", None)


async def test_a_paused_service_is_remembered_while_the_store_is_away(counter: Counter):
    counter.editions.damaged["water"] = newer()
    without_stand_ins(counter)
    await counter.catalog.services()
    counter.editions.away = True
    counter.clock.pass_(3600)

    assert [one.service for one in await counter.catalog.paused()] == ["water"]
    assert await services(counter) == {"certificate": 1}


async def test_a_damaged_copy_pauses_only_its_service_while_the_store_is_away(counter: Counter):
    counter.copy.damaged["water"] = newer()
    counter.shipped.forget()
    counter.editions.away = True

    assert await services(counter) == {"certificate": 1}
    with pytest.raises(ServicePaused):
        await counter.catalog.service("water")


@pytest.mark.parametrize(
    "broken", [{"form": {"type": 5}}, {"routes": [{**DEFINITION["routes"][0], "when": "no rule ("}]}]
)
async def test_a_form_or_a_rule_that_does_not_compile_is_damage(counter: Counter, broken: dict[str, Any]):
    counter.editions.damaged["water"] = stored(current(version=3, **broken))

    assert await services(counter) == {"certificate": 1, "water": 2}


async def test_what_was_mended_is_current_again(counter: Counter):
    counter.editions.damaged["water"] = newer(3)
    await counter.catalog.services()
    counter.editions.damaged["water"] = stored(current(version=3))
    counter.clock.pass_(30)

    assert await services(counter) == {"certificate": 1, "water": 3}
    assert await counter.catalog.damaged() == ()


async def test_a_version_that_was_mended_by_hand_is_used_as_it_stands_now(counter: Counter):
    await counter.catalog.services()
    counter.editions.damaged["water"] = stored(current(version=2, phone="0000-00-5678"))
    counter.clock.pass_(30)

    assert (await counter.catalog.accepted("water", None)).definition.phone == "0000-00-5678"


@pytest.mark.parametrize("place", [("edition",), ("edition", "service"), ("edition", "definition", "id")])
async def test_a_definition_that_stands_under_another_service_is_damage(counter: Counter, place: tuple[str, ...]):
    document, other = stored(current(version=3)), stored(current(id="certificate"))
    into, of = document, other
    for step in place[:-1]:
        into, of = into[step], of[step]
    into[place[-1]] = of[place[-1]]
    counter.editions.damaged["water"] = document

    assert await services(counter) == {"certificate": 1, "water": 2}


async def test_a_repeat_gets_its_first_receipt_while_the_service_is_paused(counter: Counter):
    first = await counter.submit()
    counter.editions.damaged["water"] = newer()
    without_stand_ins(counter)
    counter.new_instance()

    repeated = await counter.submit()
    assert (repeated.reference, repeated.access_code) == (first.reference, first.access_code)
    with pytest.raises(ServicePaused):
        await counter.submit("key-0000000000000000009")


async def test_what_waits_in_the_queue_waits_until_the_service_is_mended(counter: Counter):
    counter.store.away = True
    receipt = await counter.submit()
    counter.store.away = False
    counter.editions.damaged["water"] = newer()
    without_stand_ins(counter)
    counter.new_instance()
    await counter.run_workers()
    assert receipt.reference not in counter.store.cases

    counter.editions.damaged.clear()
    counter.clock.pass_(600)
    await counter.run_workers()

    assert receipt.reference in counter.store.cases


async def answered(counter: Counter) -> None:
    """Let a request answer an edition that another replaced, and a new instance serve it."""
    await counter.submit()
    await counter.catalog.publish(CHANGED)
    counter.new_instance()


async def test_an_edition_that_cannot_be_read_is_read_from_the_copy(counter: Counter):
    counter.editions.damaged["water.2"] = newer()["edition"]
    await answered(counter)

    assert (await counter.catalog.edition("water", 2)).definition.phone == SERVICE_PHONE


@pytest.mark.parametrize("copy", ["damaged", "empty"])
async def test_an_edition_without_a_copy_hurts_who_asks_for_it_alone(counter: Counter, copy: str):
    await answered(counter)
    counter.editions.damaged["water.2"] = counter.copy.damaged["water.2"] = newer()["edition"]
    if copy == "empty":
        counter.copy.forget()

    with pytest.raises(EditionDamaged):
        await counter.catalog.edition("water", 2)
    assert (await counter.catalog.edition("water", 3)).definition.phone == "0000-00-5678"


async def test_a_good_edition_is_read_while_its_service_is_paused(counter: Counter):
    without_stand_ins(counter)
    await answered(counter)
    counter.editions.damaged["water"] = newer(3)
    counter.copy.forget()
    counter.new_instance()

    assert (await counter.catalog.edition("water", 2)).definition.phone == SERVICE_PHONE


async def test_publishing_over_a_damaged_edition_mends_it(counter: Counter):
    counter.editions.damaged["water"] = newer(7)
    without_stand_ins(counter)

    published, is_new = await counter.catalog.publish(DEFINITION)

    assert (published.edition.version, is_new) == (3, True)
    assert await services(counter) == {"certificate": 1, "water": 3}
    assert await counter.catalog.damaged() == ()


async def test_the_edition_that_stood_in_is_accepted_for_a_day_after_publishing(counter: Counter):
    await counter.catalog.services()
    counter.editions.damaged["water"] = {"rubbish": True}

    published, _ = await counter.catalog.publish(CHANGED)

    assert published.accepts(2, counter.clock())


async def test_damage_is_recorded_once_and_told_without_its_content(counter: Counter, caplog: pytest.LogCaptureFixture):
    counter.editions.damaged["water"] = newer()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            counter.new_instance()
            await counter.catalog.services()

    [failure] = counter.failures.failures.values()
    assert (failure.queue, failure.status, failure.tries) == ("documents", "open", 1)
    assert failure.error == "catalog/water cannot be read: unknown field, or value out of range"
    assert sum(message.startswith(f"failure {failure.id} in documents") for message in caplog.messages) == 1
    assert "見本" not in caplog.text + failure.body


@pytest.mark.parametrize("resolve", ["replay", "dismiss"])
async def test_damage_that_was_resolved_and_is_still_there_is_open_again(counter: Counter, resolve: str):
    counter.editions.damaged["water"] = newer()
    await counter.catalog.services()
    [failure] = counter.failures.failures.values()

    if resolve == "replay":
        resolution = await counter.operations.replay([failure.id], SUPERVISOR, dry_run=False)
        assert resolution.replayed == [failure.id]
    else:
        await counter.operations.dismiss([failure.id], "見本", SUPERVISOR)
    assert not [call for call in counter.queues.calls if "documents" in call]
    counter.clock.pass_(30)
    await counter.catalog.services()

    [failure] = counter.failures.failures.values()
    assert (failure.status, failure.tries) == ("open", 2)


async def test_failures_that_do_not_answer_keep_nobody_from_the_catalog(counter: Counter):
    counter.editions.damaged["water"] = newer()
    counter.failures.away = True
    assert await services(counter) == {"certificate": 1, "water": 2}

    counter.failures.away = False
    counter.clock.pass_(30)
    await counter.catalog.services()

    assert len(counter.failures.failures) == 1


async def test_while_the_store_is_away_an_edition_that_only_it_has_is_not_damaged(counter: Counter):
    await answered(counter)
    counter.copy.forget()
    counter.editions.away = True

    with pytest.raises(StoreUnavailable) as told:
        await counter.catalog.edition("water", 1)
    assert told.value.code == "unavailable"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("version",), 0),
        (("version",), 10**9),
        (("definition", "routes"), []),
        (("definition", "routes", 0, "team"), "No Name"),
        (("definition", "form", "default"), json.loads("[" * 200 + "]" * 200)),
    ],
)
async def test_what_decodes_but_no_queue_or_list_can_bear_is_damage(
    counter: Counter, place: tuple[str | int, ...], value: object
):
    document = stored(current(version=3))
    into: Any = document["edition"]
    for step in place[:-1]:
        into = into[step]
    into[place[-1]] = value
    counter.editions.damaged["water"] = document

    assert await services(counter) == {"certificate": 1, "water": 2}
