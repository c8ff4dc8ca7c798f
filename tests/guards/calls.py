"""What a function of the edge asks the app for, read from its source: `visit.app.catalog` in it or in what it calls."""

import ast
from pathlib import Path

FUNCTIONS = Path(__file__).parent.parent.parent / "functions"
ASK_NOBODY = {"clock", "settings", "limits", "draft_secret"}
"""What is in the app itself; all else of it may ask a store."""

type Place = tuple[str, str]


def asks(name: str) -> set[str]:
    """Return the parts of the app that the function of this name reaches, itself or through functions beside it."""
    sources = {
        ".".join(path.relative_to(FUNCTIONS).with_suffix("").parts): ast.parse(path.read_text(encoding="utf-8"))
        for path in FUNCTIONS.rglob("*.py")
    }
    bodies = {  # without the decorators: what those ask for is the access of a function, which it states
        (module, node.name): ast.Module(node.body, [])
        for module, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    imported = {module: _imported(tree) for module, tree in sources.items()}
    [start] = [place for place in bodies if place[1] == name]
    reached, left, found = {start}, [start], set[str]()
    while left:
        place = left.pop()
        found |= _parts_of_app(bodies[place])
        beside = {called for called in _called(bodies[place], place[0], imported) if called in bodies} - reached
        reached |= beside
        left += beside
    return found - ASK_NOBODY


def _imported(tree: ast.Module) -> dict[str, Place]:
    """Return the names that a module takes from its neighbours: a module itself, or a function of one."""
    found: dict[str, Place] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("functions"):
            module = (node.module or "").partition(".")[2]
            for alias in node.names:
                own = ".".join(part for part in (module, alias.name) if part)
                is_module = (FUNCTIONS / Path(*own.split("."))).with_suffix(".py").exists()
                found[alias.asname or alias.name] = (own if is_module else module, alias.name)
    return found


def _called(body: ast.AST, module: str, imported: dict[str, dict[str, Place]]) -> set[Place]:
    found: set[Place] = set()
    for node in ast.walk(body):
        match node:
            case ast.Call(func=ast.Name(id=name)):
                found |= {(module, name), imported[module].get(name, (module, name))}
            case ast.Call(func=ast.Attribute(value=ast.Name(id=neighbour), attr=name)):
                found.add((imported[module].get(neighbour, (neighbour, ""))[0], name))
    return found


def _parts_of_app(body: ast.AST) -> set[str]:
    """Return what stands after `.app.`, `app.`, `app().` or, of a capability, `pickup(app).` in a function."""
    found: set[str] = set()
    for node in ast.walk(body):
        match node:
            case (
                ast.Attribute(value=ast.Attribute(attr="app"), attr=part)
                | ast.Attribute(value=ast.Name(id="app"), attr=part)
                | ast.Attribute(value=ast.Call(func=ast.Name(id="app")), attr=part)
                | ast.Attribute(value=ast.Call(args=[ast.Attribute(attr="app") | ast.Name(id="app")]), attr=part)
            ):
                found.add(part)
    return found
