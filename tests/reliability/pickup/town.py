"""Pickup sites of its own on the emulators: the test plays residents, officers, the counter and the passing of time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from local.provision import provision
from services import times
from services.case.receipts import access_code_for, reference_for
from services.case.request import Case, Contact, Submission
from services.case.task import Staff
from services.errors import StoreUnavailable, UnknownRequest, WriteConflict
from services.intake.service import Receipt
from services.pickup.booking.state import HAS_PLACE, Booking
from services.pickup.entitlement.quotas import Quota
from services.pickup.part import booking_of
from services.pickup.stock.fields import SlotFields
from services.pickup.stock.sites import Move, Stock, WholeSite, after
from settings import Settings
from stores.case import REQUESTS
from stores.pickup.sites import QUOTAS, SITES
from tests.counter import SECRETS
from tests.fakes import FakeClock
from tests.pickup import NOW, OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from tests.reliability.faults import Injection, Killed
from wiring import build
from wiring.pickup import pickup

CLERK = Staff("u-clerk", "窓口 係", frozenset({"Team.supplies"}))
LIVE = ("held", "confirmed")
DAYS_OF_A_CASE = 7
"""Every case has a week of its own, so that each runs as the others do."""


class Town:
    """Hold one site for each case; `receipts` are what its residents were given, by their names."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = FakeClock()
        self.cases = 0
        self.receipts: dict[str, Receipt] = {}
        self.site = "none"
        self._start()

    async def begin(self) -> None:
        """Begin another case: a site of its own, and an instance that has read no more than the catalog."""
        await self._forget()
        self.cases += 1
        self.clock.now = times.later(NOW, self.cases * DAYS_OF_A_CASE * 86_400)
        self.site = f"site-{self.cases}"
        self.receipts = {}
        await self.restart()
        await self.app.catalog.services()

    async def restart(self) -> None:
        """Drop the instance and start another."""
        await self.app.close()
        self._start()

    def _start(self) -> None:
        self.app = build(self.settings, self.clock, queue_prefix=f"{self.settings.cosmos_database}-")

    async def attempt(self, act: Callable[["Town"], Awaitable[object]], injection: Injection) -> None:
        """Call once under a fault, as a caller who may get no answer."""
        try:
            with injection.armed():
                await act(self)
        except (StoreUnavailable, WriteConflict):
            return
        except Killed:
            await self.restart()

    async def open(self, *places: int) -> None:
        """Open the site with a slot of an hour for each of these numbers of places, and a kit for every place."""
        await pickup(self.app).keeping.put_site(self.site, site(), OFFICER)
        await pickup(self.app).keeping.move(self.site, stock(kit=sum(places) + 2), OFFICER)
        for number, count in enumerate(places):
            fields = slot(hour=10 + number, places=count, kit=count)
            await pickup(self.app).keeping.open_slot(self.site, self.later(fields), OFFICER)

    def later(self, fields: SlotFields) -> SlotFields:
        """Return a slot as many days later as this case is."""
        starts, ends = (times.later(i, self.cases * DAYS_OF_A_CASE * 86_400) for i in (fields.starts, fields.ends))
        return msgspec.structs.replace(fields, starts=starts, ends=ends)

    async def submit(self, name: str, household: str | None = None) -> None:
        """Let a resident ask; the same household may ask under another name."""
        number = sum(map(ord, household or name))
        key = f"key-of-{name}-in-the-case-{self.cases:06}"
        self.receipts[name], _ = await self.app.requests.submit(self.submission(number), key, None)

    def know(self, name: str, channel: str, key: str) -> None:
        """Know the receipt that a key gives, whether its request comes to be or not."""
        reference = reference_for(SECRETS, channel, key)
        code = access_code_for(SECRETS, reference, version=1, epoch=0)
        self.receipts[name] = Receipt(
            reference=reference,
            access_code=code,
            status="accepted",
            service="kits",
            version=1,
            received_at=self.clock(),
            phone="",
        )

    def submission(self, number: int) -> Submission:
        """Return what a household of this case sends."""
        sent = answers(number, address=f"見本市{self.cases}町{number}番")
        return Submission(service="kits", answers=sent, contact=Contact(phone=f"090-{self.cases:04}-{number:04}"))

    async def advance(self, name: str) -> None:
        """Take the steps of a resident's request, as the worker does."""
        await self.app.advance.advance(self.receipts[name].reference)

    async def reserve(self, name: str, household: str | None = None) -> None:
        """Let a resident ask and get what there is."""
        await self.submit(name, household)
        await self.advance(name)

    async def run_on(self) -> None:
        """Let minutes pass with workers, sweeper and tending at work, until nothing is left to be done."""
        for _ in range(3):
            for name in self.receipts:
                await self._advance_again(name)
            await pickup(self.app).tending.run()
            if not await self.app.requests._store.due(times.later(self.clock(), 3600), 1):
                return
            self.clock.pass_(600)
            await self.app.advance.sweep()

    async def case(self, name: str) -> Case:
        """Read a resident's request."""
        case = await self.app.requests._store.load(self.receipts[name].reference)
        assert case
        return case

    async def booking(self, name: str) -> Booking | None:
        """Read a resident's booking."""
        return booking_of((await self.case(name)).request)

    async def whole(self) -> WholeSite | None:
        """Read the site with its stock and slots, None where none was put."""
        is_there = any(known.site_id == self.site for known in await pickup(self.app).keeping.sites())
        return await pickup(self.app).keeping.site(self.site) if is_there else None

    async def quotas(self) -> list[Quota]:
        """Read all quotas of this case."""

        async def read(container: Any) -> list[dict[str, Any]]:
            return [item async for item in container.query_items("SELECT * FROM c")]

        return msgspec.convert(await self.app.cosmos.ask(QUOTAS, read), list[Quota])

    async def check(self, ends: dict[str, str]) -> None:
        """Check what must hold of the site and its residents, however it came about."""
        whole = await self.whole()
        moves = await pickup(self.app).keeping.moves(self.site) if whole else []
        read = {name: await self.app.requests._store.load(receipt.reference) for name, receipt in self.receipts.items()}
        cases = {name: case for name, case in read.items() if case}
        found = {name: booking_of(case.request) for name, case in cases.items()}
        quotas = await self.quotas()
        assert {name: b.state if b else None for name, b in found.items() if name in ends} == ends
        for case in cases.values():
            left = {step.kind for step in case.request.pending.values()}
            assert left == ({"expire"} if _state(case) == "held" else set()), "no step is pending for ever"
            ids = [event.id for event in case.request.history]
            assert len(set(ids)) == len(ids), "no event stands twice"
        if whole:
            check_stock(whole, moves)
            check_entries(whole, list(cases.values()), moves)
            check_line(whole, list(found.values()))
        for name, case in cases.items():
            booking = found[name]
            granted = [quota for quota in quotas if case.request.reference in quota.grants]
            is_due = _state(case) in (*HAS_PLACE, "collected")
            assert len(granted) == (len(booking.policies) if booking and is_due else 0), f"grants of {name}"
            for quota in granted:
                assert len([g for g in quota.grants.values() if g.reason is None]) <= 1, "granted twice"

    async def _advance_again(self, name: str) -> None:
        try:
            await self.advance(name)
        except UnknownRequest:
            return

    async def _forget(self) -> None:
        """Delete the last case: its slots would take the residents of the next."""
        references = [receipt.reference for receipt in self.receipts.values()]
        quotas = [quota.id for quota in await self.quotas()]
        of_case = [(SITES, self.site), *((REQUESTS, key) for key in references), *((QUOTAS, key) for key in quotas)]
        for spec, key in of_case:

            async def delete(container: Any, key: str = key) -> None:
                async for item in container.query_items("SELECT c.id FROM c", partition_key=key):
                    await container.delete_item(item["id"], key)

            await self.app.cosmos.ask(spec, delete)


