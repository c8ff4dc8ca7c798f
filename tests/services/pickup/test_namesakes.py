"""Two clerks of one name: whatever is stored of what they did tells them apart, and so does every decision about it."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from functions.pickup import sites as site_views
from functions.tasks import views as task_views
from services.case.request import Case, Request
from services.case.task import Staff
from services.errors import FieldError, InvalidSubmission
from services.intake.service import Receipt
from services.pickup.counter.correcting import Amendment
from services.pickup.counter.counter import HandOver
from services.pickup.counter.judging import Judging
from services.pickup.errors import AlreadyDecided, AlreadyHandedOver
from services.pickup.stock.fields import AllotFields, SplitFields
from services.pickup.stock.sites import Move
from stores.case import body_of, request_of
from tests.pickup import site, slot, stock
from tests.services.pickup.town import Town
from wiring import PARTS

ROLES = frozenset({"Team.supplies", "Supervisor"})
SATO, NAMESAKE = Staff("u-sato", "佐藤", ROLES), Staff("u-namesake", "佐藤", ROLES)
MORNING, EVENING, SPLIT = (f"pickup-20261124-{hour}00" for hour in (10, 18, 12))
HANDED = HandOver(id="hand-over-0001", receiver="proxy", proxy_name="代理 人")
AMENDMENT = Amendment(id="correct-0001", answers={"members": 3}, reason="子が生まれた")
SIGNED = {
    *("put", "opened", "allotted", "closed", "split_decided"),
    *("corrected", "override", "received_by_proxy"),
    *("claimed", "renewed", "released", "revoked", "completed"),
    *("received", "handed_over"),
}
"""What somebody does: events by their names, moves by their kinds."""


class Shift(Town):
    """Hold a town where two clerks of one name are on duty."""

    first: Receipt

    async def keep_the_school(self) -> None:
        keeping = self.counter.keeping
        await keeping.put_site("school", site(), SATO)
        await keeping.move("school", stock(kit=50), SATO)
        for hour in (10, 18):
            await keeping.open_slot("school", slot(hour=hour, places=5), SATO)
        await keeping.put_site("school", site(phone="0000-00-0000"), NAMESAKE)
        await keeping.allot("school", MORNING, AllotFields(id="change-0001", lines={"kit": 1}, places=1), NAMESAKE)
        await keeping.close_slot("school", EVENING, NAMESAKE)

    async def serve(self) -> None:
        self.first = await self.ask(1)
        await self.counter.correcting.correct(self.first.reference, AMENDMENT, SATO)
        await self.counter.handing.hand_over(self.first.reference, HANDED, SATO)
        again = await self.ask(1)
        counter = self.counter
        judging = Judging(counter.store, counter.reservations, counter.handing, counter.audit, counter.clock)
        await judging.override(again.reference, "火事で失った", NAMESAKE)

    async def work_at_tasks(self) -> None:
        tasks = self.counter.tasks
        [one] = await self.counter.claim(SATO, "claim-a001")
        await tasks.renew(one.task.id, SATO, 1, seconds=1800)
        await tasks.release(one.task.id, SATO, 1, note=None)
        [one] = await self.counter.claim(NAMESAKE, "claim-b001")
        await tasks.revoke(one.task.id, SATO, 2, note=None)
        [one] = await self.counter.claim(NAMESAKE, "claim-b002")
        await tasks.complete(one.task.id, NAMESAKE, 3, outcome="done", note=None)

    async def decide(self, staff: Staff) -> None:
        seen = await self.counter.splits.preview("school", SPLIT)
        fields = SplitFields(id="split-00001", rule="first_come", reason="足りない", basis=seen.basis)
        await self.counter.splits.decide("school", SPLIT, fields, staff)

    async def split(self) -> None:
        fields = msgspec.structs.replace(slot(hour=12, places=2), fill="split")
        await self.counter.keeping.open_slot("school", fields, SATO)
        await self.decide(SATO)

    def documents(self) -> list[Any]:
        cases = self.counter.store.cases.values()
        of_cases = [document for case in cases for document in (case.request, *case.tasks.values())]
        return [msgspec.to_builtins(document) for document in (*of_cases, *self.counter.sites.documents.values())]

    def forget_ids(self) -> None:
        """Let everything stand as it was written before who did it was kept by id."""
        store, sites = self.counter.store.cases, self.counter.sites.documents
        for reference, case in store.items():
            tasks = {id_: without_ids(task) for id_, task in case.tasks.items()}
            store[reference] = Case(without_ids(case.request), tasks)
        for key, document in sites.items():
            sites[key] = without_ids(document)


@pytest.fixture
async def shift() -> Shift:
    shift = Shift()
    await shift.keep_the_school()
    await shift.serve()
    await shift.work_at_tasks()
    await shift.split()
    return shift


def without_ids[T: msgspec.Struct](document: T) -> T:
    """Read a document again, from JSON in which nobody has an id."""
    if isinstance(document, Request):
        return request_of(_plain(body_of(document)), PARTS)
    return msgspec.convert(_plain(msgspec.to_builtins(document)), type(document))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if key != "byId"}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def signed(value: Any) -> Iterator[dict[str, Any]]:
    """Yield everything in a document that says by whom it was done."""
    if isinstance(value, dict):
        if "by" in value:
            yield value
        for one in value.values():
            yield from signed(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from signed(one)


async def test_whatever_says_by_whom_it_was_done_says_by_which_of_two_of_one_name(shift: Shift):
    found = list(signed(shift.documents()))

    assert {one["by"] for one in found} == {"佐藤"}
    assert {one.get("event") or one.get("kind") for one in found} >= SIGNED
    assert [one for one in found if one.get("byId") not in ("u-sato", "u-namesake")] == []
    assert {one["byId"] for one in found if one.get("event") in ("claimed", "put")} == {"u-sato", "u-namesake"}
    assert {one["byId"] for one in found if "shares" in one or "answers" in one} == {"u-sato"}


async def test_a_hand_over_that_a_namesake_repeats_is_told_as_another_s(shift: Shift):
    with pytest.raises(AlreadyHandedOver):
        await shift.counter.handing.hand_over(shift.first.reference, HANDED, NAMESAKE)

    again = await shift.counter.handing.hand_over(shift.first.reference, HANDED, SATO)

    assert again.handed_over
    assert again.handed_over.by_id == "u-sato"


async def test_a_correction_that_a_namesake_repeats_is_refused(shift: Shift):
    correcting, reference = shift.counter.correcting, shift.first.reference

    with pytest.raises(InvalidSubmission) as refused:
        await correcting.correct(reference, AMENDMENT, NAMESAKE)

    assert refused.value.errors == (FieldError("/id", "used_before"),)
    assert (await correcting.correct(reference, AMENDMENT, SATO)).card.request.reference == reference


async def test_a_decision_that_a_namesake_repeats_is_told_as_another_s(shift: Shift):
    await shift.decide(SATO)

    with pytest.raises(AlreadyDecided):
        await shift.decide(NAMESAKE)


async def test_what_was_written_before_ids_were_kept_is_read_and_worked_on(shift: Shift):
    late = await shift.ask(2)
    shift.forget_ids()
    counter, reference = shift.counter, shift.first.reference

    repeated = await counter.handing.hand_over(reference, HANDED, NAMESAKE)
    await counter.correcting.correct(reference, AMENDMENT, NAMESAKE)
    await shift.decide(NAMESAKE)
    await counter.handing.hand_over(late.reference, HandOver(id="hand-over-0002", receiver="household"), NAMESAKE)

    assert repeated.handed_over
    assert (repeated.handed_over.by, repeated.handed_over.by_id) == ("佐藤", None)
    assert shift.booking(late).state == "collected"
    assert {one.get("byId") for one in signed(shift.documents())} == {None, "u-namesake"}


async def test_staff_are_shown_names_and_no_ids(shift: Shift):
    tasks = [task for case in shift.counter.store.cases.values() for task in case.tasks.values()]
    moves = [document for document in shift.counter.sites.documents.values() if isinstance(document, Move)]

    shown = [task_views.task(task) for task in tasks] + [site_views._move(move) for move in moves]

    assert "佐藤" in str(shown)
    assert "u-sato" not in str(shown)
    assert "u-namesake" not in str(shown)
