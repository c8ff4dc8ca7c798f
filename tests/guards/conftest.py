import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def functions() -> list[dict]:
    """Return every function of the app, as the Functions library indexes it."""
    command = [sys.executable, "-m", "tests.guards.indexed"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60).stdout)