def check_stock(whole: WholeSite, moves: list[Move]) -> None:
    """Check that every unit is explained by the moves, and every allotted one by a slot."""
    summed = Stock(id="stock", site_id=whole.site.site_id)
    for move in moves:
        summed = after(summed, move)
    assert (_some(summed.on_hand), _some(summed.allotted)) == (_some(whole.stock.on_hand), _some(whole.stock.allotted))
    in_slots: dict[str, int] = {}
    for one in whole.slots.values():
        live = [key for key, entry in one.entries.items() if entry.state in LIVE]
        for item in one.items:
            in_slots[item] = in_slots.get(item, 0) + one.free[item] + sum(one.lines(key).get(item, 0) for key in live)
    assert _some(in_slots) == _some(whole.stock.allotted)
    assert all(units >= 0 for units in whole.stock.on_hand.values())


def check_entries(whole: WholeSite, cases: list[Case], moves: list[Move]) -> None:
    """Check that slots and bookings name each other, and that places and units add up."""
    live, collected = set(), set()
    for one in whole.slots.values():
        taken = [entry for entry in one.entries.values() if entry.state in (*LIVE, "collected")]
        assert one.places == one.free_places + len(taken), "places add up"
        assert one.free_places >= 0
        assert all(units >= 0 for units in one.free.values())
        live |= {(one.id, key) for key, entry in one.entries.items() if entry.state in LIVE}
        collected |= {(one.id, key) for key, entry in one.entries.items() if entry.state == "collected"}
    booked = {state: {_place_of(c) for c in cases if _state(c) in state} for state in (HAS_PLACE, ("collected",))}
    assert live == booked[HAS_PLACE], "no entry without its booking, no booking without its entry"
    assert collected == booked[("collected",)]
    handed = [move.id for move in moves if move.kind == "handed_over"]
    assert sorted(handed) == sorted(f"{key}.handed_over" for _, key in collected), "a hand-over stands once"
    assert all(c.request.status == "completed" for c in cases if _state(c) == "collected" and not _open_tasks(c))


def check_line(whole: WholeSite, bookings: list[Booking | None]) -> None:
    """Check that nobody waits while there is room."""
    room = [s for s in whole.slots.values() if s.is_open and s.free_places and s.free.get("kit")]
    assert not (room and [b for b in bookings if b and b.state == "waiting"]), "somebody waits while there is room"


def _place_of(case: Case) -> tuple[str, str]:
    booking = booking_of(case.request)
    assert booking
    assert booking.place
    return booking.place.slot, f"{case.request.reference}.{booking.place.round}"


def _state(case: Case) -> str:
    return booking_of(case.request).state if booking_of(case.request) else ""


def _open_tasks(case: Case) -> list[str]:
    return [id_ for id_, task in case.tasks.items() if task.status == "open"]


def _some(units: dict[str, int]) -> dict[str, int]:
    return {item: number for item, number in units.items() if number}


@asynccontextmanager
async def town(settings: Settings) -> AsyncIterator[Town]:
    """Make a town with a database and queues of its own, open for the service that hands out kits."""
    made = Town(settings)
    try:
        await provision(made.app)
        await made.app.catalog.publish(PICKUP_DEFINITION)
        yield made
    finally:
        await made.app.close()
