"""What residents do about the place of their request: they confirm it, or choose another."""

from services.case.request import Request
from services.intake.service import Requests
from services.pickup.booking.reservations import Reservations
from services.pickup.errors import NoSuchSlot, PlaceChangedTooOften, PlaceGone


class Residents:
    """Serve residents, each by reference and access code."""

    def __init__(self, requests: Requests, reservations: Reservations) -> None:
        self._requests = requests
        self._reservations = reservations

    async def confirm_place(self, reference: str, access_code: str) -> Request:
        """Confirm the place that is held; raises UnknownRequest, TooManyTries, NotYetProcessed, PlaceGone."""
        request = await self._requests.opened(reference, access_code)
        try:
            return await self._reservations.confirm(request)
        except PlaceGone as refusal:
            refusal.phone = await self._requests.phone_of(request)
            raise

    async def choose_place(self, reference: str, access_code: str, slot: str) -> Request:
        """Ask for another slot.

        Raises UnknownRequest, TooManyTries, NotYetProcessed, PlaceGone, NoSuchSlot and PlaceChangedTooOften.
        """
        request = await self._requests.opened(reference, access_code)
        try:
            return await self._reservations.choose(request, slot)
        except (PlaceGone, NoSuchSlot, PlaceChangedTooOften) as refusal:
            refusal.phone = await self._requests.phone_of(request)
            raise
