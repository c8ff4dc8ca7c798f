"""The walk through the faults for supplies: each operation of each command fails; then what was promised adds up."""

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.errors import NothingDue, PlaceGone
from services.pickup.stock.fields import AllotFields
from tests.apps import settings_for
from tests.conftest import Emulators
from tests.pickup import OFFICER, site, slot, stock
from tests.reliability.faults import (
    KINDS_OF_READS,
    KINDS_OF_WRITES,
    WRITES,
    Injection,
    noted,
    sample_of_writes,
    under_the_sdks,
)
from tests.reliability.pickup.town import CLERK, Town, town
from wiring.pickup import pickup

type Act = Callable[[Town], Awaitable[object]]
type Note = Callable[[str, object], None]

DAY = 86_400.0


class Scenario(msgspec.Struct, frozen=True):
    """Name a command, what comes before it, and how the bookings of its residents end.

    What goes on by itself (workers, sweeper, tending) ends so without anybody calling again. `then` is what has to
    happen before all adds up: a request follows a hand-over whose counter died when its slot is over.
    """

    prepare: tuple[Act, ...]
    act: Act
    ends: dict[str, str] = {}
    goes_on_by_itself: bool = False
    then: tuple[Act, ...] = ()


def open_(*places: int) -> Act:
    return lambda town: town.open(*places)


def reserve(name: str, household: str | None = None) -> Act:
    return lambda town: town.reserve(name, household)


def submit(name: str, household: str | None = None) -> Act:
    return lambda town: town.submit(name, household)


def advance(name: str) -> Act:
    return lambda town: town.advance(name)


def withdraw(name: str) -> Act:
    return lambda town: town.app.requests.withdraw(town.receipts[name].reference, town.receipts[name].access_code)


def confirm(name: str) -> Act:
    return lambda town: pickup(town.app).residents.confirm_place(
        town.receipts[name].reference, town.receipts[name].access_code
    )


def hand_over(name: str, **changes: object) -> Act:
    handed = HandOver(**{"id": "hand-over-0001", "receiver": "household", **changes})
    return lambda town: pickup(town.app).counter.hand_over(town.receipts[name].reference, handed, CLERK)


def pass_(seconds: float) -> Act:
    async def act(town: Town) -> None:
        town.clock.pass_(seconds)

    return act


async def choose_the_other(town: Town) -> None:
    receipt, whole = town.receipts["a"], await town.whole()
    assert whole
    other = f"{town.site}.{list(whole.slots)[1]}"
    await pickup(town.app).residents.choose_place(receipt.reference, receipt.access_code, other)


async def tend(town: Town) -> None:
    await pickup(town.app).tending.run()


async def serve_again(town: Town) -> None:
    await pickup(town.app).judging.override(town.receipts["b"].reference, "赤ちゃんが生まれた", CLERK)


async def walk_in(town: Town) -> None:
    key = f"walk-in-{town.cases:016}"
    town.know("w", "counter", key)
    card = await pickup(town.app).walk_ins.take_in(town.submission(7), key, CLERK, None)
    assert card.due


async def put_site(town: Town) -> None:
    await pickup(town.app).keeping.put_site(town.site, site(phone="0000-00-0000"), OFFICER)


async def move_the_site(town: Town) -> None:
    await pickup(town.app).keeping.put_site(town.site, site(address="見本市北町9", moved=True), OFFICER)


async def close_the_site(town: Town) -> None:
    await pickup(town.app).keeping.put_site(town.site, site(is_open=False), OFFICER)


async def correct(town: Town) -> None:
    amendment = Amendment(id="correct-0001", answers={"address": f"見本市{town.cases}町9番"}, reason="番地のまちがい")
    await pickup(town.app).correcting.correct(town.receipts["a"].reference, amendment, CLERK)


async def enter_stock(town: Town) -> None:
    await pickup(town.app).keeping.move(town.site, stock("delivery-0002", kit=5), OFFICER)


async def open_slot(town: Town) -> None:
    await pickup(town.app).keeping.open_slot(town.site, town.later(slot(day=3, places=1, kit=1)), OFFICER)


async def allot(town: Town) -> None:
    whole = await town.whole()
    assert whole
    fields = AllotFields(id="allot-0001", lines={"kit": 1}, places=1)
    await pickup(town.app).keeping.allot(town.site, next(iter(whole.slots)), fields, OFFICER)


async def close_the_first(town: Town) -> None:
    whole = await town.whole()
    assert whole
    await pickup(town.app).keeping.close_slot(town.site, next(iter(whole.slots)), OFFICER)


