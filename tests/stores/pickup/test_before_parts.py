"""What was stored before requests had parts and definitions had sections is read, worked on and written as it was.

`before_parts.json` is what the product stored then: invented households in every state of pickup, some with steps that
were pending.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.case.request import Request
from services.catalog.documents import definition_of
from services.pickup.booking.state import Booking
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.part import booked
from stores.case import CosmosRequests, body_of, document_of
from stores.catalog import CosmosEditions
from tests.apps import running, settings_for
from tests.counter import HANAKO
from tests.fakes import FakeClock, Noted
from tests.pickup import PICKUP_DEFINITION
from wiring import PARTS, SECTIONS
from wiring.app import App
from wiring.pickup import pickup

BEFORE: dict[str, Any] = json.loads((Path(__file__).parent / "before_parts.json").read_text(encoding="utf-8"))
RECEIPTS: dict[str, dict[str, str]] = BEFORE["receipts"]
DOCUMENTS: list[dict[str, Any]] = BEFORE["documents"]["requests"]


@pytest.fixture
async def app(emulators) -> AsyncIterator[App]:
    """Return an app on a database that holds what was stored before."""
    clock = FakeClock(BEFORE["at"])
    async with running(settings_for(emulators.cosmos, emulators.storage), clock) as app:
        for spec in app.containers:
            for item in BEFORE["documents"].get(spec.name, []):
                await app.cosmos.ask(spec, lambda c, item=item: c.upsert_item(item))
        await app.queues.ensure(["tasks-supplies", "tasks-supplies-urgent"])
        yield app


async def request_of(app: App, name: str) -> Request:
    case = await CosmosRequests(app.cosmos, PARTS, Noted()).load(RECEIPTS[name]["reference"])
    assert case
    return case.request


async def booking_of(app: App, name: str) -> Booking:
    return booked(await request_of(app, name))


@pytest.mark.parametrize("stored", DOCUMENTS, ids=lambda stored: stored["id"])
def test_a_document_is_written_as_it_was_read(stored: dict[str, Any]):
    written = json.loads(json.dumps(body_of(document_of(stored, PARTS))))

    kept = {key: value for key, value in stored.items() if value not in (None, [])}
    assert {key: value for key, value in written.items() if value not in (None, [])} == kept


async def test_a_definition_has_its_section(app: App):
    [current] = await CosmosEditions(app.cosmos, SECTIONS).current()

    assert current.edition.definition == definition_of(PICKUP_DEFINITION, SECTIONS)
    assert list(current.edition.definition.sections) == ["pickup"]


async def test_steps_that_were_pending_are_taken(app: App):
    for receipt in RECEIPTS.values():
        await app.advance.advance(receipt["reference"])

    states = {name: booked(await request_of(app, name)).state for name in RECEIPTS}
    left = {name: list(request.pending) for name in RECEIPTS if (request := await request_of(app, name)).pending}
    tasks = [task.id.partition(".")[2] for task in (await request_of(app, "served_before")).tasks]
    assert left == {"held": ["expire.1"], "waiting": ["expire.1"]}, "the place that was given back was held again"
    assert states == {
        "confirmed": "confirmed",
        "confirmed_too": "confirmed",
        "collected": "collected",
        "withdrawn": "ended",
        "held": "held",
        "corrected": "confirmed",
        "served_before": "already",
        "waiting": "held",
        "waiting_too": "waiting",
        "submitted": "waiting",
    }
    assert sorted(tasks) == ["household.1", "prepare.1"]


async def test_what_a_household_and_a_clerk_do_next_works(app: App):
    held, confirmed, corrected = (RECEIPTS[name] for name in ("held", "confirmed", "corrected"))

    await pickup(app).residents.confirm_place(held["reference"], held["accessCode"])
    await pickup(app).counter.hand_over(
        confirmed["reference"], HandOver(id="hand-over-0002", receiver="household"), HANAKO
    )
    again = await pickup(app).correcting.correct(
        corrected["reference"], Amendment(id="correct-0002", answers={"members": 3}, reason="誤記"), HANAKO
    )
    withdrawn = await app.requests.withdraw(**_pair("confirmed_too"))

    assert (await booking_of(app, "held")).state == "confirmed"
    assert (await booking_of(app, "confirmed")).state == "collected"
    assert (again.card.booking.members, withdrawn.status) == (3, "withdrawn")


def _pair(name: str) -> dict[str, str]:
    return {"reference": RECEIPTS[name]["reference"], "access_code": RECEIPTS[name]["accessCode"]}
