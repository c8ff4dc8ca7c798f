"""A site closes or moves: its residents are rebooked or asked, and none is forgotten."""

import pytest

from services import times
from services.errors import FieldError, InvalidSubmission, StoreUnavailable, WriteConflict
from services.intake.service import Receipt
from services.pickup.stock.sites import Site
from tests.counter import SUPERVISOR
from tests.pickup import OFFICER, site, slot, stock
from tests.services.pickup.town import MORNING, NOON, Town
from tests.trouble import Conditions, Crash, Trouble, Unreliable

ELSEWHERE = "見本市北町9"
GYM = "gym.pickup-20261124-1500"


class Place(Town):
    """Hold a school that can move or close, and a gym to go to."""

    async def move(self) -> Site:
        self.counter.clock.pass_(1)
        return await self.counter.keeping.put_site("school", site(address=ELSEWHERE, moved=True), OFFICER)

    async def close(self) -> Site:
        return await self.counter.keeping.put_site("school", site(is_open=False), OFFICER)

    async def open_gym(self) -> None:
        await self.counter.keeping.put_site("gym", site(name={"ja": "見本市民体育館"}, address="見本市東町2"), OFFICER)
        await self.counter.keeping.move("gym", stock(kit=100), OFFICER)
        await self.counter.keeping.open_slot("gym", slot(hour=15), OFFICER)

    def state(self, receipt: Receipt) -> str:
        return self.booking(receipt).state

    def told(self, receipt: Receipt) -> int:
        return [event.event for event in self.request(receipt).history].count("site_moved")

    def notices(self, receipt: Receipt) -> list[str | None]:
        return [task.reason for task in self.counter.case(receipt).tasks.values() if task.kind == "notice"]


@pytest.fixture
async def place() -> Place:
    place = Place()
    await place.open(2, 2)
    return place


async def test_whoever_has_a_place_at_a_site_that_moves_is_asked_and_somebody_calls(place: Place):
    receipts = [await place.ask(slot=MORNING), await place.ask(slot=NOON)]

    await place.move()
    await place.later(60)

    assert [place.state(r) for r in receipts] == ["held", "held"]
    assert [place.told(r) for r in receipts] == [1, 1]
    assert [place.notices(r) for r in receipts] == [["site_moved"]] * 2
    appointment = await place.counter.offers.appointment(place.request(receipts[0]))
    assert appointment
    assert appointment.site
    assert appointment.site.address == ELSEWHERE


async def test_who_confirms_keeps_the_place_and_is_not_asked_again(place: Place):
    receipt = await place.ask()
    await place.move()
    await place.later(60)

    await place.counter.reservations.confirm(place.request(receipt))
    await place.later(2 * 3600)
    await place.move()
    await place.later(2 * 3600)

    assert (place.state(receipt), place.told(receipt)) == ("confirmed", 1)


async def test_who_does_not_confirm_in_time_gives_the_place_back(place: Place):
    receipt = await place.ask()
    await place.move()
    await place.later(60)

    await place.later(13 * 3600)

    assert place.state(receipt) == "expired"
    assert place.slot(MORNING).free == {"kit": 2}


async def test_a_second_move_asks_again_with_a_task_of_its_own(place: Place):
    receipt = await place.ask()
    await place.move()
    await place.later(60)
    await place.counter.reservations.confirm(place.request(receipt))

    await place.counter.keeping.put_site("school", site(address="見本市南町1", moved=True), OFFICER)
    await place.later(60)

    assert (place.state(receipt), place.told(receipt)) == ("held", 2)
    assert place.notices(receipt) == ["site_moved", "site_moved"]


async def test_who_held_a_place_already_is_told_as_well(place: Place):
    for _ in range(2):
        await place.ask(slot=NOON)
    held = await place.ask(slot=NOON)

    await place.move()
    await place.later(60)

    assert (place.state(held), place.told(held)) == ("held", 1)
    assert place.notices(held) == ["place_held", "site_moved"]


async def test_who_came_after_the_move_is_not_asked(place: Place):
    await place.move()

    receipt = await place.ask()
    await place.later(2 * 3600)

    assert (place.state(receipt), place.told(receipt)) == ("confirmed", 0)


