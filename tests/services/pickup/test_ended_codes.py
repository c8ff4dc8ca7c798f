"""An access code that was replaced opens nothing of supplies; tests/services/intake/test_reissue.py has the rest."""

import pytest

from services.errors import StoreUnavailable, UnknownRequest
from services.intake.reissue import Reissue
from services.intake.service import Receipt
from tests.counter import HANAKO
from tests.pickup_counter import PickupCounter


@pytest.fixture
def counter() -> PickupCounter:
    return PickupCounter()


@pytest.fixture
async def ended(counter: PickupCounter) -> Receipt:
    """Return a receipt whose code was replaced."""
    receipt = await counter.submit()
    await counter.reissuing.reissue(receipt.reference, Reissue(id="reissue-0001", checked="driving_licence"), HANAKO)
    return receipt


async def test_the_code_that_was_given_confirms_and_chooses_no_place(counter: PickupCounter, ended: Receipt):
    for act in (
        lambda: counter.residents.confirm_place(ended.reference, ended.access_code),
        lambda: counter.residents.choose_place(ended.reference, ended.access_code, "site.slot"),
    ):
        with pytest.raises(UnknownRequest):
            await act()


async def test_with_the_store_away_an_ended_code_confirms_no_place(counter: PickupCounter, ended: Receipt):
    counter.store.away = True

    with pytest.raises(StoreUnavailable):
        await counter.residents.confirm_place(ended.reference, ended.access_code)
