"""Faults at the transport, under the real SDKs: the n-th operation of a call fails in one of many ways.

An operation is one HTTP request to Cosmos DB or Storage. Whatever the SDK or our code sends again is an operation too.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

from aiohttp import web
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.queue.aio import QueueClient

type Call = Callable[[], Awaitable[Any]]

ANSWERS = (408, 412, 429, 449, 503)
OF_THE_IDENTITY = (400, 404, 429, 500)
"""What an identity endpoint answers that has no token; the SDK hands it on as the status of the call."""
THROTTLED_FOR = 4.0
"""Seconds for which a store that throttles asks to be left alone: more than one call has."""
KINDS = (
    "refused",
    "reply lost",
    "away from here on",
    "reply lost, then away",
    "reply too late",
    *(f"answer {status}" for status in ANSWERS),
    "answer 404/1003",
    "answer 404/1002 from here on",
    "no token from here on",
    "acted, then refused",
    "acted, then answer 503",
    "killed before",
    "killed after",
)

KINDS_OF_WRITES = ("reply lost", "answer 412", "killed after")
KINDS_OF_READS = ("reply lost", "killed after")
"""The faults that differ for a conditional write, and those of them that a read can meet."""
WRITES = ("batch", "patch", "create", "replace")

STORM_OF_READS = ("answer 429", "refused")
STORM_OF_WRITES = ("answer 412", "answer 429", "answer 449", "reply lost")

_current: ContextVar["Injection | None"] = ContextVar("injection", default=None)


def sample(kinds: Sequence[str], operations: Sequence[str], start: int) -> list[tuple[str, int]]:
    """Let every operation fail once, in one way after the other, beginning with the kind number `start`."""
    return [(kinds[(start + index) % len(kinds)], index) for index in range(len(operations))]


def sample_of_writes(operations: Sequence[str], start: int) -> list[tuple[str, int]]:
    """Let every write fail once, and the first read, in one way after the other."""
    reads = [index for index, operation in enumerate(operations) if not operation.startswith(WRITES)]
    writes = [index for index, operation in enumerate(operations) if operation.startswith(WRITES)]
    return [
        *((KINDS_OF_READS[start % len(KINDS_OF_READS)], index) for index in reads[:1]),
        *((KINDS_OF_WRITES[(start + n) % len(KINDS_OF_WRITES)], index) for n, index in enumerate(writes)),
    ]


class Killed(BaseException):
    """End the process: nothing that follows in the flow is run."""


class Injection:
    """Watch the operations of one call, and let the one at `index` fail (none where it is None).

    `away` names stores (`cosmos`, `queue`) that refuse every operation, or take it and never answer where they hang.
    """

    def __init__(self, kind: str = "", index: int | None = None, *away: str, hangs: bool = False) -> None:
        self.kind = kind
        self.index = index
        self.operations: list[str] = []
        self._away = set(away)
        self._lasting: set[str] = set()
        self._hangs = hangs

    @property
    def was_reached(self) -> bool:
        """Tell whether the call came to the operation that fails."""
        return self.index is not None and len(self.operations) > self.index

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Let the fault hit what is called within, here and in tasks started here."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    async def pass_on(self, request: Any, call: Call) -> Any:
        """Send a request, unless it is to fail."""
        here = len(self.operations)
        self.operations.append(operation_of(request))
        if here == self.index and self.kind.endswith("from here on"):
            self._lasting.add(store_of(request))
        if here == self.index or store_of(request) in self._lasting:
            return await self._fail(request, call)
        if store_of(request) in self._away:
            await asyncio.sleep(3600 if self._hangs else 0)
            raise ServiceRequestError("away")
        return await call()

    async def _fail(self, request: Any, call: Call) -> Any:
        if self.kind.endswith("then away"):
            self._away.add(store_of(request))
        match self.kind:
            case "refused" | "away from here on":
                raise ServiceRequestError(self.kind)
            case "no token from here on":
                raise no_token(OF_THE_IDENTITY[(self.index or 0) % len(OF_THE_IDENTITY)])
            case kind if kind.startswith("identity "):
                raise no_token(int(kind.split()[1]))
            case "killed before":
                raise Killed
            case kind if kind.startswith("answer "):
                return await _answered(request, call, kind.split()[1])
        return await self._act_and_fail(request, call)

    async def _act_and_fail(self, request: Any, call: Call) -> Any:
        answer = await call()
        match self.kind:
            case "acted, then refused":
                raise ServiceRequestError(self.kind)
            case "acted, then answer 503":
                return await _answered(request, call, "503")
            case "killed after":
                raise Killed
            case "reply too late":
                raise TimeoutError(self.kind)
        raise ServiceResponseError(f"{self.kind}: {answer.status_code}")


class Storm(Injection):
    """Let a share of all operations of Cosmos DB fail, each in a way that it can: the same storm for the same seed."""

    def __init__(self, share: float, seed: int) -> None:
        super().__init__()
        self.struck = 0
        self._share = share
        self._random = random.Random(seed)

    async def pass_on(self, request: Any, call: Call) -> Any:
        """Send a request, unless it is struck."""
        operation = operation_of(request)
        self.operations.append(operation)
        if store_of(request) != "cosmos" or self._random.random() >= self._share:
            return await call()
        self.struck += 1
        is_write = operation.startswith(("patch", "batch"))
        self.kind = self._random.choice(STORM_OF_WRITES if is_write else STORM_OF_READS)
        return await self._fail(request, call)


class Throttling(Injection):
    """Let Cosmos DB answer nothing but 429, and ask to be left alone for so many seconds each time.

    In a batch, that is what it says of the last operation where it is `in_batches`.
    """

    def __init__(self, wait: float = THROTTLED_FOR, *, in_batches: bool = False) -> None:
        super().__init__()
        self._path = f"{'207' if in_batches else '429'}?wait={wait * 1000:.0f}"

    async def pass_on(self, request: Any, call: Call) -> Any:
        """Send a request, unless it goes to Cosmos DB."""
        self.operations.append(operation_of(request))
        return await (_answered(request, call, self._path) if store_of(request) == "cosmos" else call())


class ThrottlingOnce(Throttling):
    """Let Cosmos DB answer 429, and then nothing."""

    async def pass_on(self, request: Any, call: Call) -> Any:
        """Throttle the first request, and let the next ones hang."""
        if self.operations:
            await asyncio.sleep(3600)
        return await super().pass_on(request, call)


def no_token(status: int) -> ClientAuthenticationError:
    """Return what a credential of the SDK raises where the identity endpoint answers so."""
    said = SimpleNamespace(status_code=status, reason="no token", headers={}, text=lambda *_: "", content_type="")
    return ClientAuthenticationError(message="no token", response=said)


def outage_of(*stores: str, hangs: bool = False) -> AbstractContextManager[None]:
    """Let stores be away for whatever is called within."""
    return Injection("", None, *stores, hangs=hangs).armed()


def store_of(request: Any) -> str:
    """Name the store that a request goes to."""
    return "queue" if "devstoreaccount1" in request.url else "cosmos"


def operation_of(request: Any) -> str:
    """Name an operation: the verb and the container or queue, without ids and prefixes."""
    if store_of(request) == "cosmos":
        container = re.search("/colls/([a-z]+)", request.url)
        return f"{_verb_of_cosmos(request)} {container[1] if container else 'account'}"
    queue = re.search("devstoreaccount1/(?:t[0-9a-f]{12}-)?([a-z-]+)(/messages)?", request.url)
    verbs = {"POST": "send to", "GET": "receive from", "PUT": "update in", "DELETE": "delete from"}
    return f"{verbs[request.method]} {queue[1] if queue else 'account'}"


def _verb_of_cosmos(request: Any) -> str:
    headers = {name.lower(): value for name, value in request.headers.items()}
    if "x-ms-cosmos-is-batch-request" in headers:
        return "batch in"
    if re.search("/colls/[a-z]+/?$", request.url):
        return "describe"
    if "query" in headers.get("content-type", ""):
        return "query"
    return {"POST": "create in", "GET": "read from", "PUT": "replace in", "PATCH": "patch in"}[request.method]


async def _answered(request: Any, call: Call, status: str) -> Any:
    """Let another server answer in place of the store."""
    address, request.url = request.url, f"{_elsewhere.get()}/{status}"
    try:
        return await call()
    finally:
        request.url = address


def _is_of_the_sdk() -> bool:
    """Tell whether this is the SDK's own look at its regions, in a task that it starts beside the first call."""
    task = asyncio.current_task()
    return task is not None and "_health_check" in task.get_coro().__qualname__  # type: ignore[union-attr]


