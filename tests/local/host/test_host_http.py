"""HTTP functions see requests, and callers see responses, as through the Functions host."""

import json
from collections.abc import Iterator

import httpx
import pytest

from local.host.cookies import set_cookie
from local.host.messages import PROTOS
from tests.local.host.processes import Host, StartHost, eventually, running_host

pytestmark = pytest.mark.xdist_group("host over HTTP")
SOURCE = """
import json, logging
import azure.functions as func

bp = func.Blueprint()

@bp.route(route="echo/{id:maxlength(3)}/{*rest}", methods=["GET", "POST"])
async def echo(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.getLogger("app").info("a line of the function's own")
    seen = {"method": req.method, "url": req.url, "headers": dict(req.headers), "query": dict(req.params),
            "route": dict(req.route_params), "size": len(req.get_body()),
            "trace": context.trace_context.trace_parent, "state": context.trace_context.trace_state}
    return func.HttpResponse(json.dumps(seen), status_code=201, mimetype="application/json", headers={"X-Own": "1"})

@bp.route(route="mirror", methods=["POST"])
def mirror(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(req.get_body(), mimetype="application/octet-stream")

@bp.route(route="cookies")
async def cookies(req: func.HttpRequest) -> func.HttpResponse:
    response = func.HttpResponse()
    response.headers.add("Set-Cookie", "a=1; Path=/x; HttpOnly; SameSite=Strict; Max-Age=60")
    response.headers.add("Set-Cookie", "b=2; Secure")
    return response

@bp.route(route="boom")
async def boom(req: func.HttpRequest) -> func.HttpResponse:
    raise ValueError("the true error")

@bp.route(route="empty")
async def empty(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(status_code=204)

@bp.route(route="lying")
async def lying(req: func.HttpRequest) -> func.HttpResponse:
    headers = {"Content-Length": "1"}
    return func.HttpResponse("the whole text", headers=headers)

@bp.route(auth_level=func.AuthLevel.FUNCTION)
def named(req: func.HttpRequest) -> str:
    return "by name"

app = func.FunctionApp()
app.register_functions(bp)
"""
NO_PREFIX = {"extensions": {"http": {"routePrefix": ""}}}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def prefixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a host for all tests of what a host does by default."""
    with running_host(tmp_path_factory.mktemp("app"), SOURCE) as host:
        yield host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Return a host for all tests of an app without a prefix in its routes."""
    with running_host(tmp_path_factory.mktemp("app"), SOURCE, host_json=NO_PREFIX) as host:
        yield host


def test_a_function_sees_the_whole_request(prefixed: Host, client: httpx.Client) -> None:
    response = client.post(
        f"{prefixed.url}/API/echo/7/a%20b/c?q=1&q=2&none=&窓=口",
        content=b"1234",
        headers=[("X-Upper", "A"), ("X-Upper", "B"), ("traceparent", TRACE), ("tracestate", "k=v")],
    )
    seen = response.json()
    assert (response.status_code, response.headers["x-own"], response.headers["content-type"]) == (
        201,
        "1",
        "application/json",
    )
    assert (seen["method"], seen["size"]) == ("POST", 4)
    assert seen["url"] == f"{prefixed.url}/API/echo/7/a%20b/c?q=1&q=2&none=&%E7%AA%93=%E5%8F%A3"
    assert seen["headers"]["x-upper"] == "A,B"
    assert seen["headers"]["host"] == prefixed.url.removeprefix("http://")
    assert seen["query"] == {"q": "1,2", "窓": "口"}
    assert seen["route"] == {"id": "7", "rest": "a b/c"}
    assert seen["state"] == "k=v"
    assert "a line of the function's own" in prefixed.errors()


def test_answers_that_need_no_function_and_answers_of_odd_functions(prefixed: Host, client: httpx.Client) -> None:
    assert "up and running" in client.get(f"{prefixed.url}/").text
    for wrong in (
        client.get(f"{prefixed.url}/api/mirror"),
        client.get(f"{prefixed.url}/mirror"),
        client.head(f"{prefixed.url}/api/echo/1"),
        client.get(f"{prefixed.url}/two%0Alines"),
    ):
        assert (wrong.status_code, wrong.content) == (404, b"")
    assert client.get(f"{prefixed.url}/api/named").text == "by name"
    assert client.get(f"{prefixed.url}/api/lying").text == "the whole text"
    assert client.get(f"{prefixed.url}/api/empty").status_code == 204


