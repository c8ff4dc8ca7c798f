"""What ends an entry, gives up a grant or skips a household is certain first (docs/decisions/0016), place by place."""

from collections.abc import Callable

import msgspec
import pytest

from services import times
from services.case import cases
from services.case.request import Case
from services.errors import StoreUnavailable, UnknownRequest, WriteConflict
from services.intake.service import Receipt
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.part import booked, with_booking
from services.pickup.slots import turns
from services.pickup.stock.fields import SplitFields
from services.pickup.stock.sites import Entry, Move, Slot
from tests.counter import HANAKO, SUPERVISOR
from tests.pickup import OFFICER, answers, site, slot, stock
from tests.services.pickup.town import MORNING, NOON, Town

MORNING_ID, NOON_ID = MORNING.partition(".")[2], NOON.partition(".")[2]
SPLIT = "pickup-20261124-1400"
HANDED = HandOver(id="hand-over-0001", receiver="household")


@pytest.fixture
async def town() -> Town:
    town = Town()
    await town.open(2, 2)
    return town


def behind(port: object, method: str, answer: Callable[..., object] | object, times_: int = 1) -> None:
    """Let the next calls of a port find what was there before."""
    read, left = getattr(port, method), [None] * times_

    async def old(*arguments: object, **options: object) -> object:
        if not left:
            return await read(*arguments, **options)
        left.pop()
        return answer(*arguments) if callable(answer) else answer

    setattr(port, method, old)


def before(town: Town, receipt: Receipt) -> Case:
    """Return a case as it was before it had a booking."""
    case = town.counter.case(receipt)
    return Case(msgspec.structs.replace(case.request, parts={}, etag="e0"), case.tasks)


def entry(town: Town, receipt: Receipt, name: str = MORNING, round_: int = 1) -> str | None:
    found = town.slot(name).entries.get(turns.key_of(receipt.reference, round_))
    return found.state if found else None


def granted(town: Town, receipt: Receipt) -> int:
    return sum(receipt.reference in quota.grants for quota in town.counter.quotas.quotas.values())


def sees(town: Town, name: str, slot: Slot, looks: int = 1) -> None:
    """Let the next looks at one slot find it as given."""
    read, left = town.counter.sites.slot, [slot] * looks

    async def old(site: str, id_: str) -> Slot | None:
        return left.pop() if left and f"{site}.{id_}" == name else await read(site, id_)

    town.counter.sites.slot = old


async def hand_over_alone(town: Town, receipt: Receipt) -> None:
    """Hand over at the slot, by a counter that dies before the request follows."""
    place = booked(town.request(receipt)).place
    assert place
    turn = turns.collect(town.slot(place.name), turns.key_of(receipt.reference, place.round))
    assert turn
    move = Move(
        id=f"{turn.key}.handed_over",
        site_id=place.site,
        kind="handed_over",
        at=town.counter.clock.now,
        lines={"kit": -1},
        slot=place.slot,
        reference=receipt.reference,
        by="花子",
        operation="hand-over-0009",
    )
    assert await town.counter.sites.turn(place.site, place.slot, turn, move)


# Entries


@pytest.mark.parametrize("what", ["without its booking", "not at all"])
async def test_a_request_that_was_read_from_behind_its_entry_keeps_its_place(town: Town, what: str):
    receipt = await town.ask(slot=MORNING)
    behind(town.counter.store, "read", before(town, receipt).request if what == "without its booking" else None)

    await town.counter.tending.tend("school", MORNING_ID)

    assert entry(town, receipt) == "confirmed"


async def test_an_entry_of_no_request_goes_back_once_its_slot_is_long_over(town: Town):
    entries = {"0000-0000-0000.1": Entry(state="confirmed", units=(1,))}
    left = msgspec.structs.replace(town.slot(MORNING), entries=entries, free_places=1, free={"kit": 1})
    town.counter.sites.documents["school", MORNING_ID] = left

    await town.counter.tending.tend("school", MORNING_ID)
    assert town.slot(MORNING).entries == entries
    await town.later(30 * 3600)

    assert (town.slot(MORNING).entries, town.slot(MORNING).is_open) == ({}, False)


