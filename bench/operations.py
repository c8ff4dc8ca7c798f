"""How many calls to Cosmos DB and Storage a request makes, counted at the transport."""

from collections.abc import Awaitable, Callable
from typing import Any

from azure.core.pipeline.transport import AioHttpTransport

from bench import life
from wiring.app import App


class Counted:
    """Count what goes out through the SDKs while it is in force."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._send = AioHttpTransport.send

    def __enter__(self) -> "Counted":
        counted, send = self.calls, self._send

        async def record(transport: AioHttpTransport, request: Any, **options: Any) -> Any:
            counted.append("Cosmos DB" if "/dbs" in request.url else "queue")
            return await send(transport, request, **options)

        AioHttpTransport.send = record
        return self

    def __exit__(self, *_: object) -> None:
        AioHttpTransport.send = self._send


async def report(app: App) -> None:
    """Print the calls of each part of a request's life; the host's own receive and delete are not among them."""
    await life.advance(app, await life.submit(app))
    await life.claim_and_complete(app)
    references: list[str] = []

    async def submit() -> None:
        references.append(await life.submit(app))

    parts: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
        ("submit, until the receipt", submit),
        ("advance, one task", lambda: life.advance(app, references[0])),
        ("claim and complete", lambda: life.claim_and_complete(app)),
    )
    print("(d) calls at the transport      Cosmos DB   queue   (a certificate; (e) has those of supplies)")
    total = []
    for name, part in parts:
        with Counted() as counted:
            await part()
        total += counted.calls
        _line(name, counted.calls)
    _line("the whole life", total)
    print("    (aim: one write and one send before the receipt)\n")
    await life.clear_wake_ups(app)


def _line(name: str, calls: list[str]) -> None:
    print(f"    {name:28}{calls.count('Cosmos DB'):9d}{calls.count('queue'):8d}")
