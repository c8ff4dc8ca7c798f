import msgspec
import pytest

from functions.edge.texts import LANGUAGES, Texts
from functions.intake.views import PUBLIC_EVENTS, status_of_request
from functions.pickup import views
from services.pickup.booking.offers import Appointment
from services.pickup.booking.state import Booking, BookingState, Place
from services.pickup.part import booking_of, with_booking
from tests.counter import Counter

STATES: tuple[BookingState, ...] = BookingState.__value__.__args__
BOOKING = Booking(
    state="confirmed",
    method="pickup",
    since="2026-11-23T00:00:00.000000Z",
    members=2,
    lines={"kit": 1},
    household="h",
    place=Place(site="school", slot="pickup-20261124-1000", round=1),
    starts="2026-11-24T01:00:00.000000Z",
    ends="2026-11-24T02:00:00.000000Z",
)


def booking(state: BookingState) -> dict:
    return views.booking(Appointment(booking=msgspec.structs.replace(BOOKING, state=state)))


def test_a_place_whose_site_cannot_be_read_is_shown_by_its_names_and_times():
    assert booking("confirmed")["place"] == {
        "slot": "school.pickup-20261124-1000",
        "site": {"id": "school"},
        "starts": BOOKING.starts,
        "ends": BOOKING.ends,
    }


@pytest.mark.parametrize(("state", "said"), [("confirmed", "next.place"), ("collected", "next.collected")])
async def test_what_comes_next_is_the_time_of_a_place_and_no_deadline_of_staff(state: BookingState, said: str):
    counter = Counter()
    receipt = await counter.submit()
    await counter.run_workers()
    request = with_booking(counter.case(receipt).request, msgspec.structs.replace(BOOKING, state=state))

    shown = status_of_request(
        request, "", Texts("ja"), [views.standing(request, Appointment(booking=booking_of(request)))]
    )

    assert status_of_request(request, "", Texts("ja"))["next"]["by"] is not None
    assert shown["next"] == {"text": Texts("ja")(said), "by": None}


@pytest.mark.parametrize("state", ["already", "ended"])
def test_of_a_household_served_before_no_place_is_shown(state: BookingState):
    assert booking(state)["place"] is None


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", [state for state in STATES if state != "ended"])
def test_every_state_of_a_booking_says_what_to_do(state: BookingState, language: str):
    texts = Texts(language)
    keys = (f"booking.{state}", f"booking.{state}.next")

    assert [key for key in keys if texts(key, time="", phone="") == key] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_that_a_resident_reads_about_has_its_text(language: str):
    keys = [f"event.{event}" for event in (*views.PUBLIC_EVENTS, *PUBLIC_EVENTS)]

    assert [key for key in keys if Texts(language)(key) == key] == []
