"""Where a kinder desk would hide what Azure does: one test for each way of the real host that an app can notice.

Sources are named as in Azure/azure-functions-host 4.1037, azure-sdk-for-net, azure-webjobs-sdk-extensions and
azure-functions-python-worker. docs/host.md says where the desk still differs.
"""

import json
import uuid
from typing import Any

import pytest
from azure.storage.queue import QueueClient, QueueServiceClient

from tests.local.host.processes import Host, StartHost, eventually

OF_QUEUES = {"messageEncoding": "none", "maxPollingInterval": "00:00:00.200"}

MESSAGES = """
import json
import azure.functions as func

app = func.FunctionApp()

def seen(kind, msg):
    with open("seen", "a") as file:
        file.write(json.dumps([kind, msg.id, msg.dequeue_count, msg.get_body().decode()]) + "\\n")

@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%", connection="STORAGE")
async def as_text(msg: func.QueueMessage) -> None:
    seen("text", msg)

@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%-2", connection="STORAGE", data_type=func.DataType.BINARY)
async def as_bytes(msg: func.QueueMessage) -> None:
    seen("bytes", msg)
"""


def configured(**queues: Any) -> dict[str, Any]:
    return {"extensions": {"queues": OF_QUEUES | queues}}


def lines(host: Host, name: str = "seen") -> list[Any]:
    path = host.folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def queue(queues: QueueServiceClient) -> QueueClient:
    return queues.create_queue(f"q-{uuid.uuid4().hex[:12]}")


def test_fields_of_a_text_message_replace_what_the_queue_says_of_it_and_those_of_bytes_do_not(
    start_host: StartHost, storage: str, queues: QueueServiceClient, queue: QueueClient
) -> None:
    """Row 1: `WorkerFunctionInvoker.TransformInput`, `Utility.ApplyBindingData`."""
    body = json.dumps({"id": "c-7", "DEQUEUECOUNT": "9", "expirationTime": [1], "insertionTime": None})
    second = queues.create_queue(f"{queue.queue_name}-2")
    queue.send_message(body)
    sent = second.send_message(body)

    host = start_host(MESSAGES, host_json=configured(), STORAGE=storage, QUEUE=queue.queue_name)

    eventually(lambda: len(lines(host)) == 2)
    assert sorted(lines(host)) == [["bytes", sent.id, 1, body], ["text", "c-7", 9, body]]


def test_a_poison_queue_is_the_last_and_calls_no_more_after_five_deliveries(
    start_host: StartHost, storage: str, queues: QueueServiceClient
) -> None:
    """Row "a trap": `QueueProcessor.CompleteProcessingMessageAsync`, `QueueListener.CreatePoisonQueueReference`."""
    queue = queues.create_queue(f"q-{uuid.uuid4().hex[:12]}-poison")
    queue.send_message("delivered before")
    next(iter(queue.receive_messages(visibility_timeout=1)))
    queue.send_message("new")

    host = start_host(MESSAGES, host_json=configured(maxDequeueCount=1), STORAGE=storage, QUEUE=queue.queue_name)

    eventually(lambda: queue.get_queue_properties().approximate_message_count == 1)
    eventually(lambda: not queue.peek_messages())
    assert [body for *_, body in lines(host)] == ["new"]
    assert f"{queue.queue_name}-poison" not in {each.name for each in queues.list_queues()}
