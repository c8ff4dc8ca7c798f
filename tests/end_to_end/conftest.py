"""A whole desk in processes of its own: supervisor, emulators and host, as `make run` starts them."""

import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx
import pytest
from azure.storage.queue import QueueClient
from playwright.sync_api import Browser, sync_playwright

from local.browser import chromium
from local.processes import free_port

ROOT = Path(__file__).parent.parent.parent
STARTS_WITHIN = 90.0
SITE = {"name": {"ja": "例示町公民館"}, "kind": "temporary", "address": "見本市例示町（番地なし）"}


class RunningDesk:
    """Hold a desk that runs, and speak to it; `http` keeps no cookies, so that each form has a draft of its own."""

    def __init__(self, *options: str, root: Path = ROOT, python: str = sys.executable) -> None:
        self.root = root
        self.port = free_port()
        command = [python, "-m", "local", "--port", str(self.port), *options]
        self.process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.lines: list[str] = []
        self._new: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30, cookies=no_cookies)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def folder(self) -> Path:
        return self.root / ".local" / str(self.port)

    def wait_for_line(self, text: str, within: float = STARTS_WITHIN) -> str:
        """Wait until the desk prints a line with this text."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            try:
                line = self._new.get(timeout=0.2)
            except queue.Empty:
                if self.process.poll() is not None and self._new.empty():
                    break
                continue
            if text in line:
                return line
        raise AssertionError(f"the desk never said {text!r}; it said:\n{''.join(self.lines)}")

    def token(self, subject: str, *roles: str, via: str = "pages") -> dict[str, str]:
        """Return the header by which a member of staff calls: from the pages, by `az` (`cli`), or as an `app`."""
        answer = self.http.get("/local/token", params={"subject": subject, "roles": ",".join(roles), "via": via})
        return {"Authorization": f"Bearer {answer.text}"}

    def stop(self, signal_: signal.Signals = signal.SIGINT) -> int:
        """Stop the desk and return its exit code."""
        self.http.close()
        if self.process.poll() is None:
            os.kill(self.process.pid, signal_)
        return self.process.wait(30)

    def forget(self) -> None:
        """Stop the desk and remove its data."""
        self.stop()
        self.close_output()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close_output(self) -> None:
        """Read what a desk that has ended still says, and close its output."""
        self._reader.join(30)
        if self.process.stdout:
            self.process.stdout.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._new.put(line)


@contextmanager
def running_desk(root: Path = ROOT, python: str = sys.executable) -> Iterator[RunningDesk]:
    """Start a desk and forget it in the end."""
    desk = RunningDesk(root=root, python=python)
    try:
        desk.wait_for_line("Ctrl-C stops everything")
        yield desk
    finally:
        desk.forget()


@pytest.fixture(scope="session")
def desk() -> Iterator[RunningDesk]:
    """Start a desk, once for all tests that speak to it."""
    with running_desk() as desk:
        yield desk


@pytest.fixture
def own_desk() -> Iterator[RunningDesk]:
    """Start a desk that a test may harm for good."""
    with running_desk() as desk:
        yield desk


@pytest.fixture(scope="session")
def lent_desk() -> Iterator[RunningDesk]:
    """Start a desk, once for all tests that harm one and leave it as well as they found it."""
    with running_desk() as desk:
        yield desk


class DeskQueues:
    """Send to the queues of a desk as another channel does."""

    def __init__(self, connection: str) -> None:
        self._connection = connection

    def send(self, queue: str, body: dict[str, object]) -> None:
        with QueueClient.from_connection_string(self._connection, queue) as client:
            client.send_message(json.dumps(body, ensure_ascii=False))


def storage_of(desk: RunningDesk) -> str:
    """Return the connection string of a desk's storage."""
    settings = json.loads((desk.folder / "local.settings.json").read_text(encoding="utf-8"))
    return settings["Values"]["STORAGE"]


@pytest.fixture(scope="session")
def desk_storage(desk: RunningDesk) -> str:
    """Return the connection string of the desk's storage."""
    return storage_of(desk)


@pytest.fixture(scope="session")
def desk_queues(desk_storage: str) -> DeskQueues:
    """Return the queues of the desk."""
    return DeskQueues(desk_storage)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser for this module only: the event loop that Playwright keeps disturbs asynchronous tests."""
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=options)
        yield browser
        browser.close()


@pytest.fixture
def officer(desk: RunningDesk) -> dict[str, str]:
    return desk.token("busshi", "Team.supplies", "Supervisor")


@pytest.fixture
def site(desk: RunningDesk, officer: dict[str, str]) -> str:
    """Open a site of the test's own, with 60 blankets."""
    name = f"test-{secrets.token_hex(4)}"
    assert desk.http.put(f"/api/pickup/sites/{name}", json=SITE, headers=officer).status_code == 200
    received = {"id": "delivery-0001", "lines": {"blanket": 60}}
    entered = desk.http.post(f"/api/pickup/sites/{name}/moves", json=received, headers=officer)
    assert entered.status_code == 200, entered.text
    return name