_elsewhere: ContextVar[str] = ContextVar("elsewhere")


@asynccontextmanager
async def under_the_sdks() -> AsyncIterator[None]:
    """Let injections see what every SDK client of this process sends; messages sent are visible at once."""
    send, send_message = AioHttpTransport.send, QueueClient.send_message

    async def sent_at_once(client: QueueClient, content: Any, **options: Any) -> Any:
        return await send_message(client, content, **{**options, "visibility_timeout": 0})

    async def watched(transport: AioHttpTransport, request: Any, **options: Any) -> Any:
        injection = _current.get()
        if injection is None or _is_of_the_sdk():
            return await send(transport, request, **options)
        return await injection.pass_on(request, lambda: send(transport, request, **options))

    async with _server() as address:
        token = _elsewhere.set(address)
        AioHttpTransport.send = watched  # type: ignore[method-assign]
        QueueClient.send_message = sent_at_once  # type: ignore[method-assign]
        try:
            yield
        finally:
            AioHttpTransport.send = send  # type: ignore[method-assign]
            QueueClient.send_message = send_message  # type: ignore[method-assign]
            _elsewhere.reset(token)


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    """Serve answers by the status and the substatus in their path."""

    async def answer(request: web.Request) -> web.Response:
        status, _, substatus = request.match_info["status"].partition("/")
        said = {"x-ms-activity-id": "injected", "x-ms-substatus": substatus or "0"}
        wait = request.query.get("wait", f"{THROTTLED_FOR * 1000:.0f}")
        if status == "429":
            said["x-ms-retry-after-ms"] = wait
        body: Any = {"code": "Fault", "message": "injected"}
        if status == "207":
            body = [{"statusCode": 424}, {"statusCode": 429, "retryAfterMilliseconds": int(wait)}]
        return web.json_response(body, status=int(status), headers=said)

    app = web.Application()
    app.router.add_route("*", "/{status:[0-9/]+}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextmanager
def noted(where: str) -> Iterator[None]:
    """Say of a failed assertion where the fault was."""
    try:
        yield
    except AssertionError as error:
        error.add_note(where)
        raise
