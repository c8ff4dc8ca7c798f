"""The end of a delivery's task is its hand-over, or gives the supplies back."""

import pytest

from services.case.request import Contact, Request
from services.case.task import SUPERVISORS, Staff
from services.errors import StoreUnavailable, WriteConflict
from services.intake.service import Receipt
from services.pickup.booking.state import Booking
from services.pickup.counter.counter import HandOver
from services.pickup.part import booking_of
from tests.counter import SUPERVISOR, current
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from tests.pickup_counter import PickupCounter
from tests.trouble import Conditions, Crash, Trouble, Unreliable

DRIVER = Staff("u-driver", "配達 係", frozenset({"Team.delivery", "Team.supplies"}))
DELIVERY = "delivery-20261124-1000"
LATER = "delivery-20261124-1100"
TITLE = PICKUP_DEFINITION["title"]
DEFINITION = {
    **PICKUP_DEFINITION,
    "form": {
        **PICKUP_DEFINITION["form"],
        "properties": {
            **PICKUP_DEFINITION["form"]["properties"],
            "receive": {"enum": ["pickup", "delivery"], "x-text": {"label": {"ja": "受け取りかた"}}},
        },
    },
    "routes": [
        *PICKUP_DEFINITION["routes"],
        {
            "id": "deliver",
            "kind": "home-delivery",
            "team": "delivery",
            "priority": "'normal'",
            "when": "has(answers.receive) && answers.receive == 'delivery'",
            "dueIn": "P1D",
        },
    ],
    "outcomes": [
        {"id": "absent", "title": TITLE, "delivered": "none"},
        {"id": "proxy", "title": TITLE, "delivered": "all"},
        {"id": "partly", "title": TITLE},
    ],
    "pickup": {
        **PICKUP_DEFINITION["pickup"],
        "answers": {**PICKUP_DEFINITION["pickup"]["answers"], "method": "/receive"},
        "routes": {"pickup": "prepare", "delivery": "deliver"},
    },
}


class Round:
    """Hold a team that takes kits to households, from a school with one slot for it or two."""

    def __init__(self) -> None:
        self.counter = PickupCounter(current(**DEFINITION))

    async def open(self, *hours: int) -> None:
        await self.counter.keeping.put_site("school", site(), OFFICER)
        await self.counter.keeping.move("school", stock(kit=10), OFFICER)
        for hour in hours:
            fields = slot(hour=hour, places=2)
            await self.counter.keeping.open_slot(
                "school", type(fields)(**{**_fields(fields), "method": "delivery"}), OFFICER
            )

    async def ask(self, number: int = 1, receive: str = "delivery") -> Receipt:
        receipt = await self.counter.submit(
            f"key-of-the-resident-{number:04}",
            service="kits",
            answers=answers(number, receive=receive),
            contact=Contact(phone=f"090-0000-{number:04}"),
        )
        await self.counter.run_workers()
        return receipt

    async def complete(self, receipt: Receipt, outcome: str = "done", task: str = "deliver.1") -> None:
        id_ = f"{receipt.reference}.{task}"
        claim = f"claim-{receipt.reference}-{task}"
        known = self.counter.store.cases[receipt.reference].tasks[id_]
        if known.status == "open":
            await self.counter.tasks.claim(id_, DRIVER, claim_id=claim, seconds=900)
        await self.counter.tasks.complete(id_, DRIVER, 1, outcome=outcome, note=None)
        await self.counter.run_workers()

    async def finish(self, receipt: Receipt) -> None:
        """Complete every task of a request but its deliveries."""
        for id_, task in list(self.counter.case(receipt).tasks.items()):
            if task.status == "open" and task.route != "deliver":
                await self.complete(receipt, task=id_.partition(".")[2])

    async def later(self, seconds: float) -> None:
        self.counter.clock.pass_(seconds)
        for _ in range(3):
            await self.counter.advance.sweep()
            await self.counter.run_workers()
            await self.counter.tending.run()
            self.counter.clock.pass_(1)

    def request(self, receipt: Receipt) -> Request:
        return self.counter.case(receipt).request

    def booking(self, receipt: Receipt) -> Booking:
        booking = booking_of(self.request(receipt))
        assert booking
        return booking

    async def on_hand(self) -> int:
        return (await self.counter.keeping.site("school")).stock.on_hand["kit"]

    async def unallotted(self) -> int:
        return (await self.counter.keeping.site("school")).stock.unallotted("kit")

    def reviews(self, receipt: Receipt) -> list[str | None]:
        return [task.reason for task in self.counter.case(receipt).tasks.values() if task.kind == "review"]

    def grants(self, receipt: Receipt) -> list[str]:
        quotas = self.counter.quotas.quotas.values()
        return [quota.grants[receipt.reference].state for quota in quotas if receipt.reference in quota.grants]


