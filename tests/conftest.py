import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen

import msgspec
import pytest
from hypothesis import settings

from local.processes import (
    azurite_command,
    cosmos_command,
    cosmos_connection,
    free_port,
    is_listening,
    storage_connection,
)
from local.telemetry import Telemetry

ROOT = Path(__file__).parent.parent

settings.register_profile("suite", derandomize=True, deadline=None, stateful_step_count=40)
settings.register_profile("long", deadline=None, max_examples=2_000, stateful_step_count=80)
settings.load_profile("suite")


TAKES_SECONDS = ("tests/reliability/", "tests/stores/", "tests/services/case/test_machine.py")


class Emulators(msgspec.Struct, frozen=True):
    """Hold the connection strings of the emulators of this test process."""

    cosmos: str
    storage: str


@pytest.fixture(scope="session")
def collected() -> Telemetry:
    """Collect what this process traces and measures, as a desk does; a process may set that up once."""
    return Telemetry()


@pytest.fixture(scope="session")
def emulators() -> Iterator[Emulators]:
    """Start both emulators in memory, once per test process; tests use a database and queues of their own."""
    cosmos, blob, queue, table = (free_port() for _ in range(4))
    commands = (cosmos_command(cosmos), azurite_command(blob, queue, table))
    processes = [Popen(command, cwd=ROOT, stdin=PIPE, stdout=DEVNULL) for command in commands]
    try:
        for port in (cosmos, blob, queue):
            _wait_for(port)
        yield Emulators(cosmos_connection(cosmos), storage_connection(blob=blob, queue=queue))
    finally:
        for process in processes:
            _end(process)


def _wait_for(port: int) -> None:
    """Wait for a port without an event loop: the first test to ask may have one running."""
    deadline = time.monotonic() + 30
    while not is_listening(port):
        assert time.monotonic() < deadline, f"nobody listens on port {port}"
        time.sleep(0.02)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Close the input of a process, which ends it."""
    if process.stdin:
        process.stdin.close()
    process.wait(10)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes seconds each, so that no worker is left with it while the others have nothing to do."""
    items.sort(key=lambda item: not item.nodeid.startswith(TAKES_SECONDS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many fault points the walk through the faults visited (tests/reliability)."""
    passed = terminalreporter.getreports("passed")
    visited = sum(value for report in passed for name, value in report.user_properties if name == "fault points")
    if visited:
        terminalreporter.write_line(f"fault walk: {visited} fault points visited")
