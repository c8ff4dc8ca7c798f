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

from local.host.configuration import QueueOptions
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

@app.route(route="files/{*name}")
async def seen(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    said = {"route": dict(req.route_params), "trace": context.trace_context.trace_parent}
    return func.HttpResponse(json.dumps(said))

@app.route(route="slow")
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    import asyncio
    await asyncio.sleep(3600)

@app.route(route="cancelled")
async def cancelled(req: func.HttpRequest) -> func.HttpResponse:
    import asyncio
    raise asyncio.CancelledError
"""
TRACES = """
import azure.functions as func

app = func.FunctionApp()

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
async def once(timer: func.TimerRequest, context: func.Context) -> None:
    with open("trace", "w") as file:
        file.write(repr(context.trace_context.trace_parent))
"""
TRACE = f"00-{'1' * 32}-{'2' * 16}-01"


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


@pytest.mark.parametrize("path", ["slow", "cancelled"])
def test_a_call_that_is_not_answered_in_time_restarts_the_worker(
    start_host: StartHost, client: httpx.Client, path: str
) -> None:
    """Row 6: `FunctionTimeoutException`, `WebScriptHostExceptionHandler.OnTimeoutExceptionAsync`; the worker's
    `invocation_request` catches no CancelledError.
    """
    host = start_host(CALLS, host_json={"functionTimeout": "00:00:01"})

    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{host.url}/api/{path}")

    assert host.stop() == 1
    assert f"function {path} ran longer than functionTimeout" in host.errors()


def test_a_call_runs_in_a_span_of_the_host_within_its_caller_s_trace(
    start_host: StartHost, client: httpx.Client
) -> None:
    """Row 7: ASP.NET Core's diagnostics, `Activity.Current` in `RpcTraceContext`."""
    host = start_host(CALLS)

    first, second = (client.get(f"{host.url}/api/files/a", headers={"traceparent": TRACE}).json() for _ in range(2))

    assert first["trace"].startswith(TRACE[:36])
    assert len({TRACE, first["trace"], second["trace"]}) == 3


def test_queues_and_timers_run_in_no_trace(start_host: StartHost) -> None:
    """Row 7: no `Activity` outside of HTTP in 4.1037."""
    host = start_host(TRACES)

    assert eventually(lambda: (host.folder / "trace").exists() and (host.folder / "trace").read_text()) == "''"


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("Admin/x", "conflicts with those of the host itself"),
        ("runtimes", "conflicts with those of the host itself"),
        ("MIRROR", "conflicts with that of mirror"),
    ],
)
def test_a_route_of_the_host_and_one_that_is_taken_are_refused(tmp_path: Path, route: str, said: str) -> None:
    """Row 8: `ScriptHost.ValidateFunction`, `HttpRoutesConflict`."""
    code, errors = outcome(tmp_path, CALLS.replace('route="slow"', f'route="{route}"'))

    assert code == 1
    assert said in errors


def test_the_status_of_the_host_asks_for_a_key(start_host: StartHost, client: httpx.Client) -> None:
    """Row 10: `HostController.GetHostStatus`, `PolicyNames.AdminAuthLevelOrInternal`."""
    assert client.get(f"{start_host(CALLS).url}/admin/host/status").status_code == 401


def test_a_body_without_a_length_and_a_catch_all_without_a_value_reach_the_function_empty(
    start_host: StartHost, client: httpx.Client
) -> None:
    """Section "the same": `HttpRequestExtensions.ToRpcHttp`; ASP.NET Core's routing."""
    host = start_host(CALLS)

    assert client.post(f"{host.url}/api/mirror", content=iter([b"chunk"])).content == b""
    assert client.get(f"{host.url}/api/files/").json()["route"] == {}


def test_a_batch_is_followed_by_another_once_half_of_it_is_done() -> None:
    """Row 9: `QueuesOptions.NewBatchThreshold`, on an instance with one core as Azure's with 2,048 MB."""
    assert QueueOptions().new_batch_threshold == QueueOptions().batch_size // 2
