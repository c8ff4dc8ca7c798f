"""A real desk under load: `python -m local`, its host behind the proxies, its parts killed by their process ids."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from local.desk import ROOT, Desk, choose_ports
from local.processes import free_port
from services.case.receipts import ReceiptSecrets
from settings import Settings
from soak.proxy import Faults, Proxy
from wiring import build
from wiring.app import App

OPENS_WITHIN = 90.0
ENDS_WITHIN = 30.0
PARTS = {"host": "local.host", "Cosmos DB emulator": "cosmos.js", "Azurite": "azurite.js"}


class SoakedDesk:
    """Run a desk in processes of its own; `app` reaches its stores directly, past every fault."""

    def __init__(self) -> None:
        self.desk = Desk(choose_ports(free_port()))
        self.app: App = build(Settings.from_env(self.desk.values()))
        self._supervisor: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the address of the counter."""
        return self.desk.url

    @property
    def secrets(self) -> ReceiptSecrets:
        """Return the secrets behind the receipts that this desk gives."""
        return ReceiptSecrets(self.app.settings.reference_secret, self.app.settings.access_secrets)

    @property
    def log(self) -> Path:
        """Return the file with what the desk says."""
        return self.desk.folder / "desk.log"

    def pid(self, part: str) -> int | None:
        """Return the process id of a part, None where it is not running."""
        found = (pid for pid, command in self._children() if PARTS[part] in command)
        return next(found, None)

    def kill(self, part: str) -> bool:
        """Kill a part as kill -9 does; False where it is not running."""
        pid = self.pid(part)
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid is not None

    async def until_alive(self, within: float = OPENS_WITHIN) -> None:
        """Wait until the host answers; raises TimeoutError."""
        async with asyncio.timeout(within), aiohttp.ClientSession() as session:
            while not await self._is_alive(session):
                await asyncio.sleep(0.1)

    async def token(self, subject: str, *roles: str) -> str:
        """Return a token for staff."""
        asked = {"subject": subject, "roles": ",".join(roles)}
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/local/token", params=asked) as answer:
            return await answer.text()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["SoakedDesk"]:
        """Run the desk until the end of the block."""
        self.desk.folder.mkdir(parents=True)
        ports = self.desk.ports
        named = {"--port": ports.host, "--cosmos-port": ports.cosmos, "--blob-port": ports.blob}
        options = [text for name, port in named.items() for text in (name, str(port))]
        command = [sys.executable, "-m", "local", *options, "--queue-port", str(ports.queue)]
        with self.log.open("wb") as log:
            self._supervisor = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            await self._until_open()
            yield self
        finally:
            await self.app.close()
            self._supervisor.terminate()
            await asyncio.to_thread(self._supervisor.wait, ENDS_WITHIN)

    @asynccontextmanager
    async def behind(self, faults: Faults) -> AsyncIterator[None]:
        """Put a proxy before each store: the host reads the new addresses as it starts again after a kill."""
        ports = self.desk.ports
        front = choose_ports(ports.host)
        pairs = ((front.cosmos, ports.cosmos, 429), (front.blob, ports.blob, 503), (front.queue, ports.queue, 503))
        async with AsyncExitStack() as proxies:
            for port, emulator, busy in pairs:
                await proxies.enter_async_context(Proxy(port, emulator, faults, busy).serving())
            settings = {"IsEncrypted": False, "Values": Desk(front).values()}
            self.desk.settings_file.write_text(json.dumps(settings), encoding="utf-8")
            self.kill("host")
            await asyncio.sleep(1)
            await self.until_alive()
            yield

    def forget(self) -> None:
        """Remove the data of the desk."""
        shutil.rmtree(self.desk.folder, ignore_errors=True)

    async def _until_open(self) -> None:
        async with asyncio.timeout(OPENS_WITHIN):
            while "Ctrl-C stops everything" not in (said := self.log.read_text(encoding="utf-8", errors="replace")):
                if self._supervisor is None or self._supervisor.poll() is not None:
                    raise RuntimeError(f"the desk did not open; it said:\n{said[-2000:]}")
                await asyncio.sleep(0.1)

    async def _is_alive(self, session: aiohttp.ClientSession) -> bool:
        try:
            within = aiohttp.ClientTimeout(total=2)
            async with session.get(f"{self.url}/api/health", timeout=within) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _children(self) -> list[tuple[int, str]]:
        parent = str(self._supervisor.pid) if self._supervisor else ""
        numbers = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
        return [(pid, _command(pid)) for pid in numbers if _parent(pid) == parent]


def _parent(pid: int) -> str | None:
    """Return whose child a process is; None where it has ended."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else parent


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def resident_memory(pid: int) -> float:
    """Return the resident memory of a process, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
