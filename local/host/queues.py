"""Poll the queues of queue-triggered functions as Microsoft.Azure.WebJobs.Extensions.Storage.Queues does.

Follows its QueueListener, QueueProcessor and RandomizedExponentialBackoffStrategy. A message is hidden for ten minutes
while its function runs (renewed at half-time), deleted on success, shown again after `visibilityTimeout` on failure,
and moved to the poison queue once it has been delivered `maxDequeueCount` times; one that should be Base64 and is not
moves there at once. A queue that has no poison queue, because its own name ends with -poison, keeps a failed message
hidden for the rest of the ten minutes. Storage that refuses (403, 400) or cannot be reached ends the whole host: only a
queue that is not there, and errors of the server, are waited out.
"""

import asyncio
import base64
import binascii
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.host import metadata
from local.host.configuration import ConfigurationError, QueueOptions, connection_string, resolve
from local.host.messages import TypedData
from local.host.runtime import Function, InvocationError, Runtime

HIDDEN_SECONDS = 600
POISON_SUFFIX = "-poison"
_MINIMUM_SECONDS = 0.1
logger = logging.getLogger(__name__)


class Backoff:
    """How long to wait between polls: 0.1 s after a message, then longer each time up to a maximum in seconds."""

    def __init__(self, maximum: float) -> None:
        self._maximum = maximum
        self._wait = 0.0
        self._exponent = 0

    def next(self, found: bool) -> float:
        """Return the next wait in seconds, given whether messages were found since the last one."""
        if found or self._exponent == 0:
            self._exponent = 1
            self._wait = min(_MINIMUM_SECONDS, self._maximum)
        elif self._wait < self._maximum:
            growth = random.uniform(0.8, 1.2) * 2.0 ** (self._exponent - 1)
            self._exponent += 1
            self._wait = min(_MINIMUM_SECONDS * (1 + growth), self._maximum)
        return self._wait


type End = Callable[[str], None]
"""What ends the host, with a reason."""


def is_waited_out(error: AzureError) -> bool:
    """Tell whether a listener polls on after this error (`QueueListener.ExecuteAsync`)."""
    status = error.status_code if isinstance(error, HttpResponseError) else None
    return status in (404, 409) or (status or 0) >= 500


def is_of_another(error: AzureError) -> bool:
    """Tell whether a message could not be changed since another took it over, or it is gone (`QueueProcessor`)."""
    if not isinstance(error, HttpResponseError):
        return False
    return error.status_code in (404, 409) or getattr(error, "error_code", None) == "PopReceiptMismatch"


@dataclass(frozen=True)
class _Delivery:
    id: str
    pop_receipt: str
    content: str
    dequeue_count: int
    metadata: Mapping[str, TypedData]


