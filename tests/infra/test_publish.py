"""infra/publish.sh, with the tools of Azure replaced by scripts that write down how they were called."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
COMMIT = "0123456789abcdef"
FUNC = 'pwd > "$LOG.folder"; ls -A >> "$LOG.folder"; exit "${FUNC_ENDS:-0}"'
AZ = 'case "$*" in *"functionapp show"*) echo /id/of/app;; *"function list"*) echo "$FOUND";; esac'
CURL = 'echo "{\\"status\\": \\"alive\\", \\"commit\\": \\"$RUNNING\\"}"'


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Pack an app of two functions."""
    with zipfile.ZipFile(tmp_path / "madoguchi.zip", "w") as packed:
        packed.writestr("commit.txt", f"{COMMIT}\n")
        packed.writestr("function_app.py", "from needed import app\n")
        packed.writestr(
            ".python_packages/lib/site-packages/needed.py",
            "class app:\n    get_functions = staticmethod(lambda: ['one', 'two'])\n",
        )
    return tmp_path / "madoguchi.zip"


def publish(archive: Path, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script; return how it ended, and the calls of the tools."""
    tools = archive.parent / "tools"
    tools.mkdir()
    log = archive.parent / "log"
    for name, does in {"func": FUNC, "az": AZ, "curl": CURL, "sleep": ":"}.items():
        (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "$LOG"\n{does}\n')
        (tools / name).chmod(0o755)
    (tools / "python3").symlink_to(sys.executable)
    given = {"APP": "func-x", "GROUP": "rg-x", "BASE": "https://x", "LOG": str(log), "FOUND": "2", "RUNNING": COMMIT}
    path = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    command = [ROOT / "infra" / "publish.sh", archive]
    done = subprocess.run(command, env=os.environ | given | path | environment, capture_output=True, text=True)
    return done, log.read_text().splitlines() if log.exists() else []


def test_it_sends_the_package_as_it_is_then_syncs_the_triggers_and_asks_what_runs(archive: Path):
    done, calls = publish(archive)

    assert (done.returncode, done.stdout) == (0, f"published: {COMMIT}, 2 functions\n")
    assert calls[0] == "func azure functionapp publish func-x --python --no-build"
    assert calls[2] == "az rest --method POST --url /id/of/app/host/default/sync?api-version=2024-11-01"
    assert calls[-1] == "curl -sm 20 https://x/api/health"
    sent = (archive.parent / "log.folder").read_text().split()
    assert sent[1:] == [".python_packages", "commit.txt", "function_app.py"]
    assert not Path(sent[0]).exists()


@pytest.mark.parametrize("wrong", [{"FOUND": "0"}, {"RUNNING": "another"}, {"RUNNING": ""}])
def test_it_ends_in_an_error_where_something_else_runs(archive: Path, wrong: dict[str, str]):
    done, calls = publish(archive, **wrong)

    assert done.returncode == 1
    assert "not as published" in done.stderr
    assert calls.count("sleep 15") == 20


def test_it_ends_where_func_does_and_asks_nothing_more(archive: Path):
    done, calls = publish(archive, FUNC_ENDS="1")

    assert done.returncode == 1
    assert len(calls) == 1
