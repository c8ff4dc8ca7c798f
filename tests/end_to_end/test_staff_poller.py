"""The example of a staff app that polls the queue itself works against the same tasks."""

import json
import os
import subprocess
import sys

import pytest

from local.desk import ROOT
from tests.counter import DEFINITION
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.over_http import BODY, status, submit, wait_until_dispatched

pytestmark = pytest.mark.xdist_group("office")


def poll(desk: RunningDesk, storage: str, team: str) -> str:
    token = desk.token("poller", f"Team.{team}", via="app")["Authorization"].removeprefix("Bearer ")
    command = [sys.executable, "examples/staff_poller.py", "--team", team, "--url", desk.url, "--once"]
    environment = {**os.environ, "STORAGE": storage, "TOKEN": token}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_poller_claims_works_and_completes(desk: RunningDesk, desk_storage: str):
    only_team = [{**route, "team": "pollers"} for route in DEFINITION["routes"]]
    cases = json.loads(
        json.dumps(DEFINITION["cases"]).replace('"supplies"', '"pollers"').replace('"delivery"', '"pollers"')
    )
    definition = {**DEFINITION, "id": "polled-water", "routes": only_team, "cases": cases}
    published = desk.http.put("/api/catalog/services/polled-water", json=definition, headers=desk.token("e", "Editor"))
    assert published.status_code == 201, published.text
    receipt = submit(desk, {**BODY, "service": "polled-water", "answers": {"members": 2}})
    wait_until_dispatched(desk, receipt)

    said = poll(desk, desk_storage, "pollers")

    assert status(desk, receipt)["status"] == "completed"
    assert "花子" not in said
