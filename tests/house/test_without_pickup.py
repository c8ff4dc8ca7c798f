"""The platform knows no capability: with pickup taken out, what is left is linted, starts and passes its tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.deep, pytest.mark.xdist_group("without pickup")]

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OF_PICKUP = (
    "services/pickup",
    "functions/pickup",
    "stores/pickup",
    "wiring/pickup.py",
    "web/texts/pickup",
    "web/templates/pickup",
    "catalog/services/relief-supplies.yaml",
    "local/seed.py",
    "tests/**/pickup*",
)
OF_THE_WHOLE = ("bench", "tests/bench", "tests/end_to_end", "tests/house", "tests/infra")
"""What measures, tries and deploys the whole product, pickup with it."""
EDITS = {
    "wiring/__init__.py": {"from wiring import pickup\n": "", "(pickup.CAPABILITY,)": "()"},
    "function_app.py": {
        "operations, pickup, tasks\n": "operations, tasks\n",
        "join(pickup.SHOWN)": "join()",
        ", *pickup.BPS)": ")",
    },
    "local/supervisor.py": {"from local.seed import seed_desk\n": "", "        await seed_desk(app)\n": ""},
    "pyproject.toml": {
        '    "pickup",\n': "",
        'layers = ["pickup", "operations | intake': 'layers = ["operations | intake',
        'layers = ["pickup", "operations", "case"]': 'layers = ["operations", "case"]',
        'modules = ["services.pickup"]': "modules = []",
    },
}
"""Every line of what is left that names pickup."""
CHECKS = {
    "style": ("ruff", "check", "."),
    "types": ("mypy", "services", "stores", "settings.py", "wiring", "functions"),
    "imports": ("lint-imports", "--no-logo"),
    "start": ("python", "-c", "import function_app"),
    "tests": ("pytest", "-n", "1", "tests/services", "tests/functions", "tests/stores", "tests/catalog"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the repository, and take pickup out of it."""
    house = tmp_path_factory.mktemp("house")
    copy_to(house)
    for pattern in (*OF_PICKUP, *OF_THE_WHOLE):
        found = sorted(house.glob(pattern))
        assert found, f"nothing to take out: {pattern}"
        for path in found:
            remove(path)
    for name, changes in EDITS.items():
        source = (house / name).read_text(encoding="utf-8")
        for before, after in changes.items():
            assert source.count(before) == 1, f"{name} has another way of naming pickup: {before!r}"
            source = source.replace(before, after)
        (house / name).write_text(source, encoding="utf-8")
    return house


def copy_to(house: Path) -> None:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (house / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, house / name)
    modules = Path("local", "emulators", "node_modules")
    (house / modules).symlink_to((ROOT / modules).resolve())


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("check", CHECKS)
def test_the_house_stands_without_pickup(house: Path, check: str):
    command, *arguments = CHECKS[check]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}

    done = subprocess.run([BIN / command, *arguments], cwd=house, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
