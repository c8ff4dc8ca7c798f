"""Calls by somebody patient: what gets no answer, or one that blames the server, is sent again as it was."""

import asyncio
import json
import random
from typing import Any

import aiohttp
import msgspec

from soak.diary import Diary

ONE_TRY_WITHIN = 10.0
PATIENCE = 180.0
LONGEST_PAUSE = 10.0
"""Seconds between two tries, which is what the counter asks for; the first pauses are shorter."""
AGAIN = {"conflict"}
"""Refusals that say nothing but: send it again."""


class GaveUp(Exception):
    """Say that no answer came for very long."""


class Answer(msgspec.Struct, frozen=True):
    """Hold a final answer."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """Return the code of a problem, empty where it is none."""
        return str(self.body.get("code", "")) if self.status >= 400 else ""


class Caller:
    """Make calls of one kind of people and count what they are answered."""

    def __init__(self, session: aiohttp.ClientSession, diary: Diary, chance: random.Random) -> None:
        self._session = session
        self._diary = diary
        self._chance = chance

    async def post(self, path: str, body: object = None, *, within: float = PATIENCE, **headers: str) -> Answer:
        """Send a body until there is an answer; raises GaveUp."""
        content = json.dumps(body).encode() if body is not None else b""
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        try:
            async with asyncio.timeout(within):
                pause = 0.5
                while True:
                    answer = await self._once(path, content, sent)
                    if answer and answer.status < 500 and answer.code not in AGAIN:
                        return answer
                    await asyncio.sleep(self._chance.uniform(0.5, 1.0) * pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
        except TimeoutError as error:
            raise GaveUp(path) from error

    async def _once(self, path: str, content: bytes, headers: dict[str, str]) -> Answer | None:
        one_try = aiohttp.ClientTimeout(total=ONE_TRY_WITHIN)
        try:
            async with self._session.post(path, data=content, headers=headers, timeout=one_try) as got:
                text = await got.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            self._diary.answers["time-out" if isinstance(error, TimeoutError) else "connection lost"] += 1
            return None
        self._diary.answers[str(got.status)] += 1
        try:
            return Answer(got.status, json.loads(text))
        except ValueError:
            return Answer(got.status, {})
