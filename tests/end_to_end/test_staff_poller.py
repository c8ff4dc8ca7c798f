"""The example of a staff app that polls the queue itself works against the same tasks."""

import os
import subprocess
import sys

import pytest

from local.desk import ROOT
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.test_main_job import open_tasks, status, submit, wait_until_dispatched

pytestmark = pytest.mark.xdist_group("desk")


def poll(desk: RunningDesk, storage: str, team: str) -> str:
    token = desk.token("poller", f"Team.{team}")["Authorization"].removeprefix("Bearer ")
    command = [sys.executable, "examples/staff_poller.py", "--team", team, "--url", desk.url, "--once"]
    environment = {**os.environ, "STORAGE": storage, "TOKEN": token}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_poller_claims_works_and_completes(desk: RunningDesk, desk_storage: str):
    receipt = submit(desk)
    wait_until_dispatched(desk, receipt)
    teams = {task["team"] for task in open_tasks(desk, receipt)}

    for _ in range(20):
        said = "".join(poll(desk, desk_storage, team) for team in teams)
        if status(desk, receipt)["status"] == "completed":
            break

    assert status(desk, receipt)["status"] == "completed"
    assert "花子" not in said
