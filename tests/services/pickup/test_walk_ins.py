"""A request that is made at the counter says at once who made it, and its key stands nowhere."""

from typing import Any

import msgspec
import pytest

from functions.edge.texts import Texts
from functions.intake import views
from services.case.receipts import reference_for
from services.case.request import Contact, Submission
from services.case.task import Staff
from services.errors import InvalidSubmission, StoreUnavailable
from services.pickup.counter.walk_ins import CHANNEL, WalkIns
from tests.counter import HANAKO, SECRETS
from tests.pickup import answers
from tests.services.pickup.town import Town

KEY = "walk-in-0000000000000001"
REFERENCE = reference_for(SECRETS, CHANNEL, KEY)
NAMESAKE = msgspec.structs.replace(HANAKO, id="u-namesake")


class Desk(Town):
    """Hold a town with a counter that takes in whoever comes."""

    async def take_in(self, staff: Staff = HANAKO, **changes: Any) -> None:
        sent = Submission(service="kits", answers=answers(3, **changes), contact=Contact(name="見本 三郎"))
        counter = self.counter
        walk_ins = WalkIns(counter.requests, counter.advance, counter.handing, counter.audit, SECRETS, counter.clock)
        await walk_ins.take_in(sent, KEY, staff, None)

    def audit(self) -> list[tuple[str, str, str]]:
        return [(record.subject, record.action, record.who) for record in self.counter.audit.records.values()]


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    await desk.open(3)
    return desk


async def test_who_made_a_request_is_on_record_before_it_is_made(desk: Desk):
    desk.counter.store.away = desk.counter.queues.away = True
    with pytest.raises(StoreUnavailable):
        await desk.take_in()

    assert desk.audit() == [(REFERENCE, "taken_in_at_counter", HANAKO.id)]
    assert desk.counter.store.cases == {}


async def test_no_request_is_made_at_the_counter_without_a_record_of_it(desk: Desk):
    desk.counter.audit.away = True

    with pytest.raises(StoreUnavailable):
        await desk.take_in()

    assert desk.counter.store.cases == {}


async def test_a_request_says_who_made_it_and_a_namesake_who_repeats_it_is_on_record(desk: Desk):
    await desk.take_in()
    await desk.take_in(NAMESAKE)

    [accepted] = [event for event in desk.counter.store.cases[REFERENCE].request.history if event.event == "accepted"]
    assert (accepted.by, accepted.by_id) == (HANAKO.name, HANAKO.id)
    assert (REFERENCE, "taken_in_at_counter", NAMESAKE.id) in desk.audit()


async def test_a_resident_does_not_read_who_made_the_request(desk: Desk):
    await desk.take_in()
    request = desk.counter.store.cases[REFERENCE].request

    assert HANAKO.name not in str(views.status_of_request(request, "", Texts("ja")))


async def test_the_key_stands_in_no_document_and_in_no_record(desk: Desk):
    with pytest.raises(InvalidSubmission):
        await desk.take_in(members=0)
    await desk.take_in()

    counter = desk.counter
    case = counter.store.cases[REFERENCE]
    stored = [case.request, *case.tasks.values(), *counter.audit.records.values(), *counter.sites.documents.values()]
    assert KEY not in msgspec.json.encode(stored).decode()
