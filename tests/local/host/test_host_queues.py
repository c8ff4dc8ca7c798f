"""Queue functions are fed as the Storage Queues extension of the Functions host feeds them."""

import base64
import json
import uuid
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueServiceClient

from tests.local.host.processes import Host, StartHost, eventually

SOURCE = """
import json, logging, time
import azure.functions as func

app = func.FunctionApp()

@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%", connection="STORAGE")
async def work(msg: func.QueueMessage) -> None:
    body = msg.get_body()
    times = [msg.insertion_time, msg.expiration_time, msg.time_next_visible]
    seen = {"id": msg.id, "count": msg.dequeue_count, "body": body.decode(), "at": time.time(),
            "receipt": bool(msg.pop_receipt), "times": [time.isoformat() for time in times]}
    with open("seen", "a") as file:
        file.write(json.dumps(seen) + "\\n")
    if body.startswith(b"fail") and not (body == b"fail once" and msg.dequeue_count > 1):
        raise ValueError("no such luck")
"""
PLAIN = {"messageEncoding": "none", "maxPollingInterval": "00:00:00.200"}


def configured(**queues: Any) -> dict[str, Any]:
    return {"extensions": {"queues": PLAIN | queues}}


def seen(host: Host) -> list[dict[str, Any]]:
    path = host.folder / "seen"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def is_empty(queue: QueueClient) -> bool:
    """Tell whether the queue holds no message, hidden ones included."""
    return queue.get_queue_properties().approximate_message_count == 0


def contents(queue: QueueClient) -> list[str]:
    try:
        return [message.content for message in queue.peek_messages(32)]
    except ResourceNotFoundError:
        return []


@pytest.fixture
def queue(queues: QueueServiceClient) -> QueueClient:
    return queues.create_queue(f"q-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def poison(queues: QueueServiceClient, queue: QueueClient) -> QueueClient:
    return queues.get_queue_client(f"{queue.queue_name}-poison")


def test_a_message_that_succeeds_is_deleted(start_host: StartHost, storage: str, queue: QueueClient) -> None:
    sent = queue.send_message("hello 窓口", time_to_live=-1)
    host = start_host(SOURCE, host_json=configured(), STORAGE=storage, QUEUE=queue.queue_name)
    eventually(lambda: is_empty(queue))
    only = seen(host)[0]
    assert (only["id"], only["body"], only["count"], only["receipt"]) == (sent.id, "hello 窓口", 1, True)
    assert sent.inserted_on
    assert only["times"][0] == sent.inserted_on.isoformat()
    assert host.stop() == 0
    assert "Unclosed" not in host.errors()


def test_a_message_that_fails_comes_back_not_before_the_visibility_timeout(
    start_host: StartHost, storage: str, queue: QueueClient
) -> None:
    queue.send_message("fail once")
    host = start_host(
        SOURCE, host_json=configured(visibilityTimeout="00:00:02"), STORAGE=storage, QUEUE=queue.queue_name
    )
    eventually(lambda: is_empty(queue))
    first, second = seen(host)
    assert (first["count"], second["count"]) == (1, 2)
    assert second["at"] - first["at"] >= 1
    assert "ValueError: no such luck" in host.errors()
    assert 'raise ValueError("no such luck")' in host.errors()


def test_a_message_that_fails_max_dequeue_count_times_moves_to_the_poison_queue(
    start_host: StartHost, storage: str, queue: QueueClient, poison: QueueClient
) -> None:
    queue.send_message("fail 窓口")
    host = start_host(SOURCE, host_json=configured(maxDequeueCount=3), STORAGE=storage, QUEUE=queue.queue_name)
    assert eventually(lambda: contents(poison)) == ["fail 窓口"]
    eventually(lambda: is_empty(queue))
    assert [delivery["count"] for delivery in seen(host)] == [1, 2, 3]


def test_a_message_delivered_too_often_moves_to_the_poison_queue_unread(
    start_host: StartHost, storage: str, queue: QueueClient, poison: QueueClient
) -> None:
    queue.send_message("hello")
    next(iter(queue.receive_messages(visibility_timeout=1)))
    host = start_host(SOURCE, host_json=configured(maxDequeueCount=1), STORAGE=storage, QUEUE=queue.queue_name)
    assert eventually(lambda: contents(poison)) == ["hello"]
    assert seen(host) == []


def test_base64_is_decoded_where_host_json_asks_for_it_and_anything_else_is_poison_at_once(
    start_host: StartHost, storage: str, queue: QueueClient, poison: QueueClient
) -> None:
    queue.send_message(base64.b64encode("窓口".encode()).decode())
    queue.send_message("not base64!")
    options = configured(messageEncoding="base64", visibilityTimeout="00:10:00")
    host = start_host(SOURCE, host_json=options, STORAGE=storage, QUEUE=queue.queue_name)
    assert eventually(lambda: contents(poison)) == ["not base64!"]
    eventually(lambda: is_empty(queue))
    assert [delivery["body"] for delivery in seen(host)] == ["窓口"]


def test_a_poison_queue_has_no_poison_queue_and_keeps_what_fails_hidden(
    start_host: StartHost, storage: str, queues: QueueServiceClient
) -> None:
    queue = queues.create_queue(f"q-{uuid.uuid4().hex[:12]}-poison")
    queue.send_message("fail")
    host = start_host(SOURCE, host_json=configured(maxDequeueCount=1), STORAGE=storage, QUEUE=queue.queue_name)
    eventually(lambda: "stays hidden" in host.errors())
    assert (contents(queue), is_empty(queue)) == ([], False)
    assert contents(queues.get_queue_client(f"{queue.queue_name}-poison")) == []


def test_a_queue_made_after_the_start_is_polled_and_the_host_makes_none_itself(
    start_host: StartHost, storage: str, queues: QueueServiceClient
) -> None:
    name = f"q-{uuid.uuid4().hex[:12]}"
    host = start_host(SOURCE, host_json=configured(), STORAGE=storage, QUEUE=name)
    queue = queues.create_queue(name)
    queue.send_message("late")
    assert eventually(lambda: seen(host))[0]["body"] == "late"


def test_more_messages_than_a_batch_are_all_processed(start_host: StartHost, storage: str, queue: QueueClient) -> None:
    for number in range(40):
        queue.send_message(f"message {number}")
    host = start_host(
        SOURCE,
        host_json=configured(batchSize=4, maxPollingInterval="01:00:00"),
        STORAGE=storage,
        QUEUE=queue.queue_name,
    )
    eventually(lambda: is_empty(queue))
    assert len({delivery["body"] for delivery in seen(host)}) == 40
