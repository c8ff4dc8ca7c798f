"""Where a kinder desk would hide what Azure does: one test for each way of the real host that an app can notice.

Sources are named as in Azure/azure-functions-host 4.1037, azure-sdk-for-net, azure-webjobs-sdk-extensions and
azure-functions-python-worker. docs/host.md says where the desk still differs.
"""

import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError
from azure.storage.queue import QueueClient, QueueServiceClient

from local.host.queues import is_of_another, is_waited_out
from tests.local.host.processes import Host, StartHost, eventually, outcome

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

CALLS = """
import json
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

@app.route(route="mirror")
async def mirror(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.get_body())
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


def refused(status: int, code: str = "") -> HttpResponseError:
    error = HttpResponseError()
    error.status_code, error.error_code = status, code  # type: ignore[attr-defined]
    return error


def test_storage_that_refuses_ends_the_host(tmp_path: Path, storage: str) -> None:
    """Row 3: `QueueListener.ExecuteAsync`, `TaskSeriesTimer`, `WebScriptHostExceptionHandler`."""
    forbidden = storage.replace("AccountKey=Eby8", "AccountKey=AAAA")

    code, errors = outcome(tmp_path, MESSAGES, host_json=configured(), STORAGE=forbidden, QUEUE="somewhere")

    assert code == 1
    assert "Host is shutting down: queue somewhere" in errors


def test_only_a_missing_queue_and_errors_of_the_server_are_waited_out() -> None:
    """Row 3: `StorageExceptionExtensions`."""
    waited_out = [refused(status) for status in (404, 409, 500, 503)]
    not_waited_out = [
        *(refused(status) for status in (400, 401, 403)),
        ServiceRequestError(""),
        ServiceResponseError(""),
    ]

    assert [is_waited_out(error) for error in waited_out] == [True] * 4
    assert [is_waited_out(error) for error in not_waited_out] == [False] * 5


def test_a_message_that_cannot_be_deleted_ends_the_host_unless_another_has_it() -> None:
    """Row 3: `QueueProcessor.DeleteMessageAsync`."""
    assert all(map(is_of_another, [refused(404), refused(409), refused(400, "PopReceiptMismatch")]))
    assert not any(map(is_of_another, [refused(400), refused(403), refused(503), ServiceRequestError("")]))


def test_a_body_over_the_limit_of_the_host_answers_500_with_nothing_and_hangs_up(
    start_host: StartHost, client: httpx.Client
) -> None:
    """Row 2: Kestrel's `MaxRequestBodySize`, read in the binding of the trigger; `ExceptionMiddleware`."""
    host = start_host(CALLS, FUNCTIONS_REQUEST_BODY_SIZE_LIMIT="1000")

    largest = client.post(f"{host.url}/api/mirror", content=b"x" * 1000)
    larger = client.post(f"{host.url}/api/mirror", content=b"x" * 1001)

    assert largest.content == b"x" * 1000
    assert (larger.status_code, larger.content, larger.headers["connection"]) == (500, b"", "close")
    assert "mirror failed" in host.errors()
