"""The processes of a desk, as a test that harms them finds them."""

import os
import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.end_to_end.conftest import RunningDesk


def children(pid: int) -> dict[int, str]:
    """Return the command of every child of a process, from /proc."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat, open(f"/proc/{entry}/cmdline") as command:
                    if stat.read().rpartition(")")[2].split()[1] == str(pid):
                        found[int(entry)] = command.read().replace("\0", " ")
            except FileNotFoundError:
                continue
    return found


def wait_until(holds: Callable[[], bool], within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.1)


def repeated(desk: RunningDesk, body: dict[str, Any], key: dict[str, str]) -> str | None:
    """Return the reference that a repeat of a submit is given, None where none is given yet."""
    try:
        again = desk.http.post("/api/requests", json=body, headers=key)
    except httpx.TransportError:
        return None
    return again.json()["reference"] if again.status_code == 200 else None


def answers(desk: RunningDesk) -> bool:
    """Tell whether a host that was started again is ready; while it runs, what it says of the stores is seconds old."""
    try:
        return desk.http.get("/api/ready").status_code == 200
    except httpx.TransportError:
        return False
