"""What becomes of a household's place over HTTP: corrected at the counter, moved with its site, delivered."""

import asyncio
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import wiring
from settings import Settings
from tests.end_to_end.conftest import SITE, RunningDesk
from tests.end_to_end.over_http import (
    claim_one,
    complete,
    eventually,
    new_key,
    of_another_household,
    open_tasks,
    status,
    submit,
)
from tests.end_to_end.supplies import numbers, post, slot_on
from wiring.pickup import pickup

pytestmark = pytest.mark.xdist_group("office")


def booked(desk: RunningDesk, receipt: dict[str, Any], state: str) -> dict[str, Any]:
    """Return the booking of a request once it is in a state."""

    def found() -> dict[str, Any] | None:
        booking = status(desk, receipt).get("booking") or {}
        return booking if booking.get("state") == state else None

    booking = eventually(found)
    assert booking
    return booking


def tend(desk: RunningDesk) -> None:
    """Look after sites and slots now, as the sweeper does every minute."""
    values = json.loads((desk.folder / "local.settings.json").read_text(encoding="utf-8"))["Values"]

    async def run() -> None:
        app = wiring.build(Settings.from_env(values))
        try:
            await pickup(app).tending.run()
        finally:
            await app.close()

    with ThreadPoolExecutor(1) as apart:
        apart.submit(asyncio.run, run()).result()


def correct(desk: RunningDesk, receipt: dict[str, Any], roles: str = "Team.welfare", **changes: Any) -> Any:
    body = {"reference": receipt["reference"], "id": "correct-0001", "reason": "本人の申し出", "answers": {}} | changes
    return desk.http.post("/api/staff/pickup/corrections", json=body, headers=desk.token("yamada", roles))


def test_staff_correct_a_household_and_the_units_of_its_place_follow(desk: RunningDesk):
    receipt = submit(desk)
    booked(desk, receipt, "confirmed")
    people = {"household": {"members": 4}}

    corrected = [correct(desk, receipt, answers=people) for _ in range(2)]

    assert [answer.status_code for answer in corrected] == [200, 200], corrected[0].text
    assert corrected[0].json() == corrected[1].json()
    card, keeps = corrected[0].json()["card"], corrected[0].json()["keepsUnits"]
    assert (card["members"], card["state"], keeps) == (4, "confirmed", False)
    assert {line["item"]: line["units"] for line in card["due"]}["water"] == 24
    assert "世帯についての内容を、職員が直しました。" in [e["text"] for e in status(desk, receipt)["history"]]
    wrong = correct(desk, receipt, id="correct-0002", answers={"household": {"members": 0}, "items": ["food"]})
    assert {e["pointer"]: e["code"] for e in wrong.json()["errors"]} == {
        "/answers/items": "not_of_household",
        "/answers/household/members": "minimum",
    }
    assert correct(desk, receipt, "Channel.line", id="correct-0003").status_code == 403
    assert correct(desk, {"reference": "K7M2-QX9P-D4TB"}, id="correct-0003").status_code == 404
    assert correct(desk, receipt, id="correct-0003", reason=" ").status_code == 422


def test_residents_of_a_site_that_moves_are_asked_and_those_of_one_that_closes_go_elsewhere(
    desk: RunningDesk, officer: dict[str, str], site: str
):
    opened = post(desk, f"{site}/slots", slot_on(80), officer).json()
    body = of_another_household()
    body["answers"] = {**body["answers"], "items": ["blanket"], "slot": f"{site}.{opened['id']}"}
    receipt = submit(desk, body)
    booked(desk, receipt, "confirmed")

    moved = SITE | {"address": "見本市北町9", "moved": True}
    assert desk.http.put(f"/api/pickup/sites/{site}", json=moved, headers=officer).status_code == 200
    tend(desk)
    booked(desk, receipt, "held")
    assert eventually(lambda: status(desk, receipt)["booking"]["place"]["site"].get("address") == "見本市北町9")
    desk.http.post(
        f"/api/requests/{receipt['reference']}/place/confirm", headers={"Access-Code": receipt["accessCode"]}
    )

    booked(desk, receipt, "confirmed")
    closed = SITE | {"address": "見本市北町9", "isOpen": False}
    assert desk.http.put(f"/api/pickup/sites/{site}", json=closed, headers=officer).json()["isOpen"] is False
    tend(desk)
    assert booked(desk, receipt, "held")["place"]["site"]["id"] != site
    assert {slot["state"] for slot in numbers(desk, site, officer)["slots"]} == {"closed"}
    refused = post(desk, f"{site}/slots", slot_on(81), officer)
    assert refused.json()["errors"][0]["code"] == "site_closed"


def test_completing_a_delivery_hands_its_supplies_over(desk: RunningDesk):
    body = of_another_household()
    body["answers"] = {**body["answers"], "receive": "delivery", "deliveryReason": "mobility"}
    receipt = submit(desk, body, new_key())
    place = booked(desk, receipt, "confirmed")["place"]
    [task] = eventually(lambda: [t for t in open_tasks(desk, receipt) if t["kind"] == "home-delivery"])

    complete(desk, claim_one(desk, task))
    booked(desk, receipt, "collected")

    assert eventually(lambda: status(desk, receipt)["status"] == "completed")
    at, staff = place["site"]["id"], desk.token("busshi", "Team.supplies")
    moves = desk.http.get(f"/api/pickup/sites/{at}/moves", headers=staff).json()["moves"]
    assert [m["kind"] for m in moves if m.get("reference") == receipt["reference"]] == ["handed_over"]
    card = desk.http.post(
        "/api/staff/pickup/cards",
        json={"reference": receipt["reference"], "view": secrets.token_urlsafe(9)},
        headers=staff,
    ).json()
    assert (card["state"], card["due"]) == ("collected", [])
