"""A town whose reads may be old, and which looks at every write whether it takes away what somebody has."""

import asyncio
import random
from contextlib import suppress
from typing import Any

import msgspec

from services import times
from services.case.task import CLOCKS_DIFFER_BY
from services.errors import Refusal, StoreUnavailable, WriteConflict
from services.intake.service import Receipt
from services.pickup.booking.state import ASKS, HAS_PLACE, place_of
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.entitlement.quotas import Quota, quota_id
from services.pickup.part import booking_of, takings
from services.pickup.slots import turns
from services.pickup.slots.turns import Turn
from services.pickup.stock.fields import SplitFields
from services.pickup.stock.sites import Move, Slot
from tests.counter import HANAKO, SECRETS, SUPERVISOR
from tests.fakes import FakeClock, FakeRequests
from tests.pickup import OFFICER, answers, site, slot
from tests.pickup_fakes import FakeQuotas, FakeSites
from tests.services.pickup.town import Town
from tests.trouble import Conditions, Unreliable

type Command = tuple[Any, ...]
"""A method of the town with its arguments."""

SPLIT = "school.pickup-20261124-1400"
GYM = "gym.pickup-20261124-1500"
KIT = "once"
"""The policy under which a household is granted kits: one for the whole emergency."""


class WatchedSites(FakeSites):
    """Let no turn end an entry that its request still wants, unless its hold ran out."""

    def __init__(self, requests: FakeRequests, clock: FakeClock) -> None:
        super().__init__()
        self._requests = requests
        self._clock = clock

    async def turn(self, site: str, slot: str, turn: Turn, move: Move | None = None) -> bool:
        found = self.documents.get((site, slot))
        made = await super().turn(site, slot, turn, move)
        if made and isinstance(found, Slot):
            for key in (turn.key, turn.ends):
                self._check(found, key, turn) if key else None
        return made

    def _check(self, found: Slot, key: str, turn: Turn) -> None:
        entry = found.entries.get(key)
        ended = turn.entry.state == "ended" or turn.ends == key
        if entry is None or entry.state not in ("held", "confirmed") or not ended:
            return
        reference, round_ = turns.asked_as(key)
        booking = booking_of(self._requests.cases[reference].request)
        place = place_of(f"{found.site_id}.{found.id}", round_)
        seconds = times.moment(times.later(self._clock(), CLOCKS_DIFFER_BY)).timestamp()
        ran_out = entry.state == "held" and entry.until <= seconds
        swapped = bool(turn.ends == key and booking and booking.asks and turns.key_of(reference, booking.asks.round))
        assert ran_out or swapped or (booking and booking.is_past(place)), f"{key} was taken away: {booking}"


class WatchedQuotas(FakeQuotas):
    """Let no write take a grant of kits from a request that has a place by it."""

    def __init__(self, requests: FakeRequests) -> None:
        super().__init__()
        self._requests = requests

    async def save(self, quota: Quota) -> None:
        before = self.quotas.get(quota.id)
        await super().save(quota)
        for reference in set(before.grants if before else ()) - set(quota.grants):
            request = self._requests.cases[reference].request
            booking = booking_of(request)
            asks = booking is not None and booking.state in ASKS and booking.asks is not None
            in_use = asks and before is not None and before.grants[reference].taken >= takings(request)
            needed = needed_by(self._requests, reference, asks=in_use)
            assert quota.id not in needed, f"the grant of {reference} was taken away"


def needed_by(requests: FakeRequests, reference: str, *, asks: bool = False) -> list[str]:
    """Return the quota that a request needs its grant in: that of its household, while it has a place or was served."""
    booking = booking_of(requests.cases[reference].request)
    has = booking is not None and (asks or booking.state in (*HAS_PLACE, "collected")) and KIT in booking.policies
    return [quota_id(booking.household, KIT, SECRETS.reference)] if booking and has else []


