"""The main job through HTTP, on the real runtime library and the emulators."""

import secrets
import time
from typing import Any

import pytest

from local.desk import ROOT
from services import times
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.over_http import (
    BODY,
    complete,
    hand_over,
    new_key,
    of_another_household,
    open_tasks,
    status,
    submit,
    tasks_of,
    wait_until_dispatched,
)

pytestmark = pytest.mark.xdist_group("office")


def claim_next(desk: RunningDesk, team: str, claim_id: str) -> list[dict[str, Any]]:
    body = {"claimId": claim_id, "max": 32, "leaseSeconds": 600}
    staff = desk.token("yamada", f"Team.{team}")
    answer = desk.http.post(f"/api/staff/teams/{team}/claims", json=body, headers=staff)
    assert answer.status_code == 200, answer.text
    return answer.json()["tasks"]


def test_a_request_goes_from_the_resident_to_staff_and_back(desk: RunningDesk):
    key, body = new_key(), of_another_household()
    first = desk.http.post("/api/requests", json=body, headers=key)
    again = desk.http.post("/api/requests", json=body, headers=key)
    receipt = first.json()

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["accessCode"] == receipt["accessCode"]
    assert again.json()["reference"] == receipt["reference"]

    tasks = tasks_of(desk, receipt)
    assert tasks[0]["request"]["answers"] == body["answers"]
    assert status(desk, receipt)["status"] == "accepted"

    for task in tasks:
        assert complete(desk, task)["status"] == "completed"
    assert status(desk, receipt)["booking"]["state"] == "confirmed"
    hand_over(desk, receipt)

    shown = status(desk, receipt)
    assert shown["status"] == "completed"
    assert [e["event"] for e in shown["history"]][:2] == ["accepted", "dispatched"]
    assert shown["next"]["text"]
    assert status(desk, receipt, "en")["next"]["text"] != shown["next"]["text"]


def test_a_team_claims_what_its_queue_delivers_and_a_repeated_claim_gives_the_same_leases(desk: RunningDesk):
    receipt = submit(desk)
    wait_until_dispatched(desk, receipt)
    wanted = {(t["id"], t["team"]) for t in open_tasks(desk, receipt)}
    for id_, team in wanted:
        deadline = time.monotonic() + 20
        claim_id, claimed = "", []
        while id_ not in [t["id"] for t in claimed]:
            assert time.monotonic() < deadline, "the queue never delivered the task"
            claim_id = secrets.token_urlsafe(9)
            claimed = claim_next(desk, team, claim_id)

        assert {t["id"]: t["lease"] for t in claim_next(desk, team, claim_id)} == {t["id"]: t["lease"] for t in claimed}


@pytest.mark.parametrize("service", [path.stem for path in (ROOT / "catalog" / "services").glob("*.yaml")])
def test_the_example_of_every_shipped_service_is_taken(desk: RunningDesk, service: str):
    form = desk.http.get(f"/api/services/{service}").json()["form"]

    receipt = submit(desk, {**BODY, "service": service, "answers": form["examples"][0]})

    assert receipt["service"] == service


def test_a_withdrawn_request_frees_staff(desk: RunningDesk):
    receipt = submit(desk)
    task = tasks_of(desk, receipt)[0]

    code = {"Access-Code": receipt["accessCode"]}
    withdrawn = desk.http.post(f"/api/requests/{receipt['reference']}/withdraw", headers=code)
    late = desk.http.post(
        f"/api/staff/tasks/{task['id']}/complete",
        json={"token": task["lease"]["token"]},
        headers=desk.token("yamada", f"Team.{task['team']}"),
    )

    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "withdrawn")
    assert (late.status_code, late.json()["code"]) == (409, "withdrawn")


def test_a_fencing_token_that_is_not_the_current_one_says_who_holds_the_task(desk: RunningDesk):
    task = tasks_of(desk, submit(desk))[0]

    answer = desk.http.post(
        f"/api/staff/tasks/{task['id']}/renew",
        json={"token": task["lease"]["token"] + 1},
        headers=desk.token("suzuki", f"Team.{task['team']}"),
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "stale_token")
    assert answer.json()["holder"] == "yamada"


def test_the_clock_of_whoever_calls_never_matters(desk: RunningDesk):
    receipt = submit(desk)
    [held, *_] = tasks_of(desk, receipt)
    tomorrow = {"Date": "Fri, 01 Jan 2038 00:00:00 GMT", "x-ms-date": "Fri, 01 Jan 2038 00:00:00 GMT"}
    headers = {**desk.token("suzuki", f"Team.{held['team']}"), **tomorrow}
    path, body = f"/api/staff/tasks/{held['id']}/claim", {"claimId": "claim-tomorrow"}

    early = desk.http.post(path, json=body, headers=headers)
    with_a_time = desk.http.post(path, json={**body, "now": "2038-01-01T00:00:00Z"}, headers=headers)

    assert (early.status_code, early.json()["code"]) == (409, "task_held")
    assert with_a_time.status_code == 422


def test_a_submission_over_the_queue_becomes_the_request_of_its_http_receipt(desk: RunningDesk, desk_queues):
    key, received_at = new_key(), times.later(times.system_clock(), -3600)
    message = {
        "idempotencyKey": key["Idempotency-Key"],
        "receivedAt": received_at,
        "channel": "web",
        **BODY,
    }
    desk_queues.send("requests-intake", message)

    receipt = wait_for_repeat(desk, key)

    assert receipt["receivedAt"] == received_at
    assert tasks_of(desk, receipt)


def wait_for_repeat(desk: RunningDesk, key: dict[str, str]) -> dict[str, Any]:
    """Wait until the worker has taken the message in, without taking its place."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        numbers = desk.http.get("/api/operations/queues", headers=desk.token("op", "Operator")).json()["queues"]
        if next(q for q in numbers if q["queue"] == "requests-intake")["depth"] == 0:
            answer = desk.http.post("/api/requests", json=BODY, headers=key)
            assert answer.status_code == 200, answer.text
            return answer.json()
        time.sleep(0.2)
    raise AssertionError("the message was not taken in")


def test_the_counter_is_alive_and_ready(desk: RunningDesk):
    assert desk.http.get("/api/health").json()["status"] == "alive"
    ready = desk.http.get("/api/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")


def test_an_editor_publishes_a_service_and_a_refusal_says_why(desk: RunningDesk):
    from tests.counter import DEFINITION

    editor = desk.token("editor", "Editor")
    first = desk.http.put("/api/catalog/services/water", json=DEFINITION, headers=editor)
    again = desk.http.put("/api/catalog/services/water", json=DEFINITION, headers=editor)
    broken = {**DEFINITION, "routes": [{**DEFINITION["routes"][0], "when": "answers.member < 1"}]}
    refused = desk.http.put("/api/catalog/services/water", json=broken, headers=editor)

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == {"version": 1}
    assert (refused.status_code, refused.json()["code"]) == (422, "definition_refused")
    assert any("ない項目を読んでいるか" in reason for reason in refused.json()["reasons"])
