"""The desk as a whole: it starts again what dies, keeps its data, and leaves nothing behind."""

import os
import signal
import subprocess
import sys

import httpx
import pytest

from local.desk import ROOT
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.over_http import BODY, new_key
from tests.end_to_end.processes import answers, children, wait_until

pytestmark = pytest.mark.xdist_group("second desk")


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_dies_is_started_again_with_its_data(own_desk: RunningDesk):
    key = new_key()
    first = own_desk.http.post("/api/requests", json=BODY, headers=key).json()

    for name in ("local.host", "cosmos.js", "azurite.js"):
        [victim] = [pid for pid, command in children(own_desk.process.pid).items() if name in command]
        os.kill(victim, signal.SIGKILL)
        own_desk.wait_for_line("started again")
        wait_until(lambda: answers(own_desk))

    again = own_desk.http.post("/api/requests", json=BODY, headers=key)
    assert again.status_code == 200
    assert again.json()["reference"] == first["reference"]


def test_everything_ends_with_a_killed_supervisor(own_desk: RunningDesk):
    parts = children(own_desk.process.pid)
    assert len(parts) == 3

    own_desk.process.kill()

    wait_until(lambda: not any(is_running(pid) for pid in parts))


def test_ctrl_c_stops_everything_and_the_next_run_finds_its_data(own_desk: RunningDesk):
    receipt = own_desk.http.post("/api/requests", json=BODY, headers=new_key()).json()
    parts = children(own_desk.process.pid)

    assert own_desk.stop() == 0
    assert not any(is_running(pid) for pid in parts)

    again = RunningDesk("--port", str(own_desk.port))
    again.wait_for_line("Ctrl-C stops everything")
    code = {"Access-Code": receipt["accessCode"]}
    status = httpx.get(f"{own_desk.url}/api/requests/{receipt['reference']}", headers=code, timeout=30)
    again.stop()
    again.process.communicate()
    assert status.json()["status"] == "accepted"


def test_a_second_desk_runs_beside_the_first_and_a_taken_port_is_told(own_desk: RunningDesk):
    command = [sys.executable, "-m", "local", "--port", str(own_desk.port)]

    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert refused.returncode == 1
    assert "is in use" in refused.stdout


def test_reset_forgets_the_data(own_desk: RunningDesk):
    own_desk.stop()
    assert own_desk.folder.exists()

    command = [sys.executable, "-m", "local", "--port", str(own_desk.port), "--reset"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)

    assert not own_desk.folder.exists()
