"""Route templates match as the Functions host matches them."""

import pytest

from local.host.constraints import RouteError
from local.host.http import decoded_path, find, http_functions, query_parameters
from local.host.routes import Route, with_prefix
from local.host.runtime import Function, IndexingError

MATCHES = [
    ("items/{id}", "/items/5", {"id": "5"}),
    ("items/{id}", "/ITEMS/5", {"id": "5"}),
    ("items/{id}", "/items/5/", {"id": "5"}),
    ("items/{id}", "/items/a b", {"id": "a b"}),
    ("{a}/{b}", "/1/2", {"a": "1", "b": "2"}),
    ("items/{id?}", "/items", {}),
    ("items/{id?}", "/items/5", {"id": "5"}),
    ("items/{id=7}", "/items", {"id": "7"}),
    ("items/{id:regex(\\d)=7}", "/items/8", {"id": "8"}),
    ("{*rest}", "/", {}),
    ("{*rest}", "/a/b/c/", {"rest": "a/b/c/"}),
    ("files/{**rest}", "/files/a//b", {"rest": "a//b"}),
    ("{ignored:maxlength(0)?}", "/", {}),
    ("{name}.{extension}", "/a.b.txt", {"name": "a.b", "extension": "txt"}),
    ("v{major}-{minor}", "/V1-2", {"major": "1", "minor": "2"}),
    ("{lang:regex(^(ja|ja-easy|en)$)}", "/JA-easy", {"lang": "JA-easy"}),
    ("{lang:regex(^(ja|en)$):maxlength(2)}/x", "/en/x", {"lang": "en"}),
    ("{code:regex(^\\d{{2}}$)}", "/12", {"code": "12"}),
    ("{code:regex(a:b=c)}", "/a:b=c", {"code": "a:b=c"}),
    ("{{literal}}", "/{literal}", {}),
    ("/leading", "/leading", {}),
]
MISSES = [
    ("items/{id}", "/items"),
    ("items/{id}", "/items/5/6"),
    ("items/{id}", "/items//5"),
    ("items", "/items//"),
    ("items", "/"),
    ("items/{*rest}", "/items//a"),
    ("{ignored:maxlength(0)?}", "/x"),
    ("{lang:regex(^(ja|en)$)}", "/api"),
    ("{code:regex(^\\d{{2}}$)}", "/123"),
    ("{*rest:regex(a)}", "/"),
    ("{id:maxlength(1)=xy}", "/"),
]
CONSTRAINTS = [
    ("maxlength(2)", ["ab"], ["abc", "a😀"]),
    ("regex(^[a-c]+$)", ["abc", "ABC"], ["abd", "あ"]),
    ("MAXLENGTH(3):regex(^a)", ["abc"], ["abcd", "bc"]),
]


@pytest.mark.parametrize(("template", "path", "values"), MATCHES)
def test_a_path_that_fits_a_template_gives_its_parameters(template: str, path: str, values: dict[str, str]) -> None:
    assert Route(template).match(path) == values


@pytest.mark.parametrize(("template", "path"), MISSES)
def test_a_path_that_does_not_fit_a_template_does_not_match(template: str, path: str) -> None:
    assert Route(template).match(path) is None


@pytest.mark.parametrize(("rule", "kept", "broken"), CONSTRAINTS)
def test_a_constraint_lets_through_what_keeps_it_and_nothing_else(
    rule: str, kept: list[str], broken: list[str]
) -> None:
    route = Route(f"{{value:{rule}}}")
    assert [text for text in kept if route.match(f"/{text}") is None] == []
    assert [text for text in broken if route.match(f"/{text}") is not None] == []


@pytest.mark.parametrize(
    "template",
    [
        "a//b",
        "{a",
        "a}",
        "{a}{b}",
        "{a}/{A}",
        "{*a}/b",
        "x{*a}",
        "{a:unknown}",
        "{a:maxlength}",
        "{a:maxlength(x)}",
        "{a:regex([)}",
        "{a=1?}",
        "{}",
        "a{b?}",
        with_prefix("api", "/a"),
    ],
)
def test_a_template_that_the_host_would_refuse_is_refused(template: str) -> None:
    with pytest.raises(RouteError):
        Route(template)


def function(name: str, methods: list[str] | None = None, route: str | None = None) -> Function:
    trigger = {"type": "httpTrigger", "name": "req", "methods": methods, "route": route}
    return Function(name, name, (trigger,))


def found(table: list[Function], method: str, path: str, prefix: str = "") -> str | None:
    match = find(http_functions(table, prefix), method, path)
    return match.http_function.function.name if match else None


def test_functions_are_tried_in_name_order_whatever_their_case_and_order_of_definition() -> None:
    table = [function("C", route="{x}"), function("b", route="{y}"), function("A", route="other")]
    assert found(table, "GET", "/thing") == "b"
    assert found([function("a_", route="{x}"), function("aB", route="{y}")], "GET", "/thing") == "aB"


def test_a_literal_route_has_no_precedence_over_a_parameter() -> None:
    table = [function("z_literal", route="items/new"), function("a_parameter", route="items/{id}")]
    assert found(table, "GET", "/items/new") == "a_parameter"


def test_a_function_of_another_method_is_passed_over() -> None:
    table = [function("a", ["POST"], "items"), function("b", ["get"], "items")]
    assert found(table, "GET", "/items") == "b"
    assert found(table, "DELETE", "/items") is None


def test_head_is_not_get() -> None:
    assert found([function("a", ["GET"], "items")], "HEAD", "/items") is None


def test_a_function_without_methods_answers_to_every_method() -> None:
    assert found([function("a", None, "items")], "PURGE", "/items") == "a"


def test_a_function_without_a_route_has_its_name_as_route_under_the_prefix() -> None:
    assert found([function("Hello")], "GET", "/api/hello", "api") == "Hello"
    assert found([function("Hello", route="")], "GET", "/hello") == "Hello"


def test_a_bad_route_is_an_indexing_error_that_names_the_function() -> None:
    with pytest.raises(IndexingError, match="function broken: unknown route constraint 'nope'"):
        http_functions([function("broken", route="{a:nope}")], "api")


def test_a_path_is_decoded_but_for_encoded_slashes() -> None:
    assert decoded_path(b"/a%20b/%E7%AA%93/c%2Fd") == "/a b/窓/c%2Fd"


def test_a_query_joins_repeats_by_commas_and_drops_empty_values() -> None:
    assert query_parameters("a=1&b=&A=2&c=x+y%26") == {"a": "1,2", "c": "x y&"}