OFFERED = (open_(1), reserve("a"), reserve("b"), withdraw("a"), advance("a"), advance("b"))
"""The first household withdrew, so that the second, which waited, was called to a place that is held for it."""
SCENARIOS = {
    "reserve": Scenario((open_(2), submit("a")), advance("a"), {"a": "confirmed"}, goes_on_by_itself=True),
    "reserve where all is taken": Scenario(
        (open_(1), reserve("a"), submit("b")), advance("b"), {"a": "confirmed", "b": "waiting"}, goes_on_by_itself=True
    ),
    "reserve a second time": Scenario(
        (open_(3), reserve("a"), submit("b", "a")),
        advance("b"),
        {"a": "confirmed", "b": "already"},
        goes_on_by_itself=True,
    ),
    "withdraw": Scenario((open_(1), reserve("a"), reserve("b")), withdraw("a"), {"a": "ended", "b": "held"}),
    "give back": Scenario(
        (open_(1), reserve("a"), reserve("b"), withdraw("a")),
        advance("a"),
        {"a": "ended", "b": "held"},
        goes_on_by_itself=True,
    ),
    "confirm": Scenario(OFFERED, confirm("b"), {"b": "confirmed"}),
    "expire": Scenario((*OFFERED, pass_(12.5 * 3600)), advance("b"), {"b": "expired"}, goes_on_by_itself=True),
    "choose another slot": Scenario((open_(1, 1), reserve("a")), choose_the_other, {"a": "confirmed"}),
    "hand over": Scenario((open_(2), reserve("a")), hand_over("a"), {"a": "collected"}, then=(pass_(2 * DAY), tend)),
    "hand over to a proxy": Scenario(
        (open_(2), reserve("a")),
        hand_over("a", receiver="proxy", proxy_name="見本 代理"),
        {"a": "collected"},
        then=(pass_(2 * DAY), tend),
    ),
    "tend a slot that is over": Scenario(
        (open_(2), reserve("a"), pass_(2 * DAY)), tend, {"a": "missed"}, goes_on_by_itself=True
    ),
    "tend a closed slot": Scenario(
        (open_(1, 1), reserve("a"), close_the_first), tend, {"a": "held"}, goes_on_by_itself=True
    ),
    "serve again": Scenario(
        (open_(3), reserve("a"), reserve("b", "a")), serve_again, {"a": "confirmed", "b": "confirmed"}
    ),
    "walk in": Scenario((open_(2),), walk_in, {"w": "confirmed"}),
    "correct a household": Scenario((open_(2), reserve("a")), correct, {"a": "confirmed"}),
    "put a site": Scenario((), put_site),
    "put a site that moved": Scenario((open_(2), reserve("a"), pass_(60)), move_the_site, {"a": "held"}),
    "put a site that closes": Scenario((open_(2), reserve("a")), close_the_site, {"a": "waiting"}),
    "tend a site that moved": Scenario(
        (open_(2), reserve("a"), pass_(60), move_the_site), tend, {"a": "held"}, goes_on_by_itself=True
    ),
    "enter stock": Scenario((open_(1),), enter_stock),
    "open a slot": Scenario((open_(1),), open_slot),
    "allot": Scenario((open_(1),), allot),
    "close a slot": Scenario((open_(1, 1), reserve("a")), close_the_first, {"a": "held"}),
}


@pytest.fixture
async def own(emulators: Emulators) -> AsyncIterator[Town]:
    """Return a town of its own, with faults ready under its SDKs."""
    async with under_the_sdks(), town(settings_for(emulators.cosmos, emulators.storage)) as made:
        yield made


@pytest.mark.parametrize("start", range(6))
def test_the_suite_lets_every_write_and_the_first_read_fail(start: int):
    operations = ["query sites", "patch in sites", "query sites", "query quotas", *["batch in requests"] * 3]

    chosen = sample_of_writes(operations, start)

    assert [index for _, index in chosen] == [0, 1, 4, 5, 6]
    assert {kind for kind, index in chosen if index >= 1} == set(KINDS_OF_WRITES)
    assert chosen[0][0] in KINDS_OF_READS


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_command_ends_as_it_should_where_nothing_fails_and_where_one_operation_does(
    name: str, own: Town, record_property: Note
):
    fair = await operations(own, SCENARIOS[name])
    await own.run_on()
    await own.check(SCENARIOS[name].ends)

    await walk(own, SCENARIOS[name], sample_of_writes(fair, list(SCENARIOS).index(name)), record_property)


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS_OF_WRITES)
@pytest.mark.parametrize("name", SCENARIOS)
async def test_no_fault_promises_a_unit_twice_loses_one_or_forgets_a_household(
    name: str, kind: str, own: Town, record_property: Note
):
    fair = await operations(own, SCENARIOS[name])
    points = [(kind, n) for n, made in enumerate(fair) if kind in KINDS_OF_READS or made.startswith(WRITES)]

    await walk(own, SCENARIOS[name], points, record_property)


async def operations(own: Town, scenario: Scenario) -> list[str]:
    """Return the operations of a command where nothing fails."""
    fair = Injection()
    await play(own, scenario, fair)
    return fair.operations


async def walk(own: Town, scenario: Scenario, points: list[tuple[str, int]], record_property: Note) -> None:
    """Let a command meet one fault after the other, each in a case of its own."""
    for kind, index in points:
        injection = Injection(kind, index)
        await play(own, scenario, injection)
        assert injection.was_reached
        calls_again = kind != "killed after" and not scenario.goes_on_by_itself
        if calls_again:
            await again(own, scenario)
        await own.run_on()
        for step in scenario.then:
            await step(own)
        with noted(f"{kind} at {index} of {injection.operations}"):
            await own.check(scenario.ends if calls_again or scenario.goes_on_by_itself else {})

        record_property("fault points", 1)


async def play(own: Town, scenario: Scenario, injection: Injection) -> None:
    """Begin a case, and call its command once."""
    await own.begin()
    for step in scenario.prepare:
        await step(own)
    await own.attempt(scenario.act, injection)


async def again(own: Town, scenario: Scenario) -> None:
    """Call again; that it was done already is an answer."""
    try:
        await scenario.act(own)
    except (NothingDue, PlaceGone) as refusal:
        raise AssertionError(f"a repeat was refused: {refusal!r}") from refusal
