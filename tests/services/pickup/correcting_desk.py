"""A town whose households are corrected, where every operation of every store can fail."""

from typing import Any

from services.intake.service import Receipt
from services.pickup.counter.correcting import Amendment, Corrected
from tests.counter import HANAKO
from tests.pickup import OFFICER, site, slot, stock
from tests.services.pickup.town import MORNING, NOON, Town
from tests.trouble import Conditions, Trouble, Unreliable

REASON = "本人が窓口で申し出た"


class Desk(Town):
    """Hold a town that hands out kits and water, where every operation of every store can fail."""

    async def open(self, *places: int) -> None:
        await self.counter.keeping.put_site("school", site(), OFFICER)
        await self.counter.keeping.move("school", stock(kit=1000, water=1000), OFFICER)
        for n, number in enumerate(places):
            fields = slot(hour=10 + n, places=number, kit=number, water=18 * number)
            await self.counter.keeping.open_slot("school", fields, OFFICER)

    async def correct(self, receipt: Receipt, id_: str = "correct-0001", **changes: Any) -> Corrected:
        amendment = Amendment(id=id_, answers=changes, reason=REASON)
        return await self.counter.correcting.correct(receipt.reference, amendment, HANAKO)

    def grants(self, receipt: Receipt) -> int:
        """Count the grants of a request, of whichever household."""
        return sum(receipt.reference in quota.grants for quota in self.counter.quotas.quotas.values())

    def units(self, receipt: Receipt) -> dict[str, int]:
        place = self.booking(receipt).place
        assert place
        return self.slot(place.name).lines(f"{receipt.reference}.{place.round}")

    def events(self, receipt: Receipt) -> list[str]:
        return [event.event for event in self.request(receipt).history]

    def check(self) -> None:
        """Check that what is free and what live entries hold is what was allotted."""
        for name in (MORNING, NOON):
            found = self.slot(name)
            live = [key for key, entry in found.entries.items() if entry.state != "ended"]
            held = [found.lines(key) for key in live]
            for item, units in found.allotted.items():
                assert found.free[item] + sum(lines.get(item, 0) for lines in held) == units
            assert found.free_places + len(live) == found.places

    def break_at(self, operation: int, trouble: Trouble) -> None:
        """Let one operation of a store fail, and no other."""
        self.conditions.plan = [None] * operation + [trouble]

    def with_conditions(self) -> None:
        self.conditions = Conditions()
        for name in ("store", "bookings", "sites", "quotas", "queues", "audit"):
            setattr(self.counter, name, Unreliable(getattr(self.counter, name), self.conditions))
        self.counter.new_instance()
