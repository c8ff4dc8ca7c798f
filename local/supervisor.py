"""Start the parts of a desk, start again what dies, and stop everything together."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

import wiring
from local.desk import ROOT, Desk
from local.processes import azurite_command, cosmos_command, wait_for_port
from local.provision import provision
from local.seed import seed_desk
from settings import Settings
from stores.shipped import read_yaml

START_WITHIN = 30.0
STOP_WITHIN = 10.0
AGAIN_AFTER = 0.5
STAFF = "yamada"
ROLES = "Team.supplies,Team.delivery,Team.welfare,Team.certificates,Supervisor,Operator,Editor"


class Part:
    """Run one process, and start it again when it ends by itself."""

    def __init__(self, name: str, command: list[str], port: int) -> None:
        self._name = name
        self._command = command
        self._port = port
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process with a pipe as its input: it ends when the pipe closes, even if we are killed."""
        self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, cwd=ROOT)
        await wait_for_port(self._port, START_WITHIN)

    async def wait(self) -> int:
        """Wait until the process ends and return its exit code."""
        return await self._process.wait() if self._process else 0

    def keep(self) -> None:
        """Start the process again from now on, whenever it ends."""
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the process, with force where it does not end by itself."""
        if self._keeper:
            self._keeper.cancel()
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_WITHIN)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _keep(self) -> None:
        while True:
            code = await self.wait()
            print(f"{self._name} ended ({code}); it is started again", file=sys.stderr, flush=True)
            await asyncio.sleep(AGAIN_AFTER)
            try:
                await self.start()
            except TimeoutError:
                print(f"{self._name} does not start", file=sys.stderr, flush=True)


async def run(desk: Desk, stop: asyncio.Event) -> int:
    """Run a desk until `stop` is set."""
    desk.write_settings()
    for name in desk.values():
        os.environ.pop(name, None)  # the host lets a shell's settings win, which may be those of another desk
    ports = desk.ports
    cosmos = Part("Cosmos DB emulator", cosmos_command(ports.cosmos, desk.folder / "cosmos"), ports.cosmos)
    azurite = Part(
        "Azurite", azurite_command(ports.blob, ports.queue, ports.table, desk.folder / "azurite"), ports.queue
    )
    host = Part("host", _host_command(desk), ports.host)
    async with AsyncExitStack() as running:
        for part in (cosmos, azurite):
            running.push_async_callback(part.stop)
        print("starting the emulators ...", flush=True)
        await asyncio.gather(cosmos.start(), azurite.start())
        cosmos.keep()
        azurite.keep()
        await _prepare(desk)
        running.push_async_callback(host.stop)
        print("starting the host ...", flush=True)
        await host.start()
        if not await _is_first(_greet(desk), host.wait()):
            return 1
        host.keep()
        await stop.wait()
        print("\nstopping ...", flush=True)
    return 0


async def _is_first(wanted: Coroutine[Any, Any, object], other: Coroutine[Any, Any, object]) -> bool:
    """Wait until the first of two things ends; return whether it was the wanted one."""
    tasks = [asyncio.create_task(wanted), asyncio.create_task(other)]
    done, late = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
    for task in done:
        task.result()
    return tasks[0] in done


async def _prepare(desk: Desk) -> None:
    """Create what is missing, publish what is shipped and seed a desk."""
    app = wiring.build(Settings.from_env(desk.values()))
    try:
        await provision(app)
        for path in sorted((ROOT / "catalog" / "services").glob("*.yaml")):
            current, is_new = await app.catalog.publish(read_yaml(path))
            print(f"{current.service} version {current.edition.version}{'' if is_new else ' (unchanged)'}", flush=True)
        await seed_desk(app)
    finally:
        await app.close()


def _host_command(desk: Desk) -> list[str]:
    options = ["--port", str(desk.ports.host), "--settings", str(desk.settings_file), "--data", str(desk.folder)]
    return [sys.executable, "-m", "local.host", *options, "--exit-with-parent"]


async def _greet(desk: Desk) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=START_WITHIN)) as session:
        async with session.get(f"{desk.url}/api/ready") as response:
            readiness = await response.text()
            is_ready = response.status == 200
        async with session.get(f"{desk.url}/local/token", params={"subject": STAFF, "roles": ROLES}) as response:
            token = await response.text()
    if not is_ready:
        print(f"The counter is not ready: {readiness}", file=sys.stderr, flush=True)
    print(_welcome(desk.url, desk.folder, token), flush=True)


def _welcome(url: str, folder: Path, token: str) -> str:
    return f"""
Madoguchi is open.

  Residents    {url}/ja
  Staff        {url}/staff
  Services     {url}/api/services
  Readiness    {url}/api/ready
  Telemetry    {url}/local/telemetry
  Data         {folder.relative_to(ROOT)} (make reset forgets it)

A token for staff ({STAFF}; {ROLES}), for eight hours:

export TOKEN={token}

Ctrl-C stops everything.
"""
