"""Local hosts as processes of their own, and patience with them."""

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from local.host import __main__ as host

ROOT = Path(__file__).parents[3]
DEADLINE_SECONDS = 60


def eventually[T](probe: Callable[[], T]) -> T:
    """Return the probe's first true answer; fail after the deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        if answer := probe():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"did not come true within {DEADLINE_SECONDS} s")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Process(Protocol):
    """What a test asks of a process, however it was started."""

    def poll(self) -> int | None: ...

    def wait(self, timeout: float) -> int: ...

    def send_signal(self, number: int) -> None: ...

    def kill(self) -> None: ...


@dataclass
class Host:
    """A running host: its address, its process and where its output goes."""

    url: str
    process: Process
    folder: Path

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(DEADLINE_SECONDS)


type StartHost = Callable[..., Host]


def launch(
    folder: Path, settings: Mapping[str, str], *arguments: str, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start `python -m local.host` on the app in this folder, on a free port."""
    command = [sys.executable, "-m", "local.host", *_options(folder), *arguments]
    with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
        environment = {**os.environ, **settings}
        return subprocess.Popen(command, cwd=ROOT, stdin=stdin, stdout=output, stderr=errors, env=environment)


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["local.host.__main__"])


class Fork:
    """A host forked from a process that has imported all that a host imports: it starts at once."""

    def __init__(self, folder: Path, settings: Mapping[str, str], *arguments: str) -> None:
        for name in ("output", "errors"):
            (folder / name).write_bytes(b"")
        self._process = _forks.Process(target=_serve, args=(folder, dict(settings), arguments))
        self._process.start()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"still running after {timeout} s")
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self._process.pid or 0, number)

    def kill(self) -> None:
        self._process.kill()


def _serve(folder: Path, settings: Mapping[str, str], arguments: Sequence[str]) -> None:
    """Be `python -m local.host` on the app in this folder."""
    for name, number in (("output", 1), ("errors", 2)):
        with (folder / name).open("wb") as file:
            os.dup2(file.fileno(), number)
    os.environ.update(settings)
    sys.argv = ["local.host", *_options(folder), *arguments]
    sys.exit(host.main())


def _options(folder: Path) -> list[str]:
    return ["--port", "0", "--app", str(folder)]


@contextmanager
def running_host(
    folder: Path, source: str, *arguments: str, host_json: dict[str, Any] | None = None, **settings: str
) -> Iterator[Host]:
    """Start the app whose function_app.py is given, wait until it is ready, and stop it in the end."""
    write_app(folder, source, host_json)
    running = Host("", Fork(folder, settings, *arguments), folder)
    try:
        running.url = eventually(lambda: address(running))
        yield running
    finally:
        running.stop()


def outcome(
    folder: Path, source: str | None, *arguments: str, host_json: dict[str, Any] | None = None, **settings: str
) -> tuple[int, str]:
    """Run a host that ends by itself and return its exit code and what it says."""
    if source is not None:
        write_app(folder, source, host_json)
    process = Fork(folder, settings, *arguments)
    try:
        code = process.wait(DEADLINE_SECONDS)
    finally:
        process.kill()
        process.wait(DEADLINE_SECONDS)
    return code, (folder / "errors").read_text()


def write_app(folder: Path, source: str, host_json: dict[str, Any] | None = None) -> None:
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text(json.dumps({"version": "2.0"} | (host_json or {})))


def address(host: Host) -> str:
    assert host.process.poll() is None, host.errors()
    ready = host.output().partition("host ready on ")[2]
    return ready.split()[0] if ready.endswith("\n") or "\n" in ready else ""