class LaggingTown(Town):
    """Hold a school with three slots, one of them for a split, and a gym; `lag` is the share of reads that are old."""

    def __init__(self) -> None:
        super().__init__()
        counter = self.counter
        self.conditions = Conditions()
        self.requests = FakeRequests()
        self.sites = WatchedSites(self.requests, counter.clock)
        self.quotas = WatchedQuotas(self.requests)
        counter.store, counter.sites, counter.quotas = self.requests, self.sites, self.quotas
        counter.bookings = type(counter.bookings)(self.requests)
        for name in ("store", "sites", "quotas", "bookings"):
            setattr(counter, name, Unreliable(getattr(counter, name), self.conditions))
        counter.new_instance()
        self.receipts: list[Receipt] = []
        self.corrected = self.handed = 0

    async def begin(self, lag: float, seed: int) -> None:
        await self.open(1, 2)
        fields = msgspec.structs.replace(slot(hour=14, places=1), fill="split")
        await self.counter.keeping.open_slot("school", fields, OFFICER)
        self.conditions.lag, self.conditions.lags = lag, random.Random(seed)

    # What people, officers and the clock do

    async def asks(self, household: int, wish: str | None) -> None:
        self.receipts.append(await self.ask(household, **({"slot": wish} if wish else {})))

    async def withdraws(self, number: int) -> None:
        await self.withdraw(self._receipt(number))

    async def chooses(self, number: int, wish: str) -> None:
        receipt = self._receipt(number)
        await self.counter.residents.choose_place(receipt.reference, receipt.access_code, wish)

    async def confirms(self, number: int) -> None:
        receipt = self._receipt(number)
        await self.counter.residents.confirm_place(receipt.reference, receipt.access_code)

    async def comes(self, number: int) -> None:
        self.handed += 1
        handed = HandOver(id=f"hand-over-{self.handed:04}", receiver="household")
        await self.counter.handing.hand_over(self._receipt(number).reference, handed, HANAKO)

    async def is_corrected(self, number: int, household: int, members: int) -> None:
        self.corrected += 1
        said = {name: answers(household)[name] for name in ("name", "kana", "address")} | {"members": members}
        amendment = Amendment(id=f"correction-{self.corrected:04}", answers=said, reason="聞き取り")
        await self.counter.correcting.correct(self._receipt(number).reference, amendment, HANAKO)

    async def is_judged(self, number: int) -> None:
        await self.counter.pickup.judging.override(self._receipt(number).reference, "別の世帯", SUPERVISOR)

    async def closes(self, name: str) -> None:
        at, _, id_ = name.partition(".")
        await self.counter.keeping.close_slot(at, id_, SUPERVISOR)

    async def moves(self, number: int) -> None:
        fields = site(address=f"見本市北町{number}", moved=True)
        await self.counter.keeping.put_site("school", fields, OFFICER)

    async def splits(self) -> None:
        at, _, id_ = SPLIT.partition(".")
        preview = await self.counter.splits.preview(at, id_)
        fields = SplitFields(id="split-0001", rule="first_come", reason="不足", basis=preview.basis)
        await self.counter.splits.decide(at, id_, fields, SUPERVISOR)

    async def is_tended(self, name: str) -> None:
        at, _, id_ = name.partition(".")
        await self.counter.tending.tend(at, id_)

    async def works(self) -> None:
        await self.counter.advance.sweep()
        await self.counter.run_workers()

    async def time_passes(self, seconds: float) -> None:
        await self.later(seconds)

    # How a scenario runs

    async def run(self, steps: list[list[Command]]) -> None:
        """Take one step after the other, each of commands side by side."""
        for commands in steps:
            self.conditions.pace = self.conditions.lags if len(commands) > 1 else random.Random(0)
            await asyncio.gather(*(self._try(command) for command in commands))
        self.conditions.pace = random.Random(0)

    async def _try(self, command: Command) -> None:
        """Do one thing; a refusal, or a call to be made again, ends no scenario."""
        name, *arguments = command
        with suppress(Refusal, StoreUnavailable, WriteConflict):
            await getattr(self, name)(*arguments)

    async def calm_down(self) -> None:
        """Let the replicas catch up, and what was left be done."""
        self.conditions.lag = 0
        for _ in range(2):
            await self.later(90)
            for found in [document for document in self.sites.documents.values() if isinstance(document, Slot)]:
                await self.counter.tending.tend(found.site_id, found.id)

    def check(self) -> None:
        """Check that slots and requests say the same, and that no household was granted more than it may have."""
        live = {}
        for found in (document for document in self.sites.documents.values() if isinstance(document, Slot)):
            here = {key: entry for key, entry in found.entries.items() if entry.state in ("held", "confirmed")}
            live |= {(f"{found.site_id}.{found.id}", key): entry for key, entry in here.items()}
            given = [entry for entry in found.entries.values() if entry.state == "collected"]
            if found.due_at or found.is_open:
                assert found.free_places + len(here) + len(given) == found.places
        has = {}
        for reference, case in self.requests.cases.items():
            booking = booking_of(case.request)
            if booking and booking.place and booking.state in HAS_PLACE:
                has[booking.place.name, turns.key_of(reference, booking.place.round)] = booking
        assert set(live) == set(has), f"slots and requests differ: {set(live) ^ set(has)}"
        self._nobody_is_served_twice()

    def _nobody_is_served_twice(self) -> None:
        """Count whom no person let be served again, or was handed its supplies while its household was corrected."""
        served: dict[str, list[str]] = {}
        for reference, case in self.requests.cases.items():
            booking = booking_of(case.request)
            for quota in needed_by(self.requests, reference):
                grants = self.quotas.quotas[quota].grants if quota in self.quotas.quotas else {}
                assert reference in grants, f"{reference} has a place without a grant: {booking}"
                refused = any(event.event == "already" for event in case.request.history)
                if booking and not booking.override and not refused:
                    served.setdefault(booking.household, []).append(reference)
        assert not [twice for twice in served.values() if len(twice) > 1], "served twice"

    def _receipt(self, number: int) -> Receipt:
        if not self.receipts:
            raise WriteConflict("nobody has asked yet")
        return self.receipts[number % len(self.receipts)]
