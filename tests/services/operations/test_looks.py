"""A clerk who is shown more than work asks for is told of, by id alone, and refused nothing."""

import logging

import pytest

from services import times
from services.case import audit
from services.case.task import Staff
from services.errors import StoreUnavailable
from services.operations.looks import MOST, MOST_CLERKS, Kind, Looks, WatchedAudit
from tests.apps import settings_for
from tests.counter import HANAKO, TARO
from tests.fakes import FakeAudit
from tests.services.operations.audits import audits_of
from wiring import build

NOW = "2026-11-23T00:00:00.000000Z"
LAST_OF_THE_HOUR = times.later(NOW, 3599)
SHOWN, LISTED = MOST["shown"], MOST["listed"]


class Desk:
    """Let clerks look, and note what is told."""

    def __init__(self) -> None:
        self.kept = FakeAudit()
        self.told: list[Kind] = []
        self.looks = Looks(b"secret")
        self.audit = WatchedAudit(self.kept, self.looks, self.told.append)

    async def show(self, *requests: int, staff: Staff = HANAKO, now: str = NOW, action: str = "claimed") -> None:
        for number in requests:
            await self.audit.append(audit.record(action, f"R{number}", staff, now))

    async def list(self, entries: int, site: str = "school", now: str = NOW) -> None:
        await self.audit.append(audit.record("roster_taken", site, HANAKO, now, listed=entries))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_who_is_shown_more_than_the_most_in_an_hour_is_told_of_once(desk: Desk):
    await desk.show(*range(SHOWN))
    assert desk.told == []

    await desk.show(*range(SHOWN, SHOWN + 50))

    assert desk.told == ["shown"]
    assert len(desk.kept.records) == SHOWN + 50, "and nothing is refused"


async def test_every_action_that_shows_a_request_counts(desk: Desk):
    actions = ("viewed_at_counter", "found_at_counter", "claimed", "handed_over", "corrected", "served_again")

    for number in range(SHOWN + 1):
        await desk.show(number, action=actions[number % len(actions)])

    assert desk.told == ["shown"]


async def test_a_request_that_is_shown_again_counts_once(desk: Desk):
    for minute in range(30):
        await desk.show(*range(20), now=times.later(NOW, minute * 60))

    assert desk.told == []
    assert len(desk.looks) == 20


async def test_clerks_are_counted_apart_also_those_of_one_name(desk: Desk):
    for n in range(3):
        await desk.show(*range(n * SHOWN, (n + 1) * SHOWN), staff=Staff(f"u-{n}", "佐藤"))

    assert desk.told == []


async def test_the_next_hour_begins_anew_and_tells_again(desk: Desk):
    await desk.show(*range(SHOWN), now=LAST_OF_THE_HOUR)
    await desk.show(*range(SHOWN), now=times.later(LAST_OF_THE_HOUR, 1))
    assert desk.told == []

    await desk.show(SHOWN, now=times.later(LAST_OF_THE_HOUR, 2))
    await desk.show(*range(SHOWN + 1), now=times.later(LAST_OF_THE_HOUR, 3601))

    assert desk.told == ["shown", "shown"]


async def test_a_record_of_the_hour_before_that_comes_late_forgets_nothing(desk: Desk):
    await desk.show(*range(SHOWN), now=times.later(LAST_OF_THE_HOUR, 1))
    await desk.show(7, now=LAST_OF_THE_HOUR)
    await desk.show(SHOWN, now=times.later(LAST_OF_THE_HOUR, 1))

    assert desk.told == ["shown"]


async def test_a_roster_that_is_taken_again_and_again_counts_once_and_those_of_many_sites_add_up(desk: Desk):
    for minute in range(0, 60, 5):
        await desk.list(LISTED, now=times.later(NOW, minute * 60))
    assert desk.told == []

    await desk.list(1, site="gym")

    assert desk.told == ["listed"]


async def test_what_is_listed_does_not_count_as_shown(desk: Desk):
    await desk.list(10)
    await desk.show(*range(SHOWN))
    await desk.list(LISTED - 10, site="gym")

    assert desk.told == []


async def test_the_log_says_who_by_id_and_of_no_resident(desk: Desk, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        await desk.show(*range(SHOWN + 1), staff=TARO)

    [line] = [record.getMessage() for record in caplog.records]
    assert line == "many looks: u-taro, over 300 shown in an hour, 2026-11-23T00"


async def test_a_look_that_was_not_recorded_does_not_count(desk: Desk):
    desk.kept.away = True

    with pytest.raises(StoreUnavailable):
        await desk.show(1)

    assert len(desk.looks) == 0


async def test_what_is_remembered_is_bounded_and_who_looked_the_longest_ago_is_forgotten_first(desk: Desk):
    await desk.show(*range(SHOWN))
    await desk.show(*range(2 * SHOWN), staff=TARO)
    assert len(desk.looks) == SHOWN + SHOWN + 1, "past the threshold no more is kept"
    desk.told.clear()

    await desk.show(1)
    for n in range(2 * MOST_CLERKS - 1):
        await desk.show(1, staff=Staff(f"u-{n}", "職員"))
    assert len(desk.looks) == SHOWN + 2 * MOST_CLERKS - 1, "only the other one is forgotten"
    await desk.show(SHOWN)

    assert desk.told == ["shown"]
    for n in range(2 * MOST_CLERKS):
        await desk.show(1, staff=Staff(f"v-{n}", "職員"))
    assert len(desk.looks) == 2 * MOST_CLERKS


def test_whatever_the_app_records_is_counted_in_one_place():
    audits = audits_of(build(settings_for("UseDevelopmentStorage=true", "UseDevelopmentStorage=true")))

    assert len(audits) >= 2
    assert {type(one) for one in audits} == {WatchedAudit}
    assert len({id(one) for one in audits}) == 1
