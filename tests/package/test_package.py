"""Which files are published, and that a package is the same each time; tests/end_to_end/test_package.py runs one."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from package import build, contents, files
from tests.infra import reading
from tests.infra.reading import at
from tests.infra.rules import SITE, made


def names() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=contents.ROOT, check=True, capture_output=True, text=True)
    return contents.published(listed.stdout.splitlines(), contents.patterns())


def test_the_app_is_published_and_neither_tests_nor_the_desk_nor_what_builds_it():
    tops = {name.partition("/")[0] for name in names()}

    assert tops == {
        *("function_app.py", "functions", "services", "stores", "wiring", "settings.py", "host.json"),
        *("catalog", "web", "requirements.txt"),
    }


def test_what_func_would_leave_out_is_not_handed_to_it():
    """Core Tools reads a .funcignore in the folder: its patterns would hit folders of dependencies, and bytecode."""
    assert ".funcignore" not in names()


@pytest.mark.parametrize(
    ("name", "pattern", "left"),
    [
        ("docs/a.txt", "docs", []),
        ("services/docs/a.py", "docs", []),
        ("docsy/a.py", "docs", ["docsy/a.py"]),
        ("web/tsconfig.json", "web/tsconfig*.json", []),
        ("web/static/tsconfig.json", "web/tsconfig*.json", ["web/static/tsconfig.json"]),
        ("README.md", "*.md", []),
    ],
)
def test_a_pattern_ignores_a_file_or_a_folder(name: str, pattern: str, left: list[str]):
    assert contents.published([name], [pattern]) == left


def test_packing_is_the_same_bytes_whenever_and_whoever_made_the_files(tmp_path: Path):
    made_ = []
    for number, order in enumerate((("b", "a/c", "a.py"), ("a.py", "a/c", "b"))):
        folder = tmp_path / str(number)
        for name in order:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
            (folder / name).chmod(0o600 + number)
            os.utime(folder / name, (10**9 + number * 10**6,) * 2)
        files.pack(folder, tmp_path / f"{number}.zip")
        made_.append(files.digest(tmp_path / f"{number}.zip"))

    assert made_[0] == made_[1]
    with zipfile.ZipFile(tmp_path / "0.zip") as packed:
        assert packed.namelist() == ["a.py", "a/c", "b"]


def test_bytecode_says_where_the_app_runs_and_is_the_same_wherever_it_is_made(tmp_path: Path):
    compiled = []
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "it.py").write_text("def f(x):\n    return x in {'a', 'b', 'c'}\n")
        build.compile_all(tmp_path / str(number))
        (made_,) = (tmp_path / str(number)).rglob("*.pyc")
        compiled.append(made_.read_bytes())

    assert compiled[0] == compiled[1]
    assert b"/home/site/wwwroot/it.py" in compiled[0]


def test_it_is_built_for_the_python_that_the_files_ask_for():
    (site,) = made(reading.read_all(reading.texts()), SITE)

    assert at(site.body, "properties.functionAppConfig.runtime") == {"name": "python", "version": build.PYTHON}
    assert sys.version_info[:2] >= (3, 13)


def test_health_reads_the_commit_where_the_package_writes_it():
    source = (contents.ROOT / "functions" / "operations" / "api.py").read_text(encoding="utf-8")

    assert json.dumps(contents.COMMIT) in source