def _fields(fields: object) -> dict[str, object]:
    return {name: getattr(fields, name) for name in fields.__struct_fields__}  # type: ignore[attr-defined]


@pytest.fixture
async def round_() -> Round:
    round_ = Round()
    await round_.open(10, 11)
    return round_


@pytest.mark.parametrize("outcome", ["done", "proxy"])
async def test_what_was_delivered_leaves_the_stock_and_its_request_is_completed(round_: Round, outcome: str):
    receipt = await round_.ask()

    await round_.complete(receipt, outcome)
    await round_.finish(receipt)

    assert (round_.booking(receipt).state, round_.request(receipt).status) == ("collected", "completed")
    assert (await round_.on_hand(), round_.grants(receipt)) == (9, ["kept"])
    [move] = [m for m in await round_.counter.keeping.moves("school") if m.kind == "handed_over"]
    assert (move.reference, move.by, move.by_id, move.receiver) == (
        receipt.reference,
        "配達 係",
        "u-driver",
        "household",
    )


async def test_what_was_delivered_does_not_go_back_after_the_slot(round_: Round):
    receipt = await round_.ask()
    await round_.complete(receipt)
    before = await round_.on_hand()

    await round_.later(40 * 3600)

    assert (round_.booking(receipt).state, await round_.on_hand()) == ("collected", before)
    assert await round_.unallotted() == 9


async def test_a_delivery_completed_again_is_handed_over_once(round_: Round):
    receipt = await round_.ask()

    for _ in range(2):
        await round_.complete(receipt)

    assert await round_.on_hand() == 9


async def test_a_hand_over_by_the_counters_call_finishes_the_task_and_nothing_more(round_: Round):
    receipt = await round_.ask()

    card = await round_.counter.handing.hand_over(
        receipt.reference, HandOver(id="hand-0001", receiver="household"), DRIVER
    )
    await round_.counter.run_workers()

    case = round_.counter.case(receipt)
    assert (card.booking.state, case.request.pending) == ("collected", {})
    assert case.tasks[f"{receipt.reference}.deliver.1"].status == "completed"
    assert await round_.on_hand() == 9


@pytest.mark.parametrize("outcome", ["not_done", "absent"])
async def test_where_nobody_was_there_the_units_go_back_and_somebody_calls(round_: Round, outcome: str):
    receipt = await round_.ask()

    await round_.complete(receipt, outcome)

    assert (round_.booking(receipt).state, round_.booking(receipt).place) == ("returned", None)
    assert round_.reviews(receipt) == ["not_delivered"]
    assert "not_delivered" in [event.event for event in round_.request(receipt).history]
    slots = (await round_.counter.keeping.site("school")).slots
    assert (slots[DELIVERY].free, await round_.on_hand(), round_.grants(receipt)) == ({"kit": 2}, 10, [])


async def test_another_slot_after_nobody_was_there_is_another_delivery(round_: Round):
    receipt = await round_.ask()
    await round_.complete(receipt, "absent")

    await round_.counter.reservations.choose(round_.request(receipt), f"school.{LATER}")
    await round_.counter.run_workers()
    again = [t for t in round_.counter.case(receipt).tasks.values() if t.route == "deliver" and t.status == "open"]
    await round_.complete(receipt, task=again[0].id.partition(".")[2])
    await round_.finish(receipt)

    assert [t.route for t in round_.counter.case(receipt).tasks.values() if t.id.endswith(".2")] == ["deliver"]
    assert (round_.booking(receipt).state, round_.request(receipt).status) == ("collected", "completed")
    assert (await round_.on_hand(), round_.grants(receipt)) == (9, ["kept"])


async def test_what_was_handed_over_in_part_is_asked_of_a_person(round_: Round):
    receipt = await round_.ask()

    await round_.complete(receipt, "partly")

    assert (round_.booking(receipt).state, round_.reviews(receipt)) == ("confirmed", ["partly_delivered"])
    assert await round_.on_hand() == 10


