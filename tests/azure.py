"""What surrounds the stores in Azure: an identity endpoint, and a Cosmos DB account in two regions, reached over https.

The emulator keeps the account's documents, whichever region is asked.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from aiohttp import web
from azure.core.pipeline.transport import AioHttpTransport

from settings import Connection
from tests.apps import running, settings_for
from tests.conftest import Emulators
from tests.counter import DEFINITION
from wiring import build
from wiring.app import App

ACCOUNT = "madoguchi.documents.azure.com"
FIRST, SECOND = "madoguchi-japaneast.documents.azure.com", "madoguchi-japanwest.documents.azure.com"
COSMOS = Connection(account_endpoint=f"https://{ACCOUNT}:443/", regions="japaneast,japanwest", client_id="id")
REGIONS = [
    {"name": name, "databaseAccountEndpoint": f"https://{host}:443/"}
    for name, host in (("Japan East", FIRST), ("Japan West", SECOND))
]


class Azure:
    """Count who is asked; let the first region be lost, or the identity endpoint wait or refuse."""

    def __init__(self, emulator: str) -> None:
        self.asked: Counter[str] = Counter()
        self._lost: set[str] = set()
        self.identity = asyncio.Event()
        self.identity.set()
        self.identity_status = 200
        self._emulator = emulator
        self._server = self._silent = self._nowhere = ""

    def lose_first(self, *, hangs: bool) -> None:
        """Let the first region take connections and never answer, or take none; the account's own name leads there."""
        self._lost = {ACCOUNT, FIRST}
        self._nowhere = self._silent if hangs else "http://127.0.0.1:9"

    def come_back(self) -> None:
        """Let every region answer."""
        self._lost = set()

    def elsewhere(self, url: str) -> str:
        """Return where on this machine a request to Azure goes."""
        parts = urlsplit(url)
        host = str(parts.hostname)
        if not host.endswith(".documents.azure.com"):
            return url
        is_of_account = parts.path in ("", "/")
        self.asked[f"{'account' if is_of_account else 'documents'} at {host.partition('.')[0]}"] += 1
        to = self._nowhere if host in self._lost else self._server if is_of_account else self._emulator
        return f"{to.rstrip('/')}{parts.path}"

    async def account(self, _: web.Request) -> web.Response:
        """Describe the account: written in the first region, read in both."""
        return web.json_response(
            {
                "id": "madoguchi",
                "writableLocations": REGIONS[:1],
                "readableLocations": REGIONS,
                "enableMultipleWriteLocations": False,
                "userConsistencyPolicy": {"defaultConsistencyLevel": "Session"},
            }
        )

    async def token(self, request: web.Request) -> web.Response:
        """Give a token as App Service does."""
        self.asked["identity"] += 1
        await self.identity.wait()
        if self.identity_status != 200:
            return web.json_response({"message": "no managed identity here"}, status=self.identity_status)
        said = {"access_token": f"token {self.asked['identity']}", "expires_in": "86400", "token_type": "Bearer"}
        return web.json_response({**said, "resource": request.query["resource"]})


@asynccontextmanager
async def azure_around(emulators: Emulators, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Azure]:
    """Put Azure around the emulator of Cosmos DB; queues and blobs are reached without it."""
    [address] = re.findall("AccountEndpoint=([^;]+)", emulators.cosmos)
    azure = Azure(address)
    app = web.Application()
    app.add_routes([web.get("/", azure.account), web.get("/token", azure.token)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    azure._server = f"http://127.0.0.1:{runner.addresses[0][1]}"
    silent = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    azure._silent = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    send = AioHttpTransport.send

    async def sent(transport: AioHttpTransport, request: Any, **options: Any) -> Any:
        address, request.url = request.url, azure.elsewhere(request.url)
        try:
            return await send(transport, request, **options)
        finally:
            request.url = address

    monkeypatch.setattr(AioHttpTransport, "send", sent)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure._server}/token")
    monkeypatch.setenv("IDENTITY_HEADER", "secret of the platform")
    try:
        yield azure
    finally:
        silent.close()
        silent.abort_clients()
        await runner.cleanup()


@asynccontextmanager
async def cold_app(emulators: Emulators) -> AsyncIterator[App]:
    """Start an instance in Azure, of an app that has its containers and one service."""
    settings = settings_for(emulators.cosmos, emulators.storage)
    async with running(settings) as there:
        await forget_copies(there)
        await there.catalog.publish(DEFINITION)
        app = build(msgspec.structs.replace(settings, cosmos=COSMOS), queue_prefix=f"{settings.cosmos_database}-")
        try:
            yield app
        finally:
            await app.close()


async def forget_copies(app: App) -> None:
    """Delete every copy of a definition: tests share them, and one that is damaged costs its reader time."""
    copies = app.blobs._container()
    for name in [blob.name async for blob in copies.list_blobs()]:
        await copies.delete_blob(name)
