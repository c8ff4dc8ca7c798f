import pytest

from functions.edge import clients
from services.errors import TooManyRequests
from tests import served
from tests.apps import settings_for
from tests.fakes import FakeClock
from wiring import build
from wiring.app import App

CENTRE = {"x-forwarded-for": "203.0.113.5:50123"}
HOUSEHOLDS = 300


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def app_with(clock: FakeClock, **changes: object) -> App:
    """Return an app that no test lets ask a store."""
    return build(settings_for("UseDevelopmentStorage=true", "UseDevelopmentStorage=true", **changes), clock)


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("203.0.113.5:50123", "203.0.113.5"),
        ("198.51.100.1, 203.0.113.5:50123", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("[2001:db8:1:2:3:4:5:6]:50123", "20010db800010002"),
        ("2001:db8:1:2::9", "20010db800010002"),
        ("", None),
        ("unknown", None),
        ("203.0.113.5, ", None),
        ("999.0.0.1:80", None),
    ],
)
def test_a_client_is_the_address_that_was_added_last(header: str, address: str | None):
    assert clients.address_in(header) == address


def test_behind_front_door_what_a_client_says_of_itself_does_not_count(clock: FakeClock):
    app = app_with(clock, address_header="x-azure-socketip", calls_per_minute=1)
    clients.admit(app, {"x-azure-socketip": "203.0.113.5"}, "send")

    with pytest.raises(TooManyRequests):
        clients.admit(app, {"x-azure-socketip": "203.0.113.5", "x-azure-clientip": "1.2.3.4", **CENTRE}, "send")


def test_three_hundred_households_behind_one_address_get_their_receipts_within_a_minute(clock: FakeClock):
    app = app_with(clock)

    for _ in range(HOUSEHOLDS):
        for kind in ("look", "look", "send", "send", "look"):  # the list, the form; check it, send it; how it stands
            clients.admit(app, CENTRE, kind)
        clock.pass_(60 / HOUSEHOLDS)


def test_three_hundred_households_behind_one_address_may_all_send_in_the_same_second(clock: FakeClock):
    app = app_with(clock)

    for _ in range(HOUSEHOLDS):
        for kind in ("look", "look", "send", "send", "look"):
            clients.admit(app, CENTRE, kind)


def test_those_who_look_do_not_keep_others_behind_the_same_address_from_sending(clock: FakeClock):
    app = app_with(clock, calls_per_minute=1)
    clients.admit(app, CENTRE, "look")
    with pytest.raises(TooManyRequests):
        clients.admit(app, CENTRE, "look")

    clients.admit(app, CENTRE, "send")


def test_another_address_is_not_refused_for_it(clock: FakeClock):
    app = app_with(clock, calls_per_minute=1)
    clients.admit(app, CENTRE, "send")

    clients.admit(app, {"x-forwarded-for": "203.0.113.6:50123"}, "send")


def test_a_call_without_an_address_is_not_counted(clock: FakeClock):
    app = app_with(clock, calls_per_minute=1)

    for _ in range(10):
        clients.admit(app, {}, "send")


async def test_whoever_sends_is_counted_before_the_body_is_read(clock: FakeClock):
    served.serve(app_with(clock, calls_per_minute=1))

    answers = [await served.call("submit_request", b"{", headers=CENTRE) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [400, 429]


async def test_the_token_of_a_channel_is_looked_at_before_its_address_is_counted(clock: FakeClock):
    app, channel = served.signed_in(app_with(clock, calls_per_minute=1), ["Channel.phone"])
    _, staff = served.signed_in(app, ["Team.supplies"])
    served.serve(app)
    sent = {token: {**CENTRE, "Authorization": f"Bearer {token}"} for token in (channel, staff, "rubbish")}

    of_channel = [await served.call("submit_request", b"{", headers=sent[channel]) for _ in range(3)]
    of_others = [await served.call("submit_request", b"{", headers=sent[token]) for token in (staff, "rubbish", staff)]

    assert [answer.status_code for answer in of_channel] == [400, 400, 400]
    assert [answer.status_code for answer in of_others] == [400, 429, 429]
