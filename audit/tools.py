"""The programs that know: pip-audit and cyclonedx-py, in an environment that `make audit` makes for them, and npm."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from audit.locks import ROOT, Package, lock_of

OUT = ROOT / ".audit"
BIN = OUT / "tools" / "bin"
TIMEOUT = 600


def pip_audit(requirements: Path) -> tuple[str, str]:
    """Ask PyPI's database about a lock file; return the JSON, and the last that was said where there is none."""
    answer = OUT / "answer.json"
    answer.unlink(missing_ok=True)
    command: list[str | Path] = [
        BIN / "pip-audit",
        "-r",
        requirements,
        "--disable-pip",
        "--no-deps",
        "-f",
        "json",
        "-o",
        answer,
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    if answer.exists():
        return answer.read_text(encoding="utf-8"), ""
    return "", ran.stderr.strip().rpartition("\n")[2]


def npm_audit(folder: Path) -> str:
    """Ask npm's database about a folder with a package-lock.json; return its JSON, an error as well."""
    command = ["npm", "audit", "--json", "--package-lock-only", "--no-fund"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT).stdout


def environment() -> dict[str, Any]:
    """Return the CycloneDX bill of the environment that runs this, under the name of our project."""
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    command = [str(BIN / "cyclonedx-py"), "environment", sys.executable, *options]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def requirements_of(name: str, packages: list[Package]) -> Path:
    """Write a requirements file of a few packages, for pip-audit."""
    path = OUT / f"{name}.txt"
    path.write_text("".join(f"{one.name}=={one.version}\n" for one in packages), encoding="utf-8")
    return path


def folder_of(name: str, packages: list[Package]) -> Path:
    """Write a folder with a package-lock.json of a few packages, for npm."""
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    lock = lock_of(packages)
    (folder / "package-lock.json").write_text(lock, encoding="utf-8")
    (folder / "package.json").write_text(json.dumps(json.loads(lock)["packages"][""]), encoding="utf-8")
    return folder
