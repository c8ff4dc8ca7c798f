"""The signing keys of the identity provider, fetched without blocking the loop."""

import asyncio
import time
from typing import Any

from services.errors import StoreUnavailable

ANSWER_WITHIN = 5.0
FRESH_FOR = 3600.0
"""Seconds for which fetched keys are trusted."""
COOL_DOWN = 30.0
"""Seconds between two fetches, however many unknown key ids arrive."""


class KeySet:
    """Keep the JWKS of an issuer; an unknown key id fetches it again, at most every 30 seconds."""

    def __init__(self, uri: str, cool_down: float = COOL_DOWN) -> None:
        self._uri = uri
        self._cool_down = cool_down
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, id_: str) -> dict[str, Any] | None:
        """Return the key with this id as a JWK, None where the issuer has none; raises StoreUnavailable."""
        async with self._fetching:
            now = time.monotonic()
            stale = id_ not in self._keys or now - self._fetched_at > FRESH_FOR
            if stale and now - self._asked_at >= self._cool_down:
                self._asked_at = now
                await self._fetch()
        if not self._keys:
            raise StoreUnavailable("the signing keys cannot be read")
        return self._keys.get(id_)

    async def close(self) -> None:
        """Do nothing, since each fetch closes its own session; so all clients can be closed alike."""

    async def _fetch(self) -> None:
        import aiohttp

        try:
            timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._uri) as response:
                response.raise_for_status()
                keys = (await response.json())["keys"]
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError) as error:
            if not self._keys:
                self._asked_at = float("-inf")
                raise StoreUnavailable(f"signing keys: {type(error).__name__}") from error
            return
        self._keys = {key["kid"]: key for key in keys if key.get("kid")}
        self._fetched_at = time.monotonic()
