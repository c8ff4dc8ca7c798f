"""The signing keys of the identity provider, fetched without blocking the loop."""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from services.errors import StoreUnavailable
from stores.shared import Shared

ANSWER_WITHIN = 5.0
KNOWN_AFTER = 1.0
"""Seconds after which a known key serves though the issuer, asked anew, has not answered."""
FRESH_FOR = 3600.0
"""Seconds for which fetched keys are trusted without asking the issuer again."""
COOL_DOWN = 30.0
"""Seconds between two fetches, however many unknown key ids arrive."""

log = logging.getLogger("madoguchi.keys")


class KeySet:
    """Keep the JWKS of an issuer; an unknown key id fetches it again, at most every 30 seconds."""

    def __init__(self, uri: str, cool_down: float = COOL_DOWN, fresh_for: float = FRESH_FOR) -> None:
        self._uri = uri
        self._cool_down = cool_down
        self._fresh_for = fresh_for
        self._keys: dict[str, dict[str, Any]] = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._fetching = Shared(self._fetch, 2 * ANSWER_WITHIN)

    async def key(self, id_: str) -> dict[str, Any] | None:
        """Return the key with this id as a JWK, None where the issuer has none; raises StoreUnavailable."""
        now = time.monotonic()
        if id_ not in self._keys or now - self._fetched_at > self._fresh_for:
            await self._refresh(now, KNOWN_AFTER if id_ in self._keys else ANSWER_WITHIN)
        if not self._keys:
            raise StoreUnavailable("the signing keys cannot be read")
        return self._keys.get(id_)

    async def close(self) -> None:
        """End a fetch that is under way."""
        await self._fetching.close()

    async def _refresh(self, now: float, within: float) -> None:
        """Wait so long for the fetch that is under way, or for a new one after the cool-down; what is known stays."""
        is_due = not self._keys or now - self._asked_at >= self._cool_down
        if not (is_due or self._fetching.is_under_way):
            return
        if not self._fetching.is_under_way:
            self._asked_at = now
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._fetching.wait()

    async def _fetch(self) -> None:
        import aiohttp

        try:
            timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
            async with aiohttp.ClientSession(timeout=timeout) as session, session.get(self._uri) as response:
                response.raise_for_status()
                self._keys = _usable(await response.json())
        except Exception as error:  # whatever the issuer answers, what is known of it stays
            log.warning("the signing keys cannot be read: %s", type(error).__name__)
        else:
            self._fetched_at = time.monotonic()


def _usable(answer: Any) -> dict[str, dict[str, Any]]:
    """Return the keys of a JWKS by their ids; raises ValueError where there is none, others where it is no JWKS."""
    each = [key for key in answer["keys"] if isinstance(key, dict)]
    keys = {key["kid"]: key for key in each if _is_text(key.get("kid")) and _is_text(key.get("kty"))}
    if not keys:
        raise ValueError("no key among the signing keys")
    return keys


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
