"""What is added to the files of the app: its dependencies for the platform, and the bytecode of all of it."""

import compileall
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

from package.contents import ROOT

PYTHON = "3.13"
"""The runtime of infra/bicep/modules/function-app.bicep."""
PLATFORM = "x86_64-manylinux_2_28"
"""Wheels that ask for no newer libc than 2.28, which every image of the platform for this Python has."""
SITE = Path(".python_packages", "lib", "site-packages")
"""Where the worker looks for dependencies."""
NEEDLESS = ("bin", "share", "bazel-project", "**/tests", "*.dist-info/RECORD", "*.dist-info/INSTALLER")
"""What wheels bring besides modules: commands with the path of this machine's Python, sources of a build, tests."""
WHERE_IT_RUNS = "/home/site/wwwroot"


def install(app: Path) -> None:
    """Put the locked dependencies into the folder; raises CalledProcessError where one has no wheel for it."""
    site = app / SITE
    choice = ["--python-version", PYTHON, "--python-platform", PLATFORM, "--only-binary", ":all:"]
    locked = ["--require-hashes", "--no-deps", "-r", str(app / "requirements.txt")]
    uv = [sys.executable, "-m", "uv", "pip", "install", "-q", "--python", sys.executable, "--link-mode", "copy"]
    subprocess.run([*uv, "--target", str(site), *choice, *locked], cwd=ROOT, check=True)
    for path in [found for pattern in NEEDLESS for found in sorted(site.glob(pattern))]:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def compile_all(app: Path) -> None:
    """Compile every module once and for all: the platform mounts the package and could keep no bytecode of its own."""
    compileall.compile_dir(
        app,
        quiet=2,
        stripdir=str(app),
        prependdir=WHERE_IT_RUNS,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )


def functions(app: Path) -> int:
    """Import the app from the folder alone, as the worker does, and count its functions."""
    count = "import function_app; print(len(function_app.app.get_functions()))"
    paths = {"PYTHONPATH": f"{app / SITE}{os.pathsep}{app}", "PYTHONDONTWRITEBYTECODE": "1"}
    run = [sys.executable, "-S", "-c", count]
    done = subprocess.run(run, cwd=app, env=os.environ | paths, check=True, stdout=subprocess.PIPE, text=True)
    return int(done.stdout)
