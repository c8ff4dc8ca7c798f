"""Which files of the repository are published: what .funcignore leaves of what git knows, and the commit."""

import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
COMMIT = "commit.txt"
"""Where a published app says which commit it is (functions/operations/api.py)."""


def copy(app: Path, commit: str) -> None:
    """Make the folder anew with the files of the app."""
    shutil.rmtree(app, ignore_errors=True)
    for name in published(_of_git("ls-files", "-z").split("\0"), patterns()):
        (app / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, app / name)
    (app / COMMIT).write_text(f"{commit}\n", encoding="utf-8")


def commit() -> str:
    """Return the commit that is checked out, with `-dirty` where files differ from it."""
    return _of_git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*").strip()


def patterns() -> list[str]:
    """Return the lines of .funcignore."""
    return (ROOT / ".funcignore").read_text(encoding="utf-8").split()


def published(names: list[str], ignored: list[str]) -> list[str]:
    """Return those of the names that no pattern ignores, by itself or by a folder it lies in."""
    return [name for name in names if name and not any(_matches(name, pattern) for pattern in ignored)]


def _matches(name: str, pattern: str) -> bool:
    path = PurePosixPath(name)
    whole = [str(one) for one in (path, *path.parents)]
    return any(fnmatch(one, pattern) for one in (whole if "/" in pattern else path.parts))


def _of_git(*command: str) -> str:
    return subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True, text=True).stdout
