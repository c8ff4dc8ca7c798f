"""The desk as a whole: it starts again what dies, keeps its data, loses no word, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from local.desk import ROOT
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import FORM, Typed, post, receipt_on, start, typed_of
from tests.end_to_end.over_http import BODY, new_key, of_another_household, submit
from tests.end_to_end.processes import children, repeated, wait_until
from tests.end_to_end.supplies import wait_for_booking
from tests.html import Page

pytestmark = pytest.mark.xdist_group("second desk")


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_the_form_gives_as_an_example_gets_a_confirmed_place_on_a_fresh_desk(lent_desk: RunningDesk):
    receipt = submit(lent_desk, {**BODY, "answers": {**BODY["answers"], "address": "見本市中央九丁目9番9号"}})

    booking = wait_for_booking(lent_desk, receipt)

    assert booking["state"] == "confirmed"
    assert booking["place"]["site"]["id"] in ("mihon-school", "mihon-gym")
    assert {line["item"]: line["units"] for line in booking["lines"]} == {
        "water": 18,
        "food": 9,
        "blanket": 3,
        "toiletPaper": 3,
    }


def test_what_dies_is_started_again_with_its_data(lent_desk: RunningDesk):
    key, body = new_key(), of_another_household()
    first = lent_desk.http.post("/api/requests", json=body, headers=key).json()

    for name in ("local.host", "cosmos.js", "azurite.js"):
        [victim] = [pid for pid, command in children(lent_desk.process.pid).items() if name in command]
        os.kill(victim, signal.SIGKILL)
        lent_desk.wait_for_line("started again")
        wait_until(lambda: repeated(lent_desk, body, key) == first["reference"])


def test_ctrl_c_or_a_killed_supervisor_ends_everything_and_the_next_run_finds_its_data_until_a_reset(
    own_desk: RunningDesk,
):
    receipt = own_desk.http.post("/api/requests", json=BODY, headers=new_key()).json()
    stopped = children(own_desk.process.pid)
    assert own_desk.stop() == 0
    assert not any(is_running(pid) for pid in stopped)

    again = RunningDesk("--port", str(own_desk.port))
    again.wait_for_line("Ctrl-C stops everything")
    code = {"Access-Code": receipt["accessCode"]}
    status = httpx.get(f"{own_desk.url}/api/requests/{receipt['reference']}", headers=code, timeout=30)
    assert status.json()["status"] == "accepted"
    killed = children(again.process.pid)
    assert len(killed) == 3
    again.stop(signal.SIGKILL)
    wait_until(lambda: not any(is_running(pid) for pid in killed))
    again.close_output()

    command = [sys.executable, "-m", "local", "--port", str(own_desk.port), "--reset"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    assert not own_desk.folder.exists()


def test_a_second_desk_runs_beside_the_first_and_a_taken_port_is_told(lent_desk: RunningDesk):
    command = [sys.executable, "-m", "local", "--port", str(lent_desk.port)]

    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)

    assert refused.returncode == 1
    assert "is in use" in refused.stdout


@contextmanager
def away(desk: RunningDesk, *names: str) -> Iterator[None]:
    """Let parts of a desk take calls and answer none."""
    pids = [pid for pid, command in children(desk.process.pid).items() if any(name in command for name in names)]
    assert len(pids) == len(names)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_an_outage_costs_a_resident_no_word_and_no_receipt(lent_desk: RunningDesk):
    typed = start(lent_desk) | typed_of(of_another_household()["answers"])
    other = {**typed, "/contact/name": ["見本 次郎"]}
    lent_desk.http.timeout = httpx.Timeout(15)

    with away(lent_desk, "cosmos.js"):
        queued = post(lent_desk, FORM, typed, "send", 202)
        reference, code = receipt_on(queued)
        pair: Typed = {"reference": [reference], "accessCode": [code]}
        waiting = post(lent_desk, "/ja/requests", pair, "show")
        not_yet = lent_desk.http.post("/ja/requests", data={**pair, "step": "withdraw"})
    with away(lent_desk, "cosmos.js", "azurite.js"):
        refused = post(lent_desk, FORM, other, "send", 503)
    in_english = post(lent_desk, "/en/services/relief-supplies", refused.typed, "check")
    later = lent_desk.http.post("/en/services/relief-supplies/send", data=in_english.typed)
    wait_until(lambda: lent_desk.http.post(f"{FORM}/send", data=other).status_code == 200)
    again = post(lent_desk, FORM, other, "send")

    assert "もう一度送る必要はありません" in queued.text
    assert "申請は受け取っています" in waiting.text
    assert (not_yet.status_code, not_yet.headers["cache-control"]) == (503, "no-store")
    assert Page(not_yet.text).typed == pair
    assert {name: refused.typed[name] for name in other if other[name]} == {n: v for n, v in other.items() if v}
    assert "同じ内容をもう一度送る" in refused.text
    assert receipt_on(Page(later.text)) == receipt_on(again)
