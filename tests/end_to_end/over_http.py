"""What residents and staff send over HTTP, and what they wait for."""

import secrets
import time
from collections.abc import Callable
from typing import Any

import yaml

from local.desk import ROOT
from tests.end_to_end.conftest import RunningDesk

RELIEF = yaml.safe_load((ROOT / "catalog" / "services" / "relief-supplies.yaml").read_text(encoding="utf-8"))
BODY = {
    "service": "relief-supplies",
    "answers": RELIEF["form"]["examples"][0],
    "contact": {"phone": "090-0000-0000", "name": "見本 花子"},
}


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_urlsafe(24)}


def of_another_household() -> dict[str, Any]:
    """Return the body of a household that nobody has seen."""
    number = secrets.randbelow(10**8)
    kana = "".join("アイウエオカキクケコ"[int(digit)] for digit in f"{number:08}")
    changed = {"headName": f"見本 {number}", "headKana": kana, "address": f"見本市中央一丁目{number}番"}
    return {**BODY, "answers": {**BODY["answers"], **changed}, "contact": {"phone": f"080{number:08}"}}


def submit(desk: RunningDesk, body: dict[str, Any] | None = None, key: dict[str, str] | None = None) -> dict[str, Any]:
    answer = desk.http.post("/api/requests", json=body or of_another_household(), headers=key or new_key())
    assert answer.status_code in (200, 201, 202), answer.text
    return answer.json()


def status(desk: RunningDesk, receipt: dict[str, Any], language: str = "ja") -> dict[str, Any]:
    headers = {"Access-Code": receipt["accessCode"], "Accept-Language": language}
    answer = desk.http.get(f"/api/requests/{receipt['reference']}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def wait_until_dispatched(desk: RunningDesk, receipt: dict[str, Any], within: float = 20) -> None:
    deadline = time.monotonic() + within
    while "dispatched" not in [e["event"] for e in status(desk, receipt)["history"]]:
        assert time.monotonic() < deadline, "never dispatched"
        time.sleep(0.1)


def open_tasks(desk: RunningDesk, receipt: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for team in ("supplies", "delivery", "welfare", "certificates"):
        answer = desk.http.get(f"/api/staff/teams/{team}/tasks", headers=desk.token("kacho", "Supervisor"))
        found += [t for t in answer.json()["tasks"] if t["reference"] == receipt["reference"]]
    return found


def claim_one(desk: RunningDesk, task: dict[str, Any]) -> dict[str, Any]:
    body = {"claimId": secrets.token_urlsafe(9), "leaseSeconds": 600}
    staff = desk.token("yamada", f"Team.{task['team']}")
    answer = desk.http.post(f"/api/staff/tasks/{task['id']}/claim", json=body, headers=staff)
    assert answer.status_code == 200, answer.text
    return answer.json()


def complete(desk: RunningDesk, task: dict[str, Any]) -> dict[str, Any]:
    staff = desk.token("yamada", f"Team.{task['team']}")
    body = {"token": task["lease"]["token"], "outcome": "done", "note": "済"}
    answer = desk.http.post(f"/api/staff/tasks/{task['id']}/complete", json=body, headers=staff)
    assert answer.status_code == 200, answer.text
    return answer.json()


def tasks_of(desk: RunningDesk, receipt: dict[str, Any]) -> list[dict[str, Any]]:
    """Claim every task of a request, by id."""
    wait_until_dispatched(desk, receipt)
    return [claim_one(desk, task) for task in open_tasks(desk, receipt)]


def hand_over(desk: RunningDesk, receipt: dict[str, Any]) -> None:
    """Hand over what was packed, once the household has its place."""
    deadline = time.monotonic() + 20
    while "place" not in (status(desk, receipt).get("booking") or {}):
        assert time.monotonic() < deadline, "never got a place"
        time.sleep(0.1)
    body = {"reference": receipt["reference"], "id": secrets.token_urlsafe(9), "receiver": "household"}
    answer = desk.http.post("/api/staff/pickup/hand-overs", json=body, headers=desk.token("yamada", "Team.supplies"))
    assert answer.status_code == 200, answer.text


def eventually[T](found: Callable[[], T], within: float = 20) -> T:
    """Wait until something is found."""
    deadline = time.monotonic() + within
    while not (value := found()):
        assert time.monotonic() < deadline, "never came"
        time.sleep(0.1)
    return value