async def test_a_hold_that_its_slot_keeps_for_longer_is_not_ended(town: Town):
    for _ in range(2):
        await town.ask(slot=NOON)
    receipt = await town.ask(slot=NOON)
    place, until = town.booking(receipt).place, town.booking(receipt).until
    assert place
    assert until
    longer = times.later(until, 3600)
    turn = turns.hold_again(town.slot(MORNING), turns.key_of(receipt.reference, place.round), longer)
    assert turn
    await town.counter.sites.turn("school", MORNING_ID, turn)

    town.counter.clock.now = until
    await town.counter.advance.advance(receipt.reference)

    assert entry(town, receipt, MORNING, place.round) == "held"
    assert (town.booking(receipt).state, town.booking(receipt).until) == ("held", longer)
    town.counter.clock.now = longer
    await town.counter.advance.advance(receipt.reference)
    assert town.booking(receipt).state == "expired"


async def test_a_hold_whose_end_moves_between_look_and_write_is_not_ended(town: Town):
    found, longer = (
        msgspec.structs.replace(town.slot(MORNING), entries={"A.1": Entry(state="held", units=(1,), until=until)})
        for until in (60, 61)
    )
    turn = turns.expire(found, "A.1", times.later(times.NEVER, 60))
    assert turn

    assert turns.after(found, turn)
    assert turns.after(longer, turn) is None


async def test_an_entry_that_is_not_to_be_read_yet_is_not_taken_for_one_that_ran_out(town: Town):
    for _ in range(2):
        await town.ask(slot=NOON)
    receipt = await town.ask(slot=NOON)
    place, until = town.booking(receipt).place, town.booking(receipt).until
    assert place
    assert await town.counter.sites.turn(
        "school", MORNING_ID, turns.confirm(town.slot(MORNING), turns.key_of(receipt.reference, place.round))
    )
    sees(town, MORNING, msgspec.structs.replace(town.slot(MORNING), entries={}))

    town.counter.clock.now = until or ""
    await town.counter.advance.advance(receipt.reference)

    assert (town.booking(receipt).state, entry(town, receipt, MORNING, place.round)) == ("confirmed", "confirmed")


async def test_other_units_that_were_refused_are_not_taken_by_a_worker_that_comes_late(town: Town):
    receipt = await town.ask(slot=MORNING)
    old, new = (turns.key_of(receipt.reference, n) for n in (1, 2))
    late = turns.swap(town.slot(MORNING), old, new, {"kit": 2})
    refused = turns.swap(msgspec.structs.replace(town.slot(MORNING), free={"kit": 0}), old, new, {"kit": 2})
    assert late
    assert refused
    await town.counter.sites.turn("school", MORNING_ID, refused)

    assert not await town.counter.sites.turn("school", MORNING_ID, late)

    assert entry(town, receipt) == "confirmed"


async def test_a_site_that_has_moved_asks_nobody_again_who_confirmed_meanwhile(town: Town):
    receipt = await town.ask(slot=MORNING)
    as_before = town.counter.case(receipt)
    town.counter.clock.pass_(1)
    await town.counter.keeping.put_site("school", site(address="見本市北町9", moved=True), OFFICER)
    await town.later(60)
    await town.counter.reservations.confirm(town.request(receipt))
    behind(town.counter.store, "load", as_before)

    await town.counter.tending.tend("school", MORNING_ID)

    assert entry(town, receipt) == "confirmed"


async def test_a_slot_follows_its_closed_site_although_the_site_is_read_as_it_was(town: Town):
    was = await town.counter.sites.whole_site("school")
    reads = town.counter.sites.whole_site
    assert was
    calls = 0

    async def old(name: str) -> object:
        nonlocal calls
        calls += 1
        return was if calls in (3, 4) else await reads(name)

    town.counter.sites.whole_site = old
    await town.counter.keeping.put_site("school", site(is_open=False), OFFICER)

    assert [town.slot(name).is_open for name in (MORNING, NOON)] == [False, False]


