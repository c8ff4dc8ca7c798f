"""A supplies officer splits a short stock among those who wait, over HTTP.

Infant milk is delivered from no slot of a fresh desk, so whoever asks for it to be delivered waits.
"""

import time
from typing import Any

import pytest

from tests.end_to_end.conftest import SITE, RunningDesk
from tests.end_to_end.over_http import status
from tests.end_to_end.supplies import ask_for_milk, look, post, slot_on

pytestmark = pytest.mark.xdist_group("office")
NAME = "test-split"


@pytest.fixture(scope="module")
def officer(desk: RunningDesk) -> dict[str, str]:
    return desk.token("busshi", "Team.supplies", "Supervisor")


@pytest.fixture(scope="module")
def receipts(desk: RunningDesk) -> list[dict[str, Any]]:
    """Let two households wait, one with one infant and one with two."""
    return [ask_for_milk(desk, infants) for infants in (2, 1)]


@pytest.fixture(scope="module")
def slot(desk: RunningDesk, officer: dict[str, str], receipts) -> str:
    """Open a slot with two tins for the three that are wanted, and return its address."""
    assert desk.http.put(f"/api/pickup/sites/{NAME}", json=SITE, headers=officer).status_code == 200
    post(desk, f"{NAME}/moves", {"id": "delivery-0001", "lines": {"infantMilk": 10}}, officer)
    fields = slot_on(30, method="delivery", fill="split", places=1, allotted={"infantMilk": 2})
    opened = post(desk, f"{NAME}/slots", fields, officer)
    assert (opened.status_code, opened.json()["fill"]) == (200, "split"), opened.text
    return f"{NAME}/slots/{opened.json()['id']}"


def decision(**changes: Any) -> dict[str, Any]:
    return {"id": "split-00001", "rule": "equal_share", "reason": "ミルクが足りないため", "basis": "", **changes}


def decide(desk: RunningDesk, slot: str, officer: dict[str, str], **changes: Any) -> tuple[int, dict[str, Any]]:
    answer = post(desk, f"{slot}/splits", decision(**changes), officer)
    return answer.status_code, answer.json()


def test_an_officer_looks_decides_once_and_everybody_reads_what_came_of_it(desk, officer, receipts, slot):
    seen = look(desk, slot, officer)
    assert (seen["slot"], seen["fill"], seen["decided"]) == (slot.rpartition("/")[2], "split", None)
    assert (seen["waiting"], seen["more"], seen["free"], seen["freePlaces"]) == (2, False, {"infantMilk": 2}, 1)
    assert [p["rule"] for p in seen["previews"]] == ["first_come", "equal_share", "by_members", "flagged_first"]
    assert "見本" not in str(seen)

    stale = decide(desk, slot, officer, basis="0" * 32)
    crowded = decide(desk, slot, officer, basis=seen["basis"])
    post(desk, f"{slot}/allot", {"id": "more-00001", "places": 1}, officer)
    changed = decide(desk, slot, officer, basis=seen["basis"])
    basis = look(desk, slot, officer)["basis"]
    first = decide(desk, slot, officer, basis=basis)
    again = decide(desk, slot, officer, basis=basis)
    other = decide(desk, slot, officer, basis=basis, id="split-00002")
    another_rule = decide(desk, slot, officer, basis=basis, rule="first_come")

    assert (stale[0], stale[1]["code"]) == (changed[0], changed[1]["code"]) == (409, "look_again")
    assert (crowded[0], [e["pointer"] for e in crowded[1]["errors"]]) == (422, ["/rule"])
    assert "2世帯" in crowded[1]["errors"][0]["message"]
    assert first[0] == again[0] == 200
    assert again[1]["decided"] == first[1]["decided"] == look(desk, slot, officer)["decided"]
    assert (other[0], other[1]["code"], other[1]["by"]) == (409, "already_decided", first[1]["decided"]["by"])
    assert (another_rule[0], another_rule[1]["errors"][0]["code"]) == (422, "used_before")

    decided = first[1]["decided"]
    assert (decided["rule"], decided["reason"], decided["followed"]) == ("equal_share", "ミルクが足りないため", True)
    assert [(s["granted"], s["missing"], s["because"]) for s in decided["shares"]] == [
        ({"infantMilk": 1}, {"infantMilk": 1}, "equal_share"),
        ({"infantMilk": 1}, {}, "served"),
    ]
    assert [s["reference"] for s in decided["shares"]] == [receipt["reference"] for receipt in receipts]
    shown = status(desk, receipts[0], "en")
    assert (shown["booking"]["state"], [line["units"] for line in shown["booking"]["lines"]]) == ("held", [1])
    [told] = [e["text"] for e in shown["history"] if e["event"] == "apportioned"]
    assert told.startswith("There are not enough supplies for everybody")
    kinds = [m["kind"] for m in desk.http.get(f"/api/pickup/sites/{NAME}/moves", headers=officer).json()["moves"]]
    assert kinds == ["received", "allotted"]


