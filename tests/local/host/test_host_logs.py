"""In Azure every log record of the worker is sent and paid for: the SDKs alone would send most of them."""

import json
import logging
import os
import subprocess
import sys
import uuid
from pathlib import Path

from local.desk import SAMPLE
from tests.conftest import Emulators
from tests.local.host.processes import ROOT


def test_a_submit_and_a_claim_log_nothing_where_nothing_is_wrong_and_a_sweep_that_it_ran(
    emulators: Emulators, tmp_path: Path
) -> None:
    """Row 4: the worker's `dispatcher.py` sets the root logger to INFO, `otel.py` hangs the exporter on it."""
    own = {"COSMOS": emulators.cosmos, "STORAGE": emulators.storage, "AzureWebJobsStorage": emulators.storage}
    settings = {**json.loads(SAMPLE.read_text())["Values"], **own, "COSMOS_DATABASE": f"t{uuid.uuid4().hex[:12]}"}
    command = [sys.executable, "-m", "tests.local.host.logged", str(tmp_path)]

    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"submit": {}, "advance": {}, "claim": {}, "sweep": {"madoguchi.telemetry": 1}}


def test_warnings_and_errors_of_the_sdks_are_kept() -> None:
    import function_app  # noqa: F401 - what every host imports

    of_the_sdks = logging.getLogger("azure.core.pipeline.policies.http_logging_policy")

    assert of_the_sdks.isEnabledFor(logging.WARNING)
    assert not of_the_sdks.isEnabledFor(logging.INFO)
