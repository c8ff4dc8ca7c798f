"""Azure Storage Queues behind the port."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from services.case.ports import Message, QueueNumbers
from services.errors import StoreUnavailable
from services.times import instant
from stores import answers, telemetry
from stores.answers import Meaning

ANSWER_WITHIN = 2.5
"""Seconds for one call, the SDK's retries included: the share of a submit's budget that is the queue's."""
FOR_EVER = -1


class StorageQueues:
    """Send and receive queue messages; `prefix` keeps test runs apart."""

    def __init__(self, connect: Callable[[], QueueServiceClient], prefix: str = "") -> None:
        self._connect = connect
        self._prefix = prefix
        self._client: QueueServiceClient | None = None

    async def send(self, queue: str, body: dict[str, Any], *, delay: float = 0) -> None:
        """Send a message that stays until it is taken."""
        await self.send_text(queue, msgspec.json.encode(body).decode(), delay=delay)

    async def send_text(self, queue: str, body: str, *, delay: float = 0) -> None:
        """Send a message as it is, JSON or not; a missing queue is made first."""
        async with _answering(queue, "absent"):
            await self._send(queue, body, delay)
            return
        await self.ensure([queue])
        async with _answering(queue):
            await self._send(queue, body, delay)

    async def _send(self, queue: str, body: str, delay: float) -> None:
        await self._queue(queue).send_message(body, visibility_timeout=int(delay), time_to_live=FOR_EVER)

    async def receive(self, queue: str, limit: int, *, hidden_for: float) -> list[Message]:
        """Take up to `limit` (at most 32) messages; a missing queue is empty."""
        async with _answering(queue, "absent"):
            taken = self._queue(queue).receive_messages(
                messages_per_page=limit, max_messages=limit, visibility_timeout=int(hidden_for)
            )
            return [_message(queue, taken_message) async for taken_message in taken]
        return []

    async def peek(self, queue: str, limit: int) -> list[str]:
        """Read the bodies of up to `limit` (at most 32) visible messages and leave them as they are."""
        async with _answering(queue, "absent"):
            return [message.content for message in await self._queue(queue).peek_messages(max_messages=limit)]
        return []

    async def hide(self, message: Message, seconds: float) -> Message | None:
        """Hide a taken message for so many seconds from now; None where this delivery is no longer ours."""
        async with _answering(message.queue, "absent", "conflict"):
            updated = await self._queue(message.queue).update_message(
                message.id, message.receipt, visibility_timeout=math.ceil(seconds)
            )
            return msgspec.structs.replace(message, receipt=updated.pop_receipt)
        return None

    async def delete(self, message: Message) -> None:
        """Delete a taken message; it is no error where this delivery is no longer ours."""
        async with _answering(message.queue, "absent", "conflict"):
            await self._queue(message.queue).delete_message(message.id, message.receipt)

    async def ensure(self, queues: Sequence[str]) -> None:
        """Create what is missing of these queues."""
        for queue in queues:
            async with _answering(queue, "conflict"):
                await self._queue(queue).create_queue()

    async def numbers(self, queue: str) -> QueueNumbers | None:
        """Measure a queue; None where it does not exist."""
        async with _answering(queue, "absent"):
            properties = await self._queue(queue).get_queue_properties()
            first = await self._queue(queue).peek_messages(max_messages=1)
            oldest = instant(first[0].inserted_on) if first and first[0].inserted_on else None
            return QueueNumbers(queue, properties.approximate_message_count or 0, oldest)
        return None

    async def names(self) -> list[str]:
        """List all queues."""
        async with _answering("queues"):
            listed = self._service().list_queues(name_starts_with=self._prefix or None)
            return [queue.name.removeprefix(self._prefix) async for queue in listed]

    async def close(self) -> None:
        """Close the client; the next call opens a new one."""
        if self._client:
            client, self._client = self._client, None
            await client.close()

    def _service(self) -> QueueServiceClient:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _queue(self, queue: str) -> QueueClient:
        return self._service().get_queue_client(self._prefix + queue)


def _message(queue: str, taken: QueueMessage) -> Message:
    return Message(queue, taken.id, str(taken.pop_receipt), taken.content, taken.dequeue_count or 1)


@asynccontextmanager
async def _answering(queue: str, *borne: Meaning) -> AsyncIterator[None]:
    """Bound a call in time and turn every way of not answering into StoreUnavailable.

    An answer of a meaning that is borne ends the block; to any other block, a missing queue does not answer either.
    """
    try:
        with telemetry.call(f"queue {queue}"):
            try:
                async with asyncio.timeout(ANSWER_WITHIN):
                    yield
            except AzureError as error:
                if answers.of_storage(error).meaning not in borne:
                    raise
    except TimeoutError as error:
        raise StoreUnavailable(f"{queue}: no answer within {ANSWER_WITHIN} s") from error
    except AzureError as error:
        answer = answers.of_storage(error)
        if answer.meaning == "mistake":
            raise
        raise StoreUnavailable(f"{queue}: {answer.name}") from error
