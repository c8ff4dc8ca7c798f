"""A proxy between the host and its stores, which lets a share of the operations fail."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

KINDS = ("refused", "busy", "late", "reply lost")
"""Not forwarded; answered 429 or 503 instead; forwarded when nobody waits any more; forwarded, its answer dropped."""
LATE_SECONDS = 3.0
"""More than any call of the app waits."""
FORWARD_WITHIN = 20.0
LARGEST = 64 * 1024 * 1024
_BETWEEN_TWO = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Faults:
    """Decide what fails: `share` of the operations, chosen by a seed, in equal parts of each kind."""

    def __init__(self, seed: int) -> None:
        self.share = 0.0
        self.operations = 0
        self.injected: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._passing = asyncio.Event()
        self._passing.set()

    def next(self) -> str | None:
        """Return how this operation fails, None where it does not."""
        self.operations += 1
        draw, kind = self._random.random(), self._random.choice(KINDS)
        if draw >= self.share:
            return None
        self.injected[kind] += 1
        return kind

    async def passing(self) -> None:
        """Wait while nothing passes."""
        await self._passing.wait()

    @asynccontextmanager
    async def held_up(self) -> AsyncIterator[None]:
        """Let nothing new pass."""
        self._passing.clear()
        try:
            yield
        finally:
            self._passing.set()


class Proxy:
    """Stand on one port for the emulator on another."""

    def __init__(self, port: int, emulator: int, faults: Faults, busy: int) -> None:
        self._port = port
        self._emulator = emulator
        self._faults = faults
        self._busy = busy

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve until the end of the block."""
        self._session = aiohttp.ClientSession(
            f"http://127.0.0.1:{self._emulator}",
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=0),
            skip_auto_headers=_ADDED_BY_AIOHTTP,
            timeout=aiohttp.ClientTimeout(total=FORWARD_WITHIN),
        )
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._port, backlog=1024).start()
            yield
        finally:
            await runner.cleanup()
            await self._session.close()

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        kind = self._faults.next()
        if kind == "refused":
            return _hung_up(request)
        if kind == "busy":
            return web.Response(status=self._busy)
        if kind == "late":
            await asyncio.sleep(LATE_SECONDS)
        await self._faults.passing()
        try:
            answer = await self._forward(request, body)
        except (aiohttp.ClientError, TimeoutError):
            return _hung_up(request)
        return answer if kind is None else _hung_up(request)

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _BETWEEN_TWO}
        target = URL(request.raw_path, encoded=True)
        async with self._session.request(request.method, target, data=body or None, headers=headers) as answer:
            content = await answer.read()
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _BETWEEN_TWO]
            return web.Response(status=answer.status, headers=kept, body=self._with_our_address(request, content))

    def _with_our_address(self, request: web.Request, content: bytes) -> bytes:
        """Keep the Cosmos DB client here: its account names the address at which it wants to be asked."""
        if request.path != "/":
            return content
        return content.replace(f":{self._emulator}".encode(), f":{self._port}".encode())


def _hung_up(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=502)
