"""The host as a process: what it says when it starts, when it cannot, and how it ends."""

import concurrent.futures
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from local.host.__main__ import listen
from tests.local.host.processes import (
    DEADLINE_SECONDS,
    Host,
    StartHost,
    address,
    eventually,
    launch,
    outcome,
    write_app,
)

HELLO = """
import asyncio, time
import azure.functions as func

app = func.FunctionApp()

@app.route(route="hello")
async def hello(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("hello")

@app.route(route="slow")
async def slow(req: func.HttpRequest) -> func.HttpResponse:
    open("begun", "w").close()
    await asyncio.sleep(1)
    return func.HttpResponse("slow")

@app.route(route="endless")
def endless(req: func.HttpRequest) -> func.HttpResponse:
    open("begun", "w").close()
    while True:
        time.sleep(1)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_host_cleanly(start_host: StartHost, number: int) -> None:
    host = start_host(HELLO)
    assert host.output() == f"host ready on {host.url} (3 functions)\n"
    assert host.stop(number) == 0
    assert [line for line in host.errors().splitlines() if " INFO " not in line] == []


def test_a_host_that_is_to_exit_with_its_parent_ends_when_its_input_closes(tmp_path: Path) -> None:
    write_app(tmp_path, HELLO)
    process = launch(tmp_path, {}, "--exit-with-parent", stdin=subprocess.PIPE)
    assert process.stdin
    try:
        eventually(lambda: address(Host("", process, tmp_path)))
        process.stdin.close()
        assert process.wait(DEADLINE_SECONDS) == 0
    finally:
        process.kill()
        process.wait()


def test_an_invocation_under_way_is_finished_first(start_host: StartHost) -> None:
    host = start_host(HELLO)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, f"{host.url}/api/slow", timeout=30)
        eventually((host.folder / "begun").exists)
        assert host.stop() == 0
        assert answer.result().text == "slow"


def test_a_function_that_never_returns_does_not_keep_the_host_alive(start_host: StartHost) -> None:
    host = start_host(HELLO)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        answer = pool.submit(httpx.get, f"{host.url}/api/endless", timeout=DEADLINE_SECONDS)
        eventually((host.folder / "begun").exists)
        assert host.stop() == 0
        assert isinstance(answer.exception(), httpx.HTTPError) or answer.result().status_code == 500


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import nothing_of_this_name\n", "No module named 'nothing_of_this_name'"),
        ("import azure.functions as func\nfrom azure.functions import Nope\n", "cannot import name 'Nope'"),
        ("def broken(:\n", "SyntaxError"),
        ("import azure.functions\n", "Could not find top level function app instances"),
        ("import azure.functions as func\napp = func.FunctionApp()\n", "has no function"),
        (HELLO.replace("req: func.HttpRequest", "req: int"), "binding type"),
        (HELLO.replace("slow(req: func", "slow(other: func"), "slow"),
        (HELLO.replace('route="slow"', 'route="{a:nope}"'), "unknown route constraint 'nope'"),
        (HELLO.replace('route="slow"', 'route="a//b"'), "two slashes in a row"),
    ],
)
def test_an_app_that_cannot_be_indexed_ends_the_host_with_the_true_error(
    tmp_path: Path, source: str, said: str
) -> None:
    code, errors = outcome(tmp_path, source)
    assert code == 1
    assert said in errors


def test_an_error_deep_in_an_import_is_shown_with_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "deep_module.py").write_text("value = 1 / 0  # the culprit\n")
    code, errors = outcome(tmp_path, "import azure.functions as func\nimport deep_module\napp = func.FunctionApp()\n")
    assert code == 1
    assert "value = 1 / 0  # the culprit" in errors
    assert "ZeroDivisionError" in errors


def test_an_import_error_is_shown_with_the_line_that_imports(tmp_path: Path) -> None:
    (tmp_path / "deep_module.py").write_text("import nothing_of_this_name  # the culprit\n")
    code, errors = outcome(tmp_path, "import deep_module\n")
    assert code == 1
    assert "import nothing_of_this_name  # the culprit" in errors


def test_a_folder_without_an_app_is_named(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text("{}")
    code, errors = outcome(tmp_path, None)
    assert code == 1
    assert f"{tmp_path / 'function_app.py'} does not exist" in errors


def test_a_binding_that_the_local_host_does_not_know_is_refused_not_ignored(tmp_path: Path) -> None:
    source = (
        HELLO + '\n@app.blob_trigger(arg_name="b", path="x", connection="C")\ndef b(b: func.InputStream) -> None: ...\n'
    )
    code, errors = outcome(tmp_path, source)
    assert code == 1
    assert "function b: the local host does not support blobTrigger" in errors


QUEUE = """
import azure.functions as func

app = func.FunctionApp()

@app.queue_trigger(arg_name="msg", queue_name="%QUEUE%", connection="STORAGE")
async def work(msg: func.QueueMessage) -> None: ...

@app.timer_trigger(arg_name="timer", schedule="%EVERY%")
async def tick(timer: func.TimerRequest) -> None: ...
"""
WHOLE = {"STORAGE": "UseDevelopmentStorage=true", "QUEUE": "q", "EVERY": "0 * * * * *"}


@pytest.mark.parametrize(
    ("without", "instead", "said"),
    [
        ("QUEUE", {}, "'%QUEUE%' does not resolve"),
        ("EVERY", {}, "'%EVERY%' does not resolve"),
        ("EVERY", {"EVERY": "hourly"}, "'hourly' has not six fields"),
        ("STORAGE", {}, "connection STORAGE: no setting of that name"),
        ("STORAGE", {"STORAGE__queueServiceUri": "https://a.queue.core.windows.net"}, "not an identity"),
        ("STORAGE", {"STORAGE": "rubbish"}, "not a storage connection string"),
    ],
)
def test_a_setting_that_a_binding_needs_is_asked_for_at_the_start(
    tmp_path: Path, without: str, instead: dict[str, str], said: str
) -> None:
    settings = {name: value for name, value in WHOLE.items() if name != without} | instead
    code, errors = outcome(tmp_path, QUEUE, **settings)
    assert code == 1
    assert said in errors


def test_the_token_issuer_needs_its_settings(tmp_path: Path) -> None:
    code, errors = outcome(tmp_path, HELLO, "--data", str(tmp_path / "data"), TOKEN_ISSUER="x")
    assert code == 1
    assert "needs the settings TOKEN_AUDIENCE" in errors


def test_settings_come_from_the_named_file(start_host: StartHost, tmp_path: Path) -> None:
    source = HELLO.replace('HttpResponse("hello")', 'HttpResponse(__import__("os").environ["GREETING"])')
    (tmp_path / "mine.json").write_text('{"Values": {"GREETING": "こんにちは"}}')
    host = start_host(source, "--settings", str(tmp_path / "mine.json"))
    assert httpx.get(f"{host.url}/api/hello").text == "こんにちは"


def test_a_port_that_is_taken_is_said(start_host: StartHost, tmp_path: Path) -> None:
    host = start_host(HELLO)
    other = tmp_path / "other"
    other.mkdir()
    code, errors = outcome(other, HELLO, "--port", str(httpx.URL(host.url).port))
    assert code == 1
    assert "Address already in use" in errors


def test_answers_on_a_kept_connection_wait_for_no_acknowledgement() -> None:
    with listen(0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