async def test_what_was_delivered_out_of_no_slot_is_booked_by_a_person_and_the_household_is_served():
    round_ = Round()
    await round_.open()
    receipt = await round_.ask()
    assert round_.booking(receipt).state == "waiting"

    await round_.complete(receipt)
    await round_.finish(receipt)

    assert round_.reviews(receipt) == ["delivered_without_place"]
    assert (round_.booking(receipt).state, round_.request(receipt).status) == ("collected", "completed")


async def test_what_was_delivered_after_its_place_went_back_is_booked_by_a_person(round_: Round):
    receipt = await round_.ask()
    await round_.later(40 * 3600)
    assert round_.booking(receipt).state == "missed"

    await round_.complete(receipt)

    assert (round_.booking(receipt).state, round_.reviews(receipt)) == ("collected", ["delivered_without_place"])
    assert await round_.on_hand() == 10


async def test_a_household_that_collects_has_its_supplies_packed_by_the_same_word(round_: Round):
    await round_.counter.keeping.open_slot("school", slot(places=2), OFFICER)
    receipt = await round_.ask(receive="pickup")

    await round_.complete(receipt, task="prepare.1")

    assert (round_.booking(receipt).state, await round_.on_hand()) == ("confirmed", 10)


TROUBLES: tuple[Trouble, ...] = ("before", "after", "twice", "crash before", "crash after")


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(("outcome", "left", "state"), [("done", 9, "collected"), ("absent", 10, "returned")])
async def test_wherever_it_breaks_off_a_delivery_ends_once(trouble: Trouble, outcome: str, left: int, state: str):
    for operation in range(80):
        round_ = Round()
        await round_.open(10)
        receipt = await round_.ask()
        conditions = Conditions()
        conditions.plan = [None] * operation + [trouble]
        for name in ("store", "bookings", "sites", "quotas", "queues", "audit"):
            setattr(round_.counter, name, Unreliable(getattr(round_.counter, name), conditions))
        round_.counter.new_instance()
        try:
            await round_.complete(receipt, outcome)
        except (StoreUnavailable, WriteConflict, Crash):
            round_.counter.new_instance()
        reached = not conditions.plan
        conditions.plan = []
        await round_.complete(receipt, outcome)
        await round_.later(120)

        assert (round_.booking(receipt).state, await round_.on_hand()) == (state, left)
        assert len(round_.reviews(receipt)) == (outcome == "absent")
        assert round_.grants(receipt) == (["kept"] if outcome == "done" else [])
        assert not round_.request(receipt).pending
        if not reached:
            return
    raise AssertionError("it never ran through")


async def test_a_delivery_that_came_back_never_stands_still(round_: Round):
    await round_.open(10)
    receipt = await round_.ask()
    await round_.complete(receipt, "absent")
    await round_.finish(receipt)

    assert round_.booking(receipt).state == "returned"
    [task] = [task for task in round_.counter.case(receipt).tasks.values() if task.status == "open"]
    assert (task.team, task.reason) == (SUPERVISORS, "stands_still")

    await round_.counter.tasks.claim(task.id, SUPERVISOR, claim_id="claim-of-the-end", seconds=900)
    await round_.counter.tasks.complete(task.id, SUPERVISOR, 1, outcome="not_done", note=None)

    assert round_.booking(receipt).state == "ended"
    assert round_.request(receipt).status == "completed"


async def test_who_chooses_again_meanwhile_is_delivered_to_whatever_a_supervisor_ends(round_: Round):
    await round_.open(10, 11)
    receipt = await round_.ask()
    await round_.complete(receipt, "absent")
    await round_.finish(receipt)
    await round_.counter.reservations.choose(round_.request(receipt), f"school.{LATER}")
    await round_.counter.run_workers()
    await round_.counter.tasks.claim(
        f"{receipt.reference}.follow-up.1", SUPERVISOR, claim_id="claim-of-the-end", seconds=900
    )

    await round_.counter.tasks.complete(f"{receipt.reference}.follow-up.1", SUPERVISOR, 1, outcome="done", note=None)

    assert round_.booking(receipt).state == "confirmed"
    assert round_.request(receipt).status == "accepted"
