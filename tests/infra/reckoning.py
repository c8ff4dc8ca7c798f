"""Work out expressions of Bicep over the few functions and operators that the checks in main.bicep may use.

Whatever else they use raises `Unknown`: a check that a test cannot work out is no check.
"""

from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

import tree_sitter

from tests.infra.reading import Choice, Expression, parsed

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": lambda *lists: [item for one in lists for item in one],
    "contains": lambda whole, part: part in whole,
    "empty": lambda value: not value,
    "endsWith": lambda text, end: text.lower().endswith(end.lower()),
    "filter": lambda items, keeps: [item for item in items if keeps(item)],
    "join": lambda items, between: between.join(items),
    "length": len,
    "map": lambda items, change: [change(item) for item in items],
    "range": lambda start, count: list(range(start, start + count)),
    "split": lambda text, at: text.split(at),
    "startsWith": lambda text, start: text.lower().startswith(start.lower()),
    "string": str,
    "substring": lambda text, start, length: text[start : start + length],
    "toLower": str.lower,
}
"""As Azure Resource Manager defines them: `startsWith` and `endsWith` do not tell capitals apart, `contains` does."""
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "%": lambda left, right: left % right,
}


class Unknown(Exception):
    """Name what the checks may not use."""


class Names(Mapping[str, Any]):
    """Hold the values of parameters, and work out variables when they are asked for."""

    def __init__(self, values: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self._values = values
        self._variables = variables

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        return worked_out(self._variables[name], self)

    def __iter__(self) -> Any:
        return iter({**self._variables, **self._values})

    def __len__(self) -> int:
        return len({**self._variables, **self._values})


def worked_out(value: Any, names: Mapping[str, Any]) -> Any:
    """Return what a value of a Bicep file comes to. Raises Unknown."""
    match value:
        case Expression(text=text):
            return _reckon(parsed(text), names)
        case Choice(condition=condition, then=then, otherwise=otherwise):
            return worked_out(then if _reckon(parsed(condition), names) else otherwise, names)
        case list():
            return [worked_out(item, names) for item in value]
        case dict():
            return {name: worked_out(item, names) for name, item in value.items()}
    return value


def _reckon(node: tree_sitter.Node, names: Mapping[str, Any]) -> Any:
    known = _KINDS.get(node.type)
    if known is None:
        raise Unknown(_text(node))
    return known(node, names)


def _not(node: tree_sitter.Node, names: Mapping[str, Any]) -> bool:
    if node.children[0].type != "!":
        raise Unknown(_text(node))
    return not _reckon(node.named_children[0], names)


def _chosen(node: tree_sitter.Node, names: Mapping[str, Any]) -> Any:
    condition, then, otherwise = node.named_children
    return _reckon(then if _reckon(condition, names) else otherwise, names)


def _lambda(node: tree_sitter.Node, names: Mapping[str, Any]) -> Callable[[Any], Any]:
    given, body = node.named_children
    return lambda value: _reckon(body, ChainMap({_text(given): value}, names))


def _called(node: tree_sitter.Node, names: Mapping[str, Any]) -> Any:
    name, arguments = node.named_children
    if _text(name) not in FUNCTIONS:
        raise Unknown(_text(node))
    return FUNCTIONS[_text(name)](*(_reckon(child, names) for child in arguments.named_children))


def _compared(node: tree_sitter.Node, names: Mapping[str, Any]) -> Any:
    left, operator, right = node.children
    match _text(operator):
        case "&&":
            return _reckon(left, names) and _reckon(right, names)
        case "||":
            return _reckon(left, names) or _reckon(right, names)
        case known if known in OPERATORS:
            return OPERATORS[known](_reckon(left, names), _reckon(right, names))
    raise Unknown(_text(node))


def _part(node: tree_sitter.Node, names: Mapping[str, Any]) -> str:
    return str(_reckon(node.named_children[0], names)) if node.type == "interpolation" else _text(node)


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()


_KINDS: dict[str, Callable[[tree_sitter.Node, Mapping[str, Any]], Any]] = {
    "number": lambda node, _: int(_text(node)),
    "boolean": lambda node, _: _text(node) == "true",
    "identifier": lambda node, names: names[_text(node)],
    "array": lambda node, names: [_reckon(child, names) for child in node.named_children],
    "parenthesized_expression": lambda node, names: _reckon(node.named_children[0], names),
    "string": lambda node, names: "".join(_part(child, names) for child in node.named_children),
    "ternary_expression": _chosen,
    "unary_expression": _not,
    "binary_expression": _compared,
    "lambda_expression": _lambda,
    "call_expression": _called,
}
