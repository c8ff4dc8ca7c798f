"""Which requests with a booking are counted as stalled."""

import pytest

from services.pickup.booking.state import Booking, BookingState
from services.pickup.part import with_booking
from stores.case import CosmosRequests
from stores.operations.backlog import CosmosBacklog
from stores.pickup.bookings import STILL_LASTS
from tests.fakes import Noted
from tests.stores.operations.kept import NOW, keep, task_of
from wiring import PARTS
from wiring.app import App


@pytest.fixture
def backlog(app: App) -> CosmosBacklog:
    return CosmosBacklog(app.cosmos, [STILL_LASTS], Noted())


@pytest.mark.parametrize(
    ("state", "stalled"), [("waiting", 0), ("confirmed", 0), ("looking", 1), ("collected", 1), ("returned", 1)]
)
async def test_a_household_that_has_a_place_or_waits_for_one_is_not_stalled(
    app: App, backlog: CosmosBacklog, state: BookingState, stalled: int
):
    await keep(app, "booked", task_of("booked", status="completed", due_at=None))
    store = CosmosRequests(app.cosmos, PARTS, Noted())
    case = await store.load("booked")
    assert case
    booking = Booking(state=state, method="pickup", since=NOW, members=1, lines={"kit": 1}, household="h")
    await store.save(case, (with_booking(case.request, booking),))

    assert await backlog.count_stalled_requests() == stalled
