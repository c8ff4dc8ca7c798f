"""The real app on the emulators, each test with a database and queues of its own."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from local.provision import provision
from services.times import Clock, system_clock
from settings import Connection, Settings
from wiring import build
from wiring.app import App


def settings_for(cosmos: str, storage: str, **changes: object) -> Settings:
    """Return settings that point to the emulators and to a database of one's own."""
    return Settings(
        **{
            "cosmos": Connection(connection_string=cosmos),
            "cosmos_database": f"t{uuid.uuid4().hex[:12]}",
            "storage": Connection(connection_string=storage),
            "reference_secret": b"reference secret of the tests",
            "access_secrets": {1: b"access secret of the tests"},
            "token_issuer": "https://issuer.example",
            "token_audience": "api://madoguchi",
            "token_jwks_uri": "http://127.0.0.1:1/jwks",
            "municipality": "みどり市（見本）",
            "municipality_phone": "0000-00-0000",
            "address_header": "x-forwarded-for",
            "calls_per_minute": 1200,
            **changes,
        }
    )


@asynccontextmanager
async def running(settings: Settings, clock: Clock = system_clock) -> AsyncIterator[App]:
    """Build and provision an app, and close it in the end."""
    app = build(settings, clock, queue_prefix=f"{settings.cosmos_database}-")
    try:
        await provision(app)
        yield app
    finally:
        await app.close()
