"""An operator at work: over HTTP and by the command line."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from local.desk import ROOT
from tests.end_to_end.conftest import RunningDesk

QUEUE = "requests-intake"


class Operator:
    """Call the operations of a desk in the name of an operator."""

    def __init__(self, desk: RunningDesk, role: str = "Operator") -> None:
        self._desk = desk
        self._token = desk.token("sato", role)

    def get(self, path: str, **params: str) -> dict[str, Any]:
        return self._desk.http.get(f"/api/operations/{path}", params=params, headers=self._token).json()

    def post(self, path: str, **body: object) -> dict[str, Any]:
        return self._desk.http.post(f"/api/operations/failures/{path}", json=body, headers=self._token).json()

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run the command line as an operator does."""
        done = self.try_to_run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def try_to_run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "madoguchi", command, "--api", self._desk.url, *arguments]
        token = self._token["Authorization"].removeprefix("Bearer ")
        environment = {**os.environ, "TOKEN": token}
        return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, env=environment)

    def failure(self, known: Callable[[dict[str, Any]], bool], status: str = "open") -> dict[str, Any]:
        """Wait for a failure of this status."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for failure in self.get("failures", queue=QUEUE, status=status)["failures"]:
                if known(failure):
                    return failure
            time.sleep(0.2)
        raise AssertionError(f"no such failure is {status}")
