"""What supplies officers send over HTTP, and households that wait for what they hand out."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.over_http import of_another_household, status, submit


def slot_on(day: int, hours: tuple[int, int] = (10, 12), **changes: Any) -> dict[str, Any]:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=day)
    starts, ends = (midnight + timedelta(hours=hour) for hour in hours)
    return {"starts": starts.isoformat(), "ends": ends.isoformat(), "places": 5, "allotted": {"blanket": 40}, **changes}


def post(desk: RunningDesk, address: str, body: Any, headers: dict[str, str]) -> httpx.Response:
    return desk.http.post(f"/api/pickup/sites/{address}", json=body, headers=headers)


def numbers(desk: RunningDesk, site: str, officer: dict[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = desk.http.get(f"/api/pickup/sites/{site}", headers=officer).json()
    return shown


def wait_for_booking(desk: RunningDesk, receipt: dict[str, Any], within: float = 20) -> dict[str, Any]:
    deadline = time.monotonic() + within
    while True:
        shown: dict[str, Any] | None = status(desk, receipt).get("booking")
        if shown and shown["state"] != "looking":
            return shown
        assert time.monotonic() < deadline, "no place was found or refused"
        time.sleep(0.1)


def ask_for_milk(desk: RunningDesk, infants: int) -> dict[str, Any]:
    body = of_another_household()
    household = {"members": 3, "infants": infants}
    answers = {
        **body["answers"],
        "household": household,
        "items": ["infantMilk"],
        "sizes": "粉ミルク",
        "receive": "delivery",
        "deliveryReason": "isolated",
    }
    receipt = submit(desk, {**body, "answers": answers})
    assert wait_for_booking(desk, receipt)["state"] == "waiting"
    return receipt


def look(desk: RunningDesk, slot: str, officer: dict[str, str]) -> dict[str, Any]:
    answer = desk.http.get(f"/api/pickup/sites/{slot}/splits", headers=officer)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown
