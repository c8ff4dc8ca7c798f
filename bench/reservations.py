"""What a reservation costs, and how often it must try: 64 clients, one hot slot or fifty, without faults and with."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import nullcontext

from bench.operations import Counted
from services import times
from services.case.request import Case, Contact, Submission
from services.case.task import Staff
from services.errors import StoreUnavailable, WriteConflict
from services.intake.service import Receipt
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.part import booking_of
from services.pickup.stock.fields import SlotFields
from stores.pickup.sites import SITES
from tests.pickup import PICKUP_DEFINITION, answers, site, stock
from tests.reliability.faults import Injection, Storm, under_the_sdks
from wiring.app import App
from wiring.pickup import pickup

HOUSEHOLDS = 500
CLIENTS = 64
SLOTS = 50
STORM = 0.1
MOST_TRIES = 3
OFFICER = Staff("u-bench", "計測", frozenset({"Team.supplies", "Supervisor"}))
STEP = "reserve.1"


async def report(app: App) -> None:
    """Print reservations per second, operations per reservation, and tries without faults and in a storm."""
    await app.catalog.publish(PICKUP_DEFINITION)
    bare = await _bare_patches(app)
    asked = await _ask_all(app, "hot", slots=1)
    hot = await _reserve_all(app, asked)
    many = await _reserve_all(app, await _ask_all(app, "many", slots=SLOTS))
    print(
        f"(e) reservations of {HOUSEHOLDS} households by {CLIENTS} clients; bare patches of one document: {bare:.0f}/s"
    )
    print(f"    one hot slot {hot:5.0f}/s    a reservation costs {bare / hot:.1f} bare patches")
    print(f"    {SLOTS} slots     {many:5.0f}/s    {many / hot:.2f} of one hot slot")
    await _count_at_the_counter(app, asked[0])
    async with under_the_sdks():
        fair, storms = [Injection() for _ in range(HOUSEHOLDS)], [Storm(STORM, seed=n) for n in range(HOUSEHOLDS)]
        await _reserve_all(app, await _ask_all(app, "fair", slots=1), fair)
        await _reserve_all(app, await _ask_all(app, "storm", slots=1), storms)
    counted = Counter(operation for one in fair for operation in one.operations)
    for operation, number in counted.most_common():
        print(f"    {operation:24}{number / HOUSEHOLDS:6.2f} for each reservation")
    _tries("tries at the hot slot, no faults", fair)
    _tries("tries, a tenth of operations failing", storms)
    print(f"    (412, 429, 449, lost replies, refused connections; aim: p99 at most {MOST_TRIES})\n")


async def _ask_all(app: App, name: str, *, slots: int) -> list[Receipt]:
    """Open a site with room for every household in so many slots, and let each ask for a place in one."""
    units = HOUSEHOLDS // slots
    await pickup(app).keeping.put_site(name, site(), OFFICER)
    await pickup(app).keeping.move(name, stock(kit=HOUSEHOLDS), OFFICER)
    wishes = []
    for number in range(slots):
        starts = times.later(times.system_clock(), 86_400 + 3600.0 * number)
        fields = SlotFields(starts=starts, ends=times.later(starts, 3600), places=units, allotted={"kit": units})
        wishes.append(f"{name}.{(await pickup(app).keeping.open_slot(name, fields, OFFICER)).id}")
    return await _side_by_side(range(HOUSEHOLDS), lambda n: _ask(app, name, n, wishes[n % slots]))


async def _ask(app: App, name: str, number: int, wish: str) -> Receipt:
    sent = Submission(
        service="kits",
        answers=answers(number, address=f"見本市{name}町{number}番", slot=wish),
        contact=Contact(name=f"見本 {name} {number}"),
    )
    receipt, _ = await app.requests.submit(sent, f"key-of-the-household-{name}-{number:05}", None)
    return receipt


async def _count_at_the_counter(app: App, receipt: Receipt) -> None:
    """Print how many calls a correction of one household, and its hand-over, send to Cosmos DB."""
    correction = Amendment(id="bench-correction", answers={"name": "見本 直子"}, reason="計測")
    parts: dict[str, Callable[[], Awaitable[object]]] = {
        "a correction": lambda: pickup(app).correcting.correct(receipt.reference, correction, OFFICER),
        "a hand-over": lambda: pickup(app).counter.hand_over(
            receipt.reference, HandOver(id="bench-hand-over", receiver="household"), OFFICER
        ),
    }
    for name, do in parts.items():
        with Counted() as counted:
            await do()
        print(f"    {name} at the counter: {counted.calls.count('Cosmos DB')} calls to Cosmos DB")


async def _reserve_all(app: App, receipts: Sequence[Receipt], watching: Sequence[Injection] = ()) -> float:
    """Take the step of every request; return how many were done each second."""
    start = time.perf_counter()
    await _side_by_side(range(HOUSEHOLDS), lambda n: _reserve(app, receipts[n], watching[n] if watching else None))
    return HOUSEHOLDS / (time.perf_counter() - start)


async def _reserve(app: App, receipt: Receipt, watching: Injection | None) -> None:
    """Take the step, again where a store does not answer, as the queue does; raises where it got no place."""
    with watching.armed() if watching else nullcontext():
        for _ in range(50):
            try:
                request = await app.requests.status(receipt.reference, receipt.access_code)
                booking = booking_of(request) if request else None
                if request and STEP not in request.pending and booking and booking.place:
                    return
                if request:
                    await pickup(app).reservations.reserve(Case(request, {}), STEP, request.pending[STEP])
            except (StoreUnavailable, WriteConflict):
                continue
    raise RuntimeError(f"{receipt.reference} got no place in 50 tries")


async def _bare_patches(app: App) -> float:
    """Return how many conditional patches of one document the same clients make each second."""
    await pickup(app).keeping.put_site("bare", site(), OFFICER)
    patch = [{"op": "set", "path": "/phone", "value": "0000-00-0000"}]

    async def one(_: int) -> None:
        await app.cosmos.ask(
            SITES, lambda c: c.patch_item("site", "bare", patch, filter_predicate="FROM c WHERE c.siteId = 'bare'")
        )

    start = time.perf_counter()
    await _side_by_side(range(HOUSEHOLDS), one)
    return HOUSEHOLDS / (time.perf_counter() - start)


async def _side_by_side[T](numbers: Iterable[int], do: Callable[[int], Awaitable[T]]) -> list[T]:
    clients = asyncio.Semaphore(CLIENTS)

    async def one(number: int) -> T:
        async with clients:
            return await do(number)

    return list(await asyncio.gather(*(one(number) for number in numbers)))


def _tries(name: str, watched: Sequence[Injection]) -> None:
    """Print how many patches of the slot a reservation sent."""
    tries = sorted(one.operations.count("patch in sites") for one in watched)
    p50, p99 = (tries[math.ceil(len(tries) * share) - 1] for share in (0.5, 0.99))
    print(f"    {name:38} p50 {p50}  p99 {p99}  at most {tries[-1]}")
