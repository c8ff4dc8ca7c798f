"""A staff app that polls its team's queue with the Storage Queue SDK, and claims each task before it works.

It holds the role *Storage Queue Data Message Processor* on the team's queues and a token with `Team.{team}`. The
message only says which task there is; the claim says whether it is ours, and shows the request.

    STORAGE="..." TOKEN="..." python examples/staff_poller.py --team supplies --once
"""

import argparse
import asyncio
import json
import os
import uuid

import aiohttp
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

LEASE_SECONDS = 900
HIDDEN_SECONDS = LEASE_SECONDS + 60
IDLE_SECONDS = 5
OVER = {404, 409}
"""The task is done, withdrawn or held by a colleague: not ours to work on."""


async def work(task: dict[str, object]) -> str:
    """Do the work and return its outcome; a real app shows the request to a person here."""
    print(f"working on {task['kind']}, due {task['deadline']}")
    return "done"


async def handle(message: QueueMessage, queue: QueueClient, api: aiohttp.ClientSession) -> None:
    """Claim the task of a message, work, complete, and only then delete the message."""
    task_id = json.loads(message.content)["task"]
    claim = {"claimId": uuid.uuid4().hex, "leaseSeconds": LEASE_SECONDS}
    async with api.post(f"/api/staff/tasks/{task_id}/claim", json=claim) as response:
        if response.status in OVER:
            print(f"{task_id}: {(await response.json())['code']}")
            return
        response.raise_for_status()
        task = await response.json()
    completion = {"token": task["lease"]["token"], "outcome": await work(task)}
    async with api.post(f"/api/staff/tasks/{task_id}/complete", json=completion) as response:
        response.raise_for_status()
    await queue.delete_message(message)
    print(f"{task_id}: completed")


async def poll(team: str, url: str, token: str, storage: str, *, once: bool) -> None:
    """Take one message after the other, urgent ones first."""
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(url, headers=headers, timeout=timeout) as api:
        while True:
            found = False
            for name in (f"tasks-{team}-urgent", f"tasks-{team}"):
                async with QueueClient.from_connection_string(storage, name) as queue:
                    async for message in queue.receive_messages(max_messages=1, visibility_timeout=HIDDEN_SECONDS):
                        found = True
                        await handle(message, queue, api)
            if once:
                return
            if not found:
                await asyncio.sleep(IDLE_SECONDS)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--team", required=True)
    parser.add_argument("--url", default="http://127.0.0.1:7071")
    parser.add_argument("--once", action="store_true", help="look once and end")
    arguments = parser.parse_args()
    asyncio.run(poll(arguments.team, arguments.url, os.environ["TOKEN"], os.environ["STORAGE"], once=arguments.once))
