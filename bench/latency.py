"""How long a resident's request takes until staff can claim it, on a whole desk."""

import json
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from subprocess import DEVNULL, PIPE
from typing import Any

import msgspec

from bench.desk import TEAM, new_key, submission
from local.desk import ROOT, Desk, choose_ports
from local.processes import free_port

REQUESTS = 60
READY_WITHIN = 90.0


def report() -> None:
    """Print the time from the submit to the claim that gets its task, p50 and p99."""
    desk = Desk(choose_ports(free_port()))
    command = [sys.executable, "-m", "local", "--port", str(desk.ports.host)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=DEVNULL, stdout=PIPE, text=True)
    try:
        _wait_until_open(process)
        token = _get(f"{desk.url}/local/token?subject=bench&roles=Team.{TEAM}")
        seconds = sorted(_one(desk.url, token) for _ in range(REQUESTS))
    finally:
        process.terminate()
        process.communicate(timeout=30)
        shutil.rmtree(desk.folder, ignore_errors=True)
    print(f"(c) submit to claimable, one request at a time, {REQUESTS} requests")
    print(f"    p50 {statistics.median(seconds) * 1000:6.0f} ms    p99 {seconds[-1 - REQUESTS // 100] * 1000:6.0f} ms")


def _one(url: str, token: str) -> float:
    start = time.perf_counter()
    body = msgspec.json.encode(submission())
    receipt = _post(f"{url}/api/requests", body, {"Idempotency-Key": new_key()})
    while True:
        claim = json.dumps({"claimId": new_key(), "max": 32}).encode()
        headers = {"Authorization": f"Bearer {token}"}
        claimed = _post(f"{url}/api/staff/teams/{TEAM}/claims", claim, headers)
        if any(task["reference"] == receipt["reference"] for task in claimed["tasks"]):
            return time.perf_counter() - start


def _wait_until_open(process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + READY_WITHIN
    for line in process.stdout or ():
        if "Ctrl-C stops everything" in line:
            return
        if time.monotonic() > deadline:
            break
    raise RuntimeError("the desk did not open")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def _post(url: str, body: bytes, headers: dict[str, str]) -> Any:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())
