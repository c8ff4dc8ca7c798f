"""What pickup needs from the outside, as protocols; services/case/ports.py says what holds for all of them."""

from collections.abc import Sequence
from typing import Protocol

from services.pickup.entitlement.quotas import Quota
from services.pickup.households.alike import Alike
from services.pickup.sharing.split_rules import Decision
from services.pickup.slots.turns import HouseholdInLine, Opening, Turn
from services.pickup.stock.sites import Move, Site, Slot, Stock, WholeSite
from services.times import Instant


class Bookings(Protocol):
    """Find bookings among the requests."""

    async def sharing(self, blocks: Sequence[str], kinds: int, after: str, limit: int) -> list[Alike]:
        """List who shares at least so many kinds of evidence (`Booking.blocks`), by reference, after a reference."""

    async def folded_before(self, folding: int, after: str, limit: int) -> list[str]:
        """List the references whose booking is of an older folding, in their order, after a reference."""

    async def waiting(self, method: str, limit: int) -> list[HouseholdInLine]:
        """List the households that wait for a place or were called to one, in the order of their receipts."""


class SiteStore(Protocol):
    """Keep pickup sites, their slots and their stock; one logical partition per site."""

    async def openings(self, now: Instant) -> list[Opening]:
        """List the slots that have not begun, the earliest first."""

    async def site(self, site: str) -> Site | None:
        """Read what is said of a site."""

    async def whole_site(self, site: str) -> WholeSite | None:
        """Read a site with its stock and its slots."""

    async def sites(self) -> list[Site]:
        """List all sites."""

    async def slot(self, site: str, slot: str) -> Slot | None:
        """Read a slot with its entries."""

    async def turn(self, site: str, slot: str, turn: Turn, move: Move | None = None) -> bool:
        """Make a turn, and with it a move of stock, in one write; False where the slot's state does not admit it."""

    async def mark_line(self, site: str, slot: str) -> None:
        """Keep what comes back to a slot for those who wait."""

    async def clear_line(self, opening: Opening) -> None:
        """Let newcomers in again, unless the slot changed since it was listed."""

    async def save(self, site: str, documents: Sequence[Site | Slot | Stock | Move | Decision]) -> None:
        """Write all documents or none, each only over the state that was read; raises WriteConflict otherwise."""

    async def due_slots(self, now: Instant, limit: int) -> list[Opening]:
        """List the slots to look after, the most overdue first."""

    async def put_off(self, opening: Opening, now: Instant) -> None:
        """Let a slot that cannot be used be due again an hour later, unless it changed since it was listed."""

    async def move(self, site: str, id_: str) -> Move | None:
        """Read one move of stock."""

    async def moves(self, site: str) -> list[Move]:
        """List the moves of a site's stock, the earliest first."""

    async def decision(self, site: str, slot: str) -> Decision | None:
        """Read how the stock of a slot was split."""


class QuotaStore(Protocol):
    """Keep the quotas of households."""

    async def read(self, id_: str) -> Quota | None:
        """Read a quota."""

    async def save(self, quota: Quota) -> None:
        """Write a quota over the state that was read; raises WriteConflict otherwise."""
