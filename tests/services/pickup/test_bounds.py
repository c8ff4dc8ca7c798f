"""Corrections are counted and answered alike, whatever a full history forgot."""

import pytest

from services.pickup.counter.correction_rules import MOST_CORRECTIONS
from services.pickup.errors import TooManyCorrections
from services.pickup.part import corrections_of
from tests.services.case.much import let_much_happen
from tests.services.pickup.correcting_desk import Desk


async def test_a_correction_that_is_sent_again_is_answered_alike_however_much_happened_since():
    desk = Desk()
    await desk.open(2, 2)
    receipt = await desk.ask()
    await desk.correct(receipt, address="見本市西町9番")
    let_much_happen(desk.counter, receipt)
    await desk.correct(receipt, "correct-0002", address="見本市西町10番")

    await desk.correct(receipt, address="見本市西町9番")

    assert desk.request(receipt).answers["address"] == "見本市西町10番"
    assert [one.id for one in corrections_of(desk.request(receipt))] == ["correct-0001", "correct-0002"]


async def test_a_household_is_corrected_only_so_many_times_and_a_repeat_is_none():
    desk = Desk()
    await desk.open(2, 2)
    receipt = await desk.ask()
    for n in range(MOST_CORRECTIONS):
        await desk.correct(receipt, f"correct-{n:04}", address=f"見本市西町{n}番")

    with pytest.raises(TooManyCorrections):
        await desk.correct(receipt, "one-too-many", address="見本市西町99番")
    await desk.correct(receipt, "correct-0003", address="見本市西町3番")

    assert desk.request(receipt).answers["address"] == f"見本市西町{MOST_CORRECTIONS - 1}番"