async def test_who_is_on_the_way_has_the_place_until_the_slot_ends(place: Place):
    receipt = await place.ask()
    place.counter.clock.now = times.later(place.slot(MORNING).starts, 60)

    await place.move()
    await place.later(60)

    assert (place.state(receipt), place.booking(receipt).until) == ("held", place.slot(MORNING).ends)


async def test_a_mended_address_only_shows(place: Place):
    receipt = await place.ask()

    await place.counter.keeping.put_site(
        "school", site(address="見本市中央一丁目1番", hours={"ja": "9時から"}), OFFICER
    )
    await place.later(2 * 3600)

    assert (place.state(receipt), place.told(receipt)) == ("confirmed", 0)


async def test_a_site_that_closes_has_no_open_slot_and_its_households_go_elsewhere(place: Place):
    receipts = [await place.ask(slot=MORNING), await place.ask(slot=NOON)]
    await place.open_gym()

    closed = await place.close()
    await place.later(60)
    await place.later(3600)

    assert (closed.is_open, closed.due_at) == (False, None)
    assert not any(place.slot(name).is_open for name in (MORNING, NOON))
    assert [(place.state(r), place.place(r)) for r in receipts] == [("held", GYM)] * 2
    assert (await place.counter.keeping.site("school")).stock.unallotted("kit") == 1000


async def test_a_slot_that_is_over_keeps_what_happened_there(place: Place):
    place.counter.clock.now = times.later(place.slot(MORNING).ends, -1)
    place.counter.clock.pass_(1)

    await place.close()

    assert (place.slot(MORNING).is_open, place.slot(NOON).is_open) == (True, False)


async def test_at_a_closed_site_no_slot_is_opened(place: Place):
    await place.close()

    with pytest.raises(InvalidSubmission) as refused:
        await place.counter.keeping.open_slot("school", slot(hour=16), OFFICER)

    assert refused.value.errors == (FieldError("/site", "site_closed"),)


async def test_a_slot_closed_by_hand_and_then_its_site_rebook_once_each(place: Place):
    receipt = await place.ask()
    await place.counter.keeping.close_slot("school", "pickup-20261124-1000", SUPERVISOR)
    await place.later(60)
    await place.open_gym()

    await place.close()
    await place.later(60)

    events = [event.event for event in place.request(receipt).history]
    assert (place.place(receipt), events.count("place_moved")) == (GYM, 2)


TROUBLES: tuple[Trouble, ...] = ("before", "after", "twice", "crash before", "crash after")


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("what", ["move", "close"])
async def test_wherever_it_breaks_off_nobody_is_forgotten_and_nobody_is_asked_twice(what: str, trouble: Trouble):
    for operation in range(200):
        place = Place()
        await place.open(2, 2)
        await place.open_gym()
        receipts = [await place.ask(slot=MORNING), await place.ask(slot=NOON)]
        reached = await _break(place, what, operation, trouble)
        await place.later(60)
        await place.later(60)

        changed = (await place.counter.keeping.site("school")).site
        if changed.address == ELSEWHERE:
            assert [(place.state(r), place.told(r)) for r in receipts] == [("held", 1)] * 2
            assert [place.notices(r) for r in receipts] == [["site_moved"]] * 2
        elif not changed.is_open:
            assert [place.place(r) for r in receipts] == [GYM] * 2
        else:
            assert operation < 2, "what was written was lost"
        if not reached:
            return
    raise AssertionError("it never ran through")


async def _break(place: Place, what: str, operation: int, trouble: Trouble) -> bool:
    """Let one operation fail while the site is changed and tended, and tell whether there was such a one."""
    conditions = Conditions()
    conditions.plan = [None] * operation + [trouble]
    for name in ("store", "bookings", "sites", "quotas", "queues"):
        setattr(place.counter, name, Unreliable(getattr(place.counter, name), conditions))
    place.counter.new_instance()
    try:
        await (place.move() if what == "move" else place.close())
        await place.counter.tending.run()
    except (StoreUnavailable, WriteConflict, Crash):
        place.counter.new_instance()
    reached = not conditions.plan
    conditions.plan = []
    return reached