def test_a_slot_that_is_filled_by_who_comes_first_is_previewed_but_not_decided(desk, officer, slot):
    fields = slot_on(31, allotted={"infantMilk": 1})
    opened = post(desk, f"{NAME}/slots", fields, officer).json()["id"]

    basis = look(desk, f"{NAME}/slots/{opened}", officer)["basis"]
    refused = decide(desk, f"{NAME}/slots/{opened}", officer, basis=basis)
    post(desk, f"{NAME}/slots/{opened}/close", None, officer)
    closed = decide(desk, f"{NAME}/slots/{opened}", officer, basis=basis)

    assert (refused[0], refused[1]["code"]) == (409, "not_for_split")
    assert (closed[0], closed[1]["code"]) == (409, "slot_closed")


def test_a_slot_for_a_split_is_not_among_the_open_ones(desk, officer, slot):
    fields = slot_on(32, method="delivery", fill="split", allotted={"infantMilk": 1})
    opened = post(desk, f"{NAME}/slots", fields, officer).json()["id"]
    deadline = time.monotonic() + 3

    while time.monotonic() < deadline:
        listed = desk.http.get("/api/pickup/slots", params={"method": "delivery"}).json()["slots"]
        assert f"{NAME}.{opened}" not in [each["name"] for each in listed]
        time.sleep(0.5)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"rule": "by_lot"}, "/rule"),
        ({"rule": None}, "/rule"),
        ({"reason": " "}, "/reason"),
        ({"reason": "x" * 501}, "/reason"),
        ({"id": "short"}, "/id"),
        ({"id": "with space 1"}, "/id"),
        ({"basis": 1}, "/basis"),
        ({"surprise": 1}, "/surprise"),
    ],
)
def test_what_does_not_fit_is_told_by_field(desk, officer, slot, changes, pointer):
    status_, problem = decide(desk, slot, officer, **changes)

    assert (status_, [e["pointer"] for e in problem["errors"]]) == (422, [pointer])


@pytest.mark.parametrize("address", ["nowhere/slots/pickup-20261124-1000", f"{NAME}/slots/pickup-20201124-1000"])
def test_a_site_or_slot_that_is_not_there_is_said_so(desk, officer, slot, address):
    seen = desk.http.get(f"/api/pickup/sites/{address}/splits", headers=officer)
    refused = decide(desk, address, officer)

    code = "unknown_site" if address.startswith("nowhere") else "unknown_slot"
    assert (seen.status_code, seen.json()["code"]) == (refused[0], refused[1]["code"]) == (404, code)


def test_looking_and_deciding_each_need_their_role(desk, slot):
    address = f"/api/pickup/sites/{slot}/splits"

    for header in ({}, {"Authorization": "Bearer x.y.z"}):
        assert desk.http.get(address, headers=header).status_code == 401
        assert desk.http.post(address, json=decision(), headers=header).status_code == 401
    assert desk.http.get(address, headers=desk.token("kacho", "Supervisor")).status_code == 403
    assert desk.http.post(address, json=decision(), headers=desk.token("hanako", "Team.supplies")).status_code == 403
