"""infra/compile.sh, with `az` replaced by a script that copies, warns or changes."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
AZ = """#!/bin/sh
echo "$*" >> "$LOG"
case "$*" in "bicep $WARNS"*) echo "WARNING: $PWD/main.bicep(3,1) : Warning no-unused-params: x" >&2;; esac
case "$*" in "bicep format"*) cat "$4" > "$6"; [ "$4" != "$CHANGES" ] || echo >> "$6";; esac
case "$*" in "bicep $FAILS"*) exit 1;; esac
"""


def compile_all(tmp_path: Path, **does: str) -> tuple[int, list[str]]:
    (tmp_path / "az").write_text(AZ)
    (tmp_path / "az").chmod(0o755)
    given = {"LOG": str(tmp_path / "log"), "WARNS": "-", "FAILS": "-", "CHANGES": "-", **does}
    path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([ROOT / "infra" / "compile.sh"], env=os.environ | given | path, capture_output=True)
    return done.returncode, (tmp_path / "log").read_text().splitlines()


def test_every_file_is_linted_compiled_and_asked_for_its_format(tmp_path: Path):
    code, calls = compile_all(tmp_path)

    files = {str(path.relative_to(ROOT / "infra" / "bicep")) for path in (ROOT / "infra" / "bicep").rglob("*.bicep*")}
    formatted = {call.split()[3] for call in calls if call.startswith("bicep format")}
    assert code == 0
    assert "bicep lint --file main.bicep" in calls
    assert len([call for call in calls if call.startswith("bicep build-params")]) == 3
    assert formatted == files


@pytest.mark.parametrize(
    "does",
    [
        {"WARNS": "lint"},
        {"WARNS": "build-params"},
        {"FAILS": "lint"},
        {"FAILS": "build-params --file main.prod"},
        {"CHANGES": "modules/access.bicep"},
    ],
)
def test_a_warning_a_failure_or_another_format_is_an_error(tmp_path: Path, does: dict[str, str]):
    code, _ = compile_all(tmp_path, **does)

    assert code == 1