async def test_no_slot_opens_at_a_site_that_closes_at_that_moment(town: Town):
    save = town.counter.sites.save

    async def close_first(name: str, documents: object) -> None:
        town.counter.sites.save = save
        await town.counter.keeping.put_site("school", site(is_open=False), OFFICER)
        await save(name, documents)

    town.counter.sites.save = close_first
    with pytest.raises(Exception, match="site_closed"):
        await town.counter.keeping.open_slot("school", slot(hour=16), OFFICER)


# Grants


async def test_an_old_read_of_a_household_that_waited_does_not_void_what_it_was_granted_since(town: Town):
    others = [await town.ask() for _ in range(4)]
    waited = await town.ask(7)
    as_it_waited = town.request(waited)
    assert booked(as_it_waited).state == "waiting"
    await town.withdraw(others[0])
    assert town.booking(waited).state == "held"
    await town.counter.keeping.open_slot("school", slot(hour=15, places=2), OFFICER)
    town.counter.clock.pass_(5)
    behind(town.counter.store, "read", as_it_waited)

    again = await town.ask(7)

    assert granted(town, waited) == 1
    assert (town.booking(again).state, town.booking(waited).state) == ("already", "held")


async def test_what_was_handed_over_before_its_request_was_withdrawn_is_not_void(town: Town):
    served = await town.ask(7, slot=MORNING)
    await hand_over_alone(town, served)
    await town.counter.requests.withdraw(served.reference, served.access_code)
    town.counter.queues.messages.clear()

    again = await town.ask(7)

    assert (town.booking(again).state, granted(town, served)) == ("already", 1)
    await town.counter.advance.advance(served.reference)
    assert (town.booking(served).state, granted(town, served)) == ("collected", 1)


async def test_a_household_is_not_refused_on_an_old_quota(town: Town):
    other = await town.ask(7)
    [shown] = town.counter.quotas.quotas.values()
    said = {name: answers(8)[name] for name in ("name", "kana", "address")}
    amendment = Amendment(id="correction-0001", answers=said, reason="聞き取り")
    await town.counter.correcting.correct(other.reference, amendment, HANAKO)
    behind(town.counter.quotas, "read", shown)

    receipt = await town.ask(7)

    assert town.booking(receipt).state == "confirmed"


async def test_a_grant_that_only_an_old_quota_shows_is_taken_again(town: Town):
    receipt = await town.ask(slot=MORNING)
    [shown] = town.counter.quotas.quotas.values()
    others = [await town.ask(slot=NOON) for _ in range(2)]
    await town.counter.keeping.close_slot("school", MORNING_ID, SUPERVISOR)
    await town.later(60)
    assert (town.booking(receipt).state, granted(town, receipt)) == ("waiting", 0)
    real = town.counter.quotas.read
    looks = [shown]

    async def old(id_: str) -> object:
        return looks.pop() if looks and id_ == shown.id else await real(id_)

    town.counter.quotas.read = old
    await town.withdraw(others[0])

    assert (town.booking(receipt).state, granted(town, receipt), looks) == ("held", 1, [])


# What is handed over


async def test_a_counter_that_reads_from_behind_refuses_nobody(town: Town):
    receipt = await town.ask(slot=MORNING)
    sees(town, MORNING, msgspec.structs.replace(town.slot(MORNING), entries={}))

    with pytest.raises(StoreUnavailable):
        await town.counter.handing.hand_over(receipt.reference, HANDED, HANAKO)

    assert (await town.counter.handing.hand_over(receipt.reference, HANDED, HANAKO)).handed_over


