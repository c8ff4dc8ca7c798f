"""Read Bicep into plain data, so that rules ask the tree and not the lines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import tree_sitter
import tree_sitter_bicep

FOLDER = Path(__file__).parent.parent.parent / "infra" / "bicep"
_PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language()))


class Expression(msgspec.Struct, frozen=True):
    """Stand for what only a deployment can work out, by its text."""

    text: str


class Loop(msgspec.Struct, frozen=True):
    """Stand for `[for name in over: body]`."""

    over: Any
    body: Any


class Choice(msgspec.Struct, frozen=True):
    """Stand for `condition ? then : otherwise`."""

    condition: str
    then: Any
    otherwise: Any


class Declaration(msgspec.Struct, frozen=True):
    """Hold one param, var, output, module or resource; `type` is the type of a resource, the path of a module."""

    kind: str
    symbol: str
    type: str
    value: Any
    decorators: dict[str, list[Any]]
    is_existing: bool = False

    @property
    def body(self) -> Any:
        """Return the properties, of one of many where the declaration is a loop."""
        return self.value.body if isinstance(self.value, Loop) else self.value


class Source(msgspec.Struct, frozen=True):
    """Hold one file: its declarations, the file a parameter file uses, its names, and where it does not parse."""

    text: str
    declarations: list[Declaration]
    using: list[str]
    errors: list[int]

    def of(self, kind: str) -> dict[str, Declaration]:
        """Return the declarations of a kind by symbol."""
        return {d.symbol: d for d in self.declarations if d.kind == kind}

    def var(self, symbol: str) -> Any:
        """Return the value of a variable."""
        return self.of("variable")[symbol].value


type Infra = dict[str, Source]


def texts() -> dict[str, str]:
    """Return the text of every Bicep file by its path under infra/bicep."""
    paths = [path for path in sorted(FOLDER.rglob("*")) if path.suffix in (".bicep", ".bicepparam")]
    return {str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8") for path in paths}


def read_all(files: dict[str, str]) -> Infra:
    """Read every file."""
    return {path: read(text, is_parameters=path.endswith(".bicepparam")) for path, text in files.items()}


def read(text: str, *, is_parameters: bool = False) -> Source:
    """Read one file; the grammar knows no `param name = value`, so that a parameter file is read as variables."""
    lines = text.splitlines(keepends=True)
    known = [f"var {line[6:]}" if is_parameters and line.startswith("param ") else line for line in lines]
    root = _PARSER.parse("".join(known).encode()).root_node
    return Source(
        text=text,
        declarations=list(_declarations(root, "", "")),
        using=[_value(node.named_children[0]) for node in root.named_children if node.type == "using_statement"],
        errors=[n.start_point[0] + 1 for n in _descendants(root) if n.type == "ERROR" or n.is_missing],
    )


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Walk through every object within a value."""
    match value:
        case Loop(body=body):
            yield from objects(body)
        case Choice(then=then, otherwise=otherwise):
            yield from objects([then, otherwise])
        case list():
            for item in value:
                yield from objects(item)
        case dict():
            yield value
            yield from objects(list(value.values()))


def at(value: Any, path: str) -> Any:
    """Follow a path such as `properties.httpsOnly`; None where it leads nowhere."""
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def parsed(expression: str) -> tree_sitter.Node:
    """Return the tree of one expression."""
    root = _PARSER.parse(f"var it = {expression}\n".encode()).root_node
    return root.named_children[0].named_children[-1]


def calls(source: Source) -> set[str]:
    """Return the names of all functions that a file calls, methods among them."""
    root = _PARSER.parse(source.text.encode()).root_node
    called = [n.named_children[0] for n in _descendants(root) if n.type == "call_expression"]
    return {re.split(r"[.!?]+", _text(node))[-1] for node in called}


def names(source: Source) -> set[str]:
    """Return every name that an expression of a file refers to, functions and loop variables left out."""
    root = _PARSER.parse(source.text.encode()).root_node
    nodes = list(_descendants(root))
    own = {_text(n) for n in nodes if n.type in ("loop_variable", "loop_enumerator")}
    own |= {_text(n.named_children[0]) for n in nodes if n.type in ("for_statement", "lambda_expression")}
    return {_text(n) for n in nodes if n.type == "identifier" and _refers(n)} - own


def _refers(node: tree_sitter.Node) -> bool:
    """Tell whether an identifier refers to something, and is not the name of what stands around it."""
    around = node.parent
    if around is None:
        return False
    is_named = around.type in ("object_property", "call_expression") or around.type.endswith("_declaration")
    return not (is_named and around.named_children[0] == node)


def _declarations(node: tree_sitter.Node, outer_type: str, outer_version: str) -> Iterator[Declaration]:
    decorators: dict[str, list[Any]] = {}
    for child in node.named_children:
        if child.type == "decorators":
            decorators = dict(_decorator(one) for one in child.named_children)
        elif child.type.endswith("_declaration") and child.type != "metadata_declaration":
            yield from _declaration(child, decorators, outer_type, outer_version)
            decorators = {}


def _declaration(
    node: tree_sitter.Node, decorators: dict[str, list[Any]], outer_type: str, outer_version: str
) -> Iterator[Declaration]:
    kind = node.type.removesuffix("_declaration")
    symbol, *rest = node.named_children
    type_ = ""
    if kind in ("resource", "module"):
        type_ = _value(rest.pop(0))
    if kind in ("parameter", "output"):
        type_ = _text(rest.pop(0))
    if kind == "resource" and outer_type:
        segment, _, version = type_.partition("@")
        type_ = f"{outer_type}/{segment}@{version or outer_version}"
    value_node = rest[-1] if rest else None
    value = _value(value_node) if value_node else None
    is_existing = any(child.type == "existing" for child in node.children)
    yield Declaration(kind, _text(symbol), type_, value, decorators, is_existing)
    if kind == "resource" and value_node and value_node.type == "object":
        name, _, version = type_.partition("@")
        for nested in value_node.named_children:
            yield from _declarations(nested, name, version)


def _decorator(node: tree_sitter.Node) -> tuple[str, list[Any]]:
    call = node.named_children[0]
    arguments = call.named_children[1].named_children if len(call.named_children) > 1 else []
    return _text(call.named_children[0]), [_value(argument) for argument in arguments]


def _value(node: tree_sitter.Node) -> Any:
    match node.type:
        case "object":
            return dict(_property(child) for child in node.named_children if _is_property(child))
        case "array":
            return [_value(child) for child in node.named_children if child.type != "comment"]
        case "string" if all(child.type == "string_content" for child in node.named_children):
            return "".join(_text(child) for child in node.named_children)
        case "boolean":
            return _text(node) == "true"
        case "number":
            return int(_text(node))
        case "null":
            return None
        case "ternary_expression":
            condition, then, otherwise = node.named_children
            return Choice(_text(condition), _value(then), _value(otherwise))
        case "for_statement":
            return Loop(_value(node.named_children[-2]), _value(node.named_children[-1]))
        case "if_statement":
            return _value(node.named_children[-1])
    return Expression(_text(node))


def _is_property(node: tree_sitter.Node) -> bool:
    return node.type == "object_property" and not node.named_children[0].type.endswith("_declaration")


def _property(node: tree_sitter.Node) -> tuple[str, Any]:
    name, value = node.named_children[0], node.named_children[-1]
    return _text(name).strip("'"), _value(value)


def _descendants(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.children:
        yield from _descendants(child)


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode()