class Poller:
    """Feeds one queue-triggered function from its queue."""

    def __init__(
        self, runtime: Runtime, function: Function, service: QueueServiceClient, options: QueueOptions, end: End
    ) -> None:
        trigger = function.trigger("queueTrigger") or {}
        name = resolve(trigger["queueName"])
        self._runtime = runtime
        self._function = function
        self._input_name: str = trigger["name"]
        self._is_binary = str(trigger.get("dataType", "")).lower() == "binary"
        self._queue = service.get_queue_client(name)
        self._poison = None if name.endswith(POISON_SUFFIX) else service.get_queue_client(name + POISON_SUFFIX)
        self._options = options
        self._end = end
        self._processing: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until told to stop; then wait for what is being processed (cancel to give up on it)."""
        backoff = Backoff(self._options.max_polling_interval.total_seconds())
        found_since_wait = False
        while not stop.is_set():
            messages = await self._receive()
            for message in messages:
                self._start(message)
            if messages:
                found_since_wait = True
                await self._wait_for_threshold()
            else:
                await _pause(backoff.next(found_since_wait), stop)
                found_since_wait = False
        if self._processing:
            await asyncio.wait(self._processing)

    async def _receive(self) -> list[QueueMessage]:
        pages = self._queue.receive_messages(
            messages_per_page=self._options.batch_size, visibility_timeout=HIDDEN_SECONDS
        ).by_page()
        try:
            messages = [message async for message in await anext(pages)]
        except StopAsyncIteration:
            messages = []
        except AzureError as error:
            if not is_waited_out(error):
                self._end(f"queue {self._queue.queue_name} does not let itself be read: {error}")
            return []
        return messages

    def _start(self, message: QueueMessage) -> None:
        task = asyncio.create_task(self._process(_delivery(message)))
        self._processing.add(task)
        task.add_done_callback(self._processing.discard)

    async def _wait_for_threshold(self) -> None:
        while len(self._processing) > self._options.new_batch_threshold:
            await asyncio.wait(self._processing, return_when=asyncio.FIRST_COMPLETED)

    async def _process(self, message: _Delivery) -> None:
        try:
            body = self._decoded(message.content)
            if body is None or message.dequeue_count > self._options.max_dequeue_count:
                await self._move_to_poison(message)
                return
            succeeded, message = await self._invoke(message, body)
            await self._complete(message, succeeded)
        except AzureError as error:
            if not is_of_another(error):
                self._end(f"message {message.id} of {self._queue.queue_name} cannot be changed: {error}")
            logger.info("message %s of %s is another's or gone", message.id, self._queue.queue_name)

    async def _invoke(self, message: _Delivery, body: bytes) -> tuple[bool, _Delivery]:
        """Run the function while the message stays hidden; return whether it succeeded, and the latest pop receipt."""
        renewals = _Renewals(self._queue, message, self._end)
        renewing = asyncio.create_task(renewals.run())
        try:
            value, said = metadata.delivered(body, message.metadata, as_bytes=self._is_binary)
            await self._runtime.invoke(self._function, {self._input_name: value}, said)
        except UnicodeDecodeError as error:
            logger.error("message %s of %s is not text: %s", message.id, self._queue.queue_name, error)
            return False, renewals.message
        except InvocationError:
            return False, renewals.message
        finally:
            renewing.cancel()
        return True, renewals.message

    async def _complete(self, message: _Delivery, succeeded: bool) -> None:
        if succeeded:
            await self._queue.delete_message(message.id, message.pop_receipt)
        elif self._poison is None:
            logger.warning("message %s of %s stays hidden: no poison queue", message.id, self._queue.queue_name)
        elif message.dequeue_count >= self._options.max_dequeue_count:
            await self._move_to_poison(message)
        else:
            seconds = int(self._options.visibility_timeout.total_seconds())
            await self._queue.update_message(message.id, message.pop_receipt, visibility_timeout=seconds)

    async def _move_to_poison(self, message: _Delivery) -> None:
        if self._poison is None:
            return
        logger.warning("message %s moves to %s", message.id, self._poison.queue_name)
        try:
            await self._poison.send_message(message.content)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                await self._poison.create_queue()
            await self._poison.send_message(message.content)
        await self._queue.delete_message(message.id, message.pop_receipt)

    def _decoded(self, content: str) -> bytes | None:
        """Return the body, or None where it should be Base64 and is not."""
        if not self._options.base64:
            return content.encode("utf-8")
        try:
            return base64.b64decode("".join(content.split()), validate=True)
        except (binascii.Error, ValueError):
            return None


class _Renewals:
    """Keeps a message hidden and remembers its latest pop receipt."""

    def __init__(self, queue: QueueClient, message: _Delivery, end: End) -> None:
        self._queue = queue
        self._end = end
        self.message = message

    async def run(self) -> None:
        while True:
            await asyncio.sleep(HIDDEN_SECONDS / 2)
            try:
                renewed = await self._queue.update_message(
                    self.message.id, self.message.pop_receipt, visibility_timeout=HIDDEN_SECONDS
                )
            except AzureError as error:
                if not (is_waited_out(error) or is_of_another(error)):
                    self._end(f"message {self.message.id} of {self._queue.queue_name} cannot be renewed: {error}")
                continue
            self.message = replace(self.message, pop_receipt=renewed.pop_receipt or self.message.pop_receipt)


class Services:
    """The queue service clients of an app, one per connection; close them when the host ends."""

    def __init__(self) -> None:
        self._clients: dict[str, QueueServiceClient] = {}

    def client(self, connection: str) -> QueueServiceClient:
        """Return the client for a connection string. Raises ConfigurationError where it is none."""
        if connection not in self._clients:
            try:
                self._clients[connection] = QueueServiceClient.from_connection_string(
                    connection,
                    connection_timeout=5,
                    read_timeout=10,
                    initial_backoff=0.8,
                    increment_base=1.5,
                    random_jitter_range=0,
                    retry_total=3,
                    use_env_settings=False,
                )
            except ValueError as error:
                raise ConfigurationError(f"not a storage connection string: {error}") from error
        return self._clients[connection]

    async def close(self) -> None:
        """Close every client."""
        for client in self._clients.values():
            await client.close()


def pollers(runtime: Runtime, services: Services, options: QueueOptions, end: End) -> list[Poller]:
    """Return a poller for every queue-triggered function; `end` ends the host."""
    return [
        Poller(runtime, function, services.client(connection_string(trigger.get("connection", ""))), options, end)
        for function in runtime.functions
        if (trigger := function.trigger("queueTrigger"))
    ]


def _delivery(message: QueueMessage) -> _Delivery:
    said = metadata.of_message(message)
    return _Delivery(message.id, message.pop_receipt or "", message.content, message.dequeue_count or 0, said)


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