async def test_what_was_handed_over_is_followed_before_its_slot_is_left_alone(town: Town):
    receipt = await town.ask(slot=MORNING)
    as_before = town.slot(MORNING)
    town.counter.clock.pass_(28 * 3600)
    await hand_over_alone(town, receipt)
    sees(town, MORNING, as_before, 2)

    await town.counter.tending.run()
    await town.later(3700)

    assert town.booking(receipt).state == "collected"
    assert granted(town, receipt) == 1


# The line


async def test_a_household_that_was_read_as_if_it_had_left_the_line_gets_its_share():
    town = Town()
    await town.counter.keeping.put_site("school", site(), OFFICER)
    receipt = await town.ask()
    await town.counter.keeping.move("school", stock(kit=10), OFFICER)
    await town.counter.keeping.open_slot(
        "school", msgspec.structs.replace(slot(hour=14, places=1), fill="split"), OFFICER
    )
    away = msgspec.structs.replace(booked(town.request(receipt)), state="expired")
    as_if = msgspec.structs.replace(town.counter.case(receipt), request=with_booking(town.request(receipt), away))
    preview = await town.counter.splits.preview("school", SPLIT)
    fields = SplitFields(id="split-0001", rule="first_come", reason="不足", basis=preview.basis)
    behind(town.counter.store, "load", as_if)

    await town.counter.splits.decide("school", SPLIT, fields, SUPERVISOR)

    assert town.booking(receipt).state == "held"


async def test_a_share_whose_request_is_not_to_be_read_keeps_the_split_open_until_it_is():
    town = Town()
    await town.counter.keeping.put_site("school", site(), OFFICER)
    receipt = await town.ask()
    await town.counter.keeping.move("school", stock(kit=10), OFFICER)
    await town.counter.keeping.open_slot(
        "school", msgspec.structs.replace(slot(hour=14, places=1), fill="split"), OFFICER
    )
    preview = await town.counter.splits.preview("school", SPLIT)
    fields = SplitFields(id="split-0001", rule="first_come", reason="不足", basis=preview.basis)
    behind(town.counter.store, "read", None)

    await town.counter.splits.decide("school", SPLIT, fields, SUPERVISOR)
    assert town.slot(f"school.{SPLIT}").fill == "split"
    await town.later(60)

    assert town.booking(receipt).state == "held"


async def test_a_line_that_an_old_list_of_nobody_cleared_is_marked_again(town: Town):
    receipts = [await town.ask() for _ in range(5)]
    assert town.slot(MORNING).has_line
    behind(town.counter.bookings, "waiting", [])
    known = town.slot(MORNING)
    town.counter.sites.documents["school", MORNING_ID] = msgspec.structs.replace(
        known, places=3, free_places=1, allotted={"kit": 3}
    )
    await town.counter.reservations.serve(None, "pickup")
    assert not town.slot(MORNING).has_line

    await town.counter.reservations.serve(None, "pickup")

    assert town.slot(MORNING).has_line
    assert town.booking(receipts[4]).state == "waiting"


# How a request is made certain


async def test_a_request_is_certain_once_it_was_written_as_it_was_read(town: Town):
    receipt = await town.ask()
    old = before(town, receipt)
    behind(town.counter.store, "load", old, 3)

    assert booked(await cases.certain(town.counter.store, receipt.reference)).state == "confirmed"
    behind(town.counter.store, "load", old, 100)
    with pytest.raises(WriteConflict):
        await cases.certain(town.counter.store, receipt.reference)


async def test_a_case_that_was_there_is_looked_at_again_where_it_is_read_as_not_there(town: Town):
    receipt = await town.ask()
    case = town.counter.case(receipt)
    stale = msgspec.structs.replace(case, request=msgspec.structs.replace(case.request, etag="e0"))
    behind(town.counter.store, "load", None, 2)

    changed = await cases.change(
        town.counter.store, receipt.reference, lambda read: (msgspec.structs.replace(read.request, sweeps=3),), stale
    )

    assert changed.request.sweeps == 3
    behind(town.counter.store, "load", None)
    with pytest.raises(UnknownRequest):
        await cases.change(town.counter.store, receipt.reference, lambda _: ())
