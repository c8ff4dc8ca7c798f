"""import-linter holds the packages; its roots cannot be single modules, so these hold the three at the top."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ALLOWED = {
    "settings.py": set(),
    "function_app.py": {"functions"},
    "madoguchi.py": {"services", "stores", "settings", "wiring"},
}
OURS = {
    "function_app",
    "functions",
    "madoguchi",
    "wiring",
    "settings",
    "services",
    "stores",
    "local",
    "tests",
    "audit",
    "bench",
    "soak",
}


def imported(path: Path) -> set[str]:
    """Return the top-level names of everything that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("name", ALLOWED)
def test_a_module_at_the_top_imports_only_what_lies_below_it(name: str):
    assert imported(ROOT / name) & OURS <= ALLOWED[name]


@pytest.mark.parametrize("package", ["services", "stores", "wiring", "functions"])
def test_no_package_imports_what_lies_above_it(package: str):
    above = {
        "services": OURS - {"services"},
        "stores": OURS - {"services", "stores"},
        "wiring": OURS - {"services", "stores", "settings", "wiring"},
    }.get(package, OURS - {"services", "functions", "wiring"})

    offenders = {str(p.relative_to(ROOT)): imported(p) & above for p in (ROOT / package).rglob("*.py")}

    assert {path: names for path, names in offenders.items() if names} == {}


def test_functions_know_no_azure_but_the_functions_library():
    found = {
        line.strip()
        for path in (ROOT / "functions").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith(("import azure", "from azure"))
    }

    assert found == {"import azure.functions as func"}


def test_functions_call_no_client_past_the_services():
    clients = re.compile(r"\bapp(\(\))?\.(queues|cosmos|blobs)\b")

    past = {p.name for p in (ROOT / "functions").rglob("*.py") if clients.search(p.read_text(encoding="utf-8"))}

    assert past == set()


def test_services_import_a_few_pure_libraries_and_no_others():
    used = set().union(*(imported(p) for p in (ROOT / "services").rglob("*.py")))

    assert used - OURS - set(__import__("sys").stdlib_module_names) == {"msgspec", "jsonschema_rs", "cel_expr_python"}


def test_only_the_edges_of_the_process_read_the_environment():
    readers = {
        p.name
        for folder in ("services", "stores", "functions")
        for p in (ROOT / folder).rglob("*.py")
        if "os.environ" in p.read_text(encoding="utf-8")
    }

    assert readers == set()
    assert "os.environ" in (ROOT / "wiring" / "__init__.py").read_text(encoding="utf-8")


def test_function_app_only_registers_blueprints():
    assert len((ROOT / "function_app.py").read_text(encoding="utf-8").splitlines()) <= 30
