"""An operator brings what an older version folded to the folding of today, on the whole desk."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

import wiring
from services.case import cases
from services.case.request import Case, Changes
from services.pickup.part import booked, with_booking
from settings import Settings
from stores.case import CosmosRequests
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.operators import Operator
from tests.end_to_end.staff_pages import household_with_place, open_site
from tests.fakes import Noted
from wiring import PARTS

pytestmark = pytest.mark.xdist_group("office")


@pytest.fixture
def operator(desk: RunningDesk) -> Operator:
    return Operator(desk)


def make_old(desk: RunningDesk, reference: str) -> None:
    """Let a booking be one of the first folding."""
    values = json.loads((desk.folder / "local.settings.json").read_text(encoding="utf-8"))["Values"]

    def old(case: Case) -> Changes:
        booking = msgspec.structs.replace(booked(case.request), folding=1)
        return (with_booking(case.request, booking),)

    async def run() -> None:
        app = wiring.build(Settings.from_env(values))
        try:
            await cases.change(CosmosRequests(app.cosmos, PARTS, Noted()), reference, old)
        finally:
            await app.close()

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, run()).result()


def test_an_operator_sees_in_a_dry_run_what_a_run_then_folds_anew_once(desk: RunningDesk, operator: Operator):
    receipt, _ = household_with_place(desk, *open_site(desk))
    make_old(desk, receipt["reference"])

    told, done, again = (operator.run("refold", *options) for options in (["--dry-run"], [], []))

    assert [(one["lookedAt"], one["rewritten"], one["next"]) for one in (told, done)] == [(1, 1, None)] * 2
    assert (again["lookedAt"], again["left"]) == (0, 0)


def test_whoever_asks_says_whether_to_rewrite(desk: RunningDesk):
    for body in ({}, {"dryRun": "yes"}, {"dryRun": True, "limit": 5}, {"dryRun": True, "after": "x" * 21}):
        answer = desk.http.post("/api/operations/refolding", json=body, headers=desk.token("op", "Operator"))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
