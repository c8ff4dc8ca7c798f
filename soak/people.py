"""The people of a soak: residents who ask and sometimes withdraw, staff who work in every way staff can."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from services.case.receipts import ReceiptSecrets
from soak.calls import Answer, Caller, GaveUp
from soak.diary import Diary, Lease, Promise, Receipt
from soak.work import Work

PAUSES = (0.0, 5.0)
"""Seconds between two requests of a client: so the load lasts for many kills."""
ASKS_AGAIN = 0.2
WITHDRAWS = 0.1
WITHDRAWS_WITHIN = 30.0
"""Seconds; a request that waits in the intake queue for longer stays."""
LEASE_SECONDS = 30
TASKS_AT_ONCE = 4
IDLE_SECONDS = 3.0
STAFF_WAYS = {"complete": 0.78, "renew": 0.1, "release": 0.1, "forget": 0.02}
"""What becomes of a claimed task; renewed ones are completed after, forgotten ones wait for their lease to end."""
MEANWHILE = {"handed_over", "withdrawn", "stale_token", "task_closed"}
"""Refusals that say what happened meanwhile."""


class Residents:
    """Submit what there is to submit, so many at a time."""

    def __init__(self, caller: Caller, diary: Diary, secrets: ReceiptSecrets, chance: random.Random) -> None:
        self._caller = caller
        self._diary = diary
        self._secrets = secrets
        self._chance = chance

    async def submit_all(self, works: Sequence[Work], count: int, clients: int) -> None:
        """Submit `count` requests, taking the works in turn, from so many clients side by side."""
        numbers = iter(range(count))

        async def client() -> None:
            for number in numbers:
                await asyncio.sleep(self._chance.uniform(*PAUSES))
                await self._one(works[number % len(works)])

        await asyncio.gather(*(client() for _ in range(clients)))

    async def _one(self, work: Work) -> None:
        promise = self._diary.open(f"{self._chance.getrandbits(160):040x}", work, self._secrets)
        try:
            await self._submit(promise)
            if self._chance.random() < ASKS_AGAIN:
                await self._submit(promise)
            if promise.receipts and self._chance.random() < WITHDRAWS:
                await self._withdraw(promise)
        except GaveUp:
            self._diary.answers["gave up"] += 1

    async def _submit(self, promise: Promise) -> None:
        start = time.perf_counter()
        body = msgspec.to_builtins(promise.submission)
        answer = await self._caller.post("/api/requests", body, Idempotency_Key=promise.key)
        if answer.status not in (200, 201, 202):
            self._diary.refusals.append(f"submit {promise.identity.reference}: {answer.status} {answer.code}")
            return
        if not promise.receipts:
            self._diary.seconds.append(time.perf_counter() - start)
        promise.receipts.append(msgspec.convert(answer.body, Receipt))

    async def _withdraw(self, promise: Promise) -> None:
        receipt = promise.receipts[0]
        path = f"/api/requests/{receipt.reference}/withdraw"
        answer = await self._caller.post(path, within=WITHDRAWS_WITHIN, Access_Code=receipt.access_code)
        promise.withdrawn = answer.status == 200
        _expect(self._diary, f"withdraw {receipt.reference}", answer)


class Worker:
    """Work for one team until told to stop."""

    def __init__(self, caller: Caller, diary: Diary, chance: random.Random, *, name: str, team: str, token: str):
        self._caller = caller
        self._diary = diary
        self._chance = chance
        self._name = name
        self._team = team
        self._authorization = f"Bearer {token}"

    async def work(self, stop: asyncio.Event) -> None:
        """Claim, and do with each task what staff do."""
        while not stop.is_set():
            try:
                leases = await self._claim()
                for lease in leases:
                    await self._do(lease)
            except GaveUp:
                leases = []
                self._diary.answers["gave up"] += 1
            if not leases:
                await asyncio.sleep(IDLE_SECONDS)

    async def _claim(self) -> list[Lease]:
        claim = f"{self._chance.getrandbits(96):024x}"
        body = {"claimId": claim, "max": TASKS_AT_ONCE, "leaseSeconds": LEASE_SECONDS}
        answer = await self._post(f"/api/staff/teams/{self._team}/claims", body)
        if answer.status != 200:
            self._diary.refusals.append(f"claim for {self._team}: {answer.status} {answer.code}")
            return []
        leases = [Lease(task["id"], task["lease"]["token"], claim, self._name) for task in answer.body["tasks"]]
        self._diary.leases += leases
        return leases

    async def _do(self, lease: Lease) -> None:
        [way] = self._chance.choices(list(STAFF_WAYS), list(STAFF_WAYS.values()))
        if way == "forget":
            return
        if way == "renew":
            await self._verb(lease, "renew", {"leaseSeconds": LEASE_SECONDS})
        verb = "release" if way == "release" else "complete"
        if await self._verb(lease, verb, {"note": "済"}) and verb == "complete":
            self._diary.completions.append(lease)

    async def _verb(self, lease: Lease, verb: str, body: dict[str, Any]) -> bool:
        answer = await self._post(f"/api/staff/tasks/{lease.task}/{verb}", {"token": lease.token, **body})
        _expect(self._diary, f"{verb} {lease.task}", answer)
        return answer.status == 200

    async def _post(self, path: str, body: dict[str, Any]) -> Answer:
        return await self._caller.post(path, body, Authorization=self._authorization)


def _expect(diary: Diary, call: str, answer: Answer) -> None:
    """Note an answer that is neither a success nor told by what happened meanwhile."""
    if answer.status != 200 and answer.code not in MEANWHILE:
        diary.refusals.append(f"{call}: {answer.status} {answer.code}")
