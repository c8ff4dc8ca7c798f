"""Ten lines each that hold the architecture: routes, access, queues and the documents that list them."""

import re
from pathlib import Path

import pytest
import yaml

from tests.guards.calls import asks

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def routes(functions: list[dict]) -> dict[tuple[str, str], dict]:
    """Return the HTTP functions by method and route."""
    return {
        (method, function["trigger"]["route"]): function
        for function in functions
        if function["trigger"]["type"] == "httpTrigger"
        for method in function["trigger"]["methods"]
    }


def test_every_route_states_its_access(routes):
    unstated = [route for route, function in routes.items() if not function["access"]]

    assert unstated == []


def test_no_route_asks_for_a_key_of_the_host(routes):
    asking = [route for route, function in routes.items() if function["trigger"]["authLevel"] != "anonymous"]

    assert asking == [], "the default of function_app.py goes for the blueprints; roles are asked for by `api`"


def test_whatever_anyone_may_call_is_limited_unless_it_asks_no_store(routes):
    unlimited = {f["name"] for f in routes.values() if f["access"] == "anyone" and not f["limit"]}

    assert {name for name in unlimited if asks(name)} == {"submit_request"}, "it counts by the channel it reads"


def test_what_a_page_asks_is_found_in_it_and_in_what_it_calls():
    assert asks("health") == asks("static_file") == asks("staff_home") == set()
    assert asks("walk_in_page") == {"catalog"}
    assert asks("list_open_slots") == {"offers"}
    assert asks("counter_page") == {"catalog"}
    assert {"requests", "catalog"} <= asks("submit_request") | asks("show_form")
    assert "requests" in asks("show_request")


def test_what_a_role_may_call_is_not_limited_by_address(routes):
    assert [r for r, function in routes.items() if function["access"] != "anyone" and function["limit"]] == []


def test_every_staff_and_operations_route_requires_a_role(routes):
    guarded = [r for r in routes if re.match("api/(staff|operations|catalog)/", r[1])]

    assert len(guarded) >= 10
    assert [r for r in guarded if routes[r]["access"] == "anyone"] == []


def test_the_deployed_app_gives_out_no_tokens(routes):
    assert [route for _, route in routes if "local" in route or "token" in route] == []


def test_every_triggered_queue_has_a_poison_function(functions):
    queues = {f["trigger"]["queueName"] for f in functions if f["trigger"]["type"] == "queueTrigger"}

    assert queues
    assert {f"{queue}-poison" for queue in queues if not queue.endswith("-poison")} <= queues


def test_openapi_lists_exactly_the_routes_of_the_api(routes):
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    documented = {
        (method.upper(), path.removeprefix("/"), operation["operationId"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }

    assert documented == {(m, r, f["name"]) for (m, r), f in routes.items() if r.startswith("api/")}


def test_openapi_asks_for_a_token_exactly_where_the_route_does(routes):
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    guarded = {
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters" and operation.get("security") == [{"bearer": []}]
    }

    assert guarded == {f["name"] for f in routes.values() if f["access"] != "anyone"}


def test_openapi_tells_of_a_limit_exactly_where_there_is_one(routes):
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    told = {
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters" and "429" in operation["responses"]
    }

    limited = {f["name"] for (_, route), f in routes.items() if f["limit"] and route.startswith("api/")}
    assert told == limited | {"submit_request"}


def test_the_architecture_page_lists_exactly_the_functions(functions):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## Functions")[2].partition("\n## ")[0]

    first_cells = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table, re.MULTILINE)
    assert {name for cell in first_cells for name in re.findall(r"\w+", cell)} == {f["name"] for f in functions}