def test_bodies_are_bytes_both_ways(host: Host, client: httpx.Client) -> None:
    body = bytes(range(256)) * 100
    assert client.post(f"{host.url}/mirror", content=body).content == body


def test_every_cookie_has_its_own_header(host: Host, client: httpx.Client) -> None:
    assert client.get(f"{host.url}/cookies").headers.get_list("set-cookie") == [
        "a=1; max-age=60; path=/x; httponly; samesite=strict",
        "b=2; path=/; secure",
    ]


def test_a_function_that_raises_answers_500_without_a_body_and_its_traceback_is_logged(
    host: Host, client: httpx.Client
) -> None:
    response = client.get(f"{host.url}/boom")
    assert (response.status_code, response.content) == (500, b"")
    assert 'raise ValueError("the true error")' in host.errors()
    assert client.get(f"{host.url}/named").text == "by name"


@pytest.mark.parametrize("sent", [None, "rubbish", "00-00000000000000000000000000000000-b7ad6b7169203331-01"])
def test_a_request_without_a_valid_trace_starts_a_new_one(host: Host, client: httpx.Client, sent: str | None) -> None:
    headers = {"traceparent": sent} if sent else {}
    traces = [client.get(f"{host.url}/echo/1", headers=headers).json()["trace"] for _ in range(2)]
    assert [len(trace) for trace in traces] == [55, 55]
    assert len({sent, *traces}) == 3


def test_a_disabled_homepage_answers_no_content_unless_a_function_takes_the_root(
    start_host: StartHost, client: httpx.Client
) -> None:
    host = start_host(SOURCE, AzureWebJobsDisableHomepage="true")
    assert client.get(f"{host.url}/").status_code == 204


def test_a_function_at_the_root_goes_before_the_homepage(start_host: StartHost, client: httpx.Client) -> None:
    source = SOURCE.replace('route="boom"', 'route="{ignored:maxlength(0)?}"').replace(
        'raise ValueError("the true error")', 'return func.HttpResponse("root")'
    )
    host = start_host(source, host_json=NO_PREFIX)
    assert client.get(f"{host.url}/").text == "root"
    assert client.get(f"{host.url}/else").status_code == 404


def test_local_routes_are_served_only_where_a_data_folder_is_given(start_host: StartHost, client: httpx.Client) -> None:
    host = start_host(SOURCE)
    assert client.get(f"{host.url}/local/jwks").status_code == 404
    host.stop()
    settings = {"TOKEN_ISSUER": "http://issuer", "TOKEN_AUDIENCE": "api://app"}
    host = start_host(SOURCE, "--data", str(host.folder / "data"), **settings)
    assert client.get(f"{host.url}/local/jwks").json()["keys"][0]["kty"] == "RSA"
    assert client.get(f"{host.url}/local/token?subject=a").text.count(".") == 2


def test_a_cookie_value_is_escaped_and_its_expiry_is_an_http_date() -> None:
    cookie = PROTOS.RpcHttpCookie(
        name="n",
        value="a b;窓",
        domain=PROTOS.NullableString(value="example.jp"),
        path=None,
        expires=PROTOS.NullableTimestamp(value=PROTOS.Timestamp(seconds=0)),
        secure=None,
        http_only=None,
        same_site="",
        max_age=None,
    )
    assert set_cookie(cookie) == "n=a%20b%3B%E7%AA%93; expires=Thu, 01 Jan 1970 00:00:00 GMT; domain=example.jp; path=/"


def test_timers_run_at_the_start_where_asked_to_and_on_their_schedule_from_a_setting(start_host: StartHost) -> None:
    source = """
import json
import azure.functions as func

app = func.FunctionApp()

@app.timer_trigger(arg_name="timer", schedule="%EVERY%", run_on_startup=False)
async def tick(timer: func.TimerRequest) -> None:
    with open("ticks", "a") as file:
        file.write(json.dumps([timer.past_due, timer.schedule_status]) + "\\n")
    raise ValueError("a failing timer goes on")

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
async def once(timer: func.TimerRequest) -> None:
    open("started", "w").close()
"""
    host = start_host(source, EVERY="*/1 * * * * *")
    ticks = host.folder / "ticks"
    eventually(lambda: ticks.exists() and len(ticks.read_text().splitlines()) > 1)
    past_due, status = json.loads(ticks.read_text().splitlines()[1])
    assert past_due is False
    assert status["Last"] < status["Next"]
    assert (host.folder / "started").exists()
