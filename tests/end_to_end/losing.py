"""A proxy between a browser and a desk, which loses an answer and then lets nothing through until it is told to."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from local.processes import free_port

_BETWEEN_TWO = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "set-cookie"}


class Connection:
    """Stand between a browser and a desk, in a loop of its own beside the one of the browser's driver."""

    def __init__(self, desk: str) -> None:
        self.port = free_port()
        self._desk = desk
        self._loses: tuple[str, str] | None = None
        self.is_down = False
        self._loop = asyncio.new_event_loop()
        self._ends: asyncio.Event
        self._starts: Future[None] = Future()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lose(self, method: str, place: str) -> None:
        """Let the next call of this kind reach the desk, lose its answer, and then let nothing through."""
        self._loses = (method, place)

    def restore(self) -> None:
        self._loses, self.is_down = None, False

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Serve until the end of the block."""
        self._thread.start()
        self._starts.result(10)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._ends.set)
            self._thread.join(10)
            self._loop.close()

    async def _serve(self) -> None:
        self._ends = asyncio.Event()
        self._session = aiohttp.ClientSession(self._desk, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        app = web.Application(client_max_size=2**20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self._starts.set_result(None)
        await self._ends.wait()
        await runner.cleanup()
        await self._session.close()
        await asyncio.sleep(0)

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.is_down:
            return _hung_up(request)
        if self._loses and request.method == self._loses[0] and request.path.endswith(self._loses[1]):
            self.is_down = True
            await self._forward(request, body)
            return _hung_up(request)
        return await self._forward(request, body)

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _BETWEEN_TWO}
        target = URL(request.raw_path, encoded=True)
        async with self._session.request(
            request.method, target, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _BETWEEN_TWO]
            cookies = [("Set-Cookie", one) for one in answer.headers.getall("Set-Cookie", [])]
            return web.Response(status=answer.status, headers=[*kept, *cookies], body=await answer.read())


def _hung_up(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=502)
