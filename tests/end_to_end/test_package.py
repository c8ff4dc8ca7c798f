"""A package by itself: the real worker finds every dependency in it, and a second one is the same."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from package.build import SITE
from tests.end_to_end.conftest import ROOT, RunningDesk, running_desk
from tests.end_to_end.over_http import complete, hand_over, status, submit, tasks_of

pytestmark = [pytest.mark.deep, pytest.mark.xdist_group("package")]

OF_THE_HOST = (
    "azure-functions-runtime",
    "azurefunctions-extensions-base",
    "uvicorn",
    "starlette",
    "click",
    "h11",
    "anyio",
)
"""What the host and its worker bring themselves; everything else must come from the package."""


def make_package() -> dict[str, str]:
    """Build a package, and return what the command prints."""
    done = subprocess.run(["make", "-s", "package"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return dict(line.split("=") for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def built() -> dict[str, str]:
    return make_package()


def host_alone(folder: Path) -> Path:
    """Make an environment that has the host and nothing of the app; return its Python."""
    subprocess.run([sys.executable, "-m", "uv", "venv", "-q", "--python", sys.executable, folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in OF_THE_HOST:
        listed = metadata.files(name) or []
        for top in {file.parts[0] for file in listed if file.parts[0] not in ("..", "__pycache__")}:
            if not (site / top).exists():
                (site / top).symlink_to(listed[0].locate().parents[len(listed[0].parts) - 1] / top)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return host_alone(tmp_path_factory.mktemp("host") / "venv")


@pytest.fixture(scope="module")
def published(built: dict[str, str], host: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """Start a desk in the unpacked package, with nothing but what stands in for Azure beside it."""
    app = tmp_path_factory.mktemp("app")
    with zipfile.ZipFile(ROOT / built["archive"]) as packed:
        packed.extractall(app)
    (app / "local").symlink_to(ROOT / "local")
    shutil.copy(ROOT / "local.settings.sample.json", app)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(app / SITE))
        with running_desk(app, str(host)) as desk:
            yield desk


def test_a_request_goes_from_the_resident_to_staff_and_back(published: RunningDesk):
    receipt = submit(published)
    for task in tasks_of(published, receipt):
        complete(published, task)
    hand_over(published, receipt)

    assert status(published, receipt)["status"] == "completed"


def test_the_pages_of_residents_and_staff_and_the_services_are_in_it(published: RunningDesk):
    paths = ("/ja", "/en/services/relief-supplies", "/staff/counter", "/api/ready")

    assert {path: published.http.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_it_says_which_commit_it_is(published: RunningDesk, built: dict[str, str]):
    assert published.http.get("/api/health").json()["commit"] == built["commit"]


def test_the_host_beside_it_has_nothing_that_the_app_needs(host: Path):
    needed = ("aiohttp", "azure.cosmos", "azure.functions", "jinja2", "msgspec", "yaml")

    found = [
        name
        for name in needed
        if subprocess.run([host, "-E", "-c", f"import {name}"], capture_output=True).returncode == 0
    ]

    assert found == []


def test_a_second_package_is_the_same_bytes(built: dict[str, str]):
    assert make_package() == built
