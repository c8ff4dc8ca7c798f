"""What the suite holds itself to."""

import ast
import fnmatch
import os
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent


def imported(path: Path) -> set[str]:
    """Return the modules that a file may import names from."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_test_module(name: str) -> bool:
    return TESTS.joinpath(*name.split(".")[1:]).with_suffix(".py").is_file() and ".test_" in name


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_nothing_imports_a_test_module(path: Path):
    """What tests share stands in a module beside their conftest, so that no fixture and no test is made twice."""
    assert {name for name in imported(path) if is_test_module(name)} == set()


def test_the_page_on_testing_names_tests_that_there_are_and_every_file_with_a_deep_one():
    page = (TESTS.parent / "docs" / "testing.md").read_text(encoding="utf-8")
    texts = {path.name: path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")}
    deep = {name for name, text in texts.items() if "pytest.mark.deep" in text and name != Path(__file__).name}
    named = re.findall(r"`(?:[\w/]+/)?(test_[\w*]+)(\.py)?`", page)

    files = {found for name, ending in named if ending for found in fnmatch.filter(texts, f"{name}.py")}
    functions = {name for name, ending in named if not ending}

    assert {name for name in functions if not any(f"def {name}(" in text for text in texts.values())} == set()
    assert deep
    assert deep - files == set()


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="without workers there is nothing to group")
@pytest.mark.xdist_group("office")
def test_a_group_of_tests_is_known_to_whoever_hands_out_the_tests(request: pytest.FixtureRequest):
    """Without its group, a test runs on any worker, and each worker starts every desk."""
    assert request.node.nodeid.endswith("@office")
