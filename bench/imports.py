"""What a cold start pays for imports, against the SDKs alone."""

import compileall
import os
import resource
import statistics
import subprocess
import sys

from local.desk import ROOT

RUNS = 9
OURS = "import function_app"
SDKS = "import azure.functions, azure.cosmos.aio, azure.storage.queue.aio"


def report() -> None:
    """Print the CPU time of importing the app and of importing its SDKs, bytecode compiled for both."""
    for folder in ("functions", "services", "stores", "wiring"):
        compileall.compile_dir(str(ROOT / folder), quiet=1)
    for name in ("function_app.py", "settings.py"):
        compileall.compile_file(str(ROOT / name), quiet=1)
    pairs = [(_cpu(OURS), _cpu(SDKS)) for _ in range(RUNS)]
    ours, sdks = (statistics.median(side) for side in zip(*pairs, strict=True))
    print("(a) import, CPU time, median of", RUNS)
    print(f"    function_app        {ours * 1000:7.0f} ms")
    print(f"    the SDKs alone      {sdks * 1000:7.0f} ms")
    print(f"    ratio               {ours / sdks:7.2f}    (aim: below 1.10)\n")


def _cpu(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", statement], cwd=ROOT, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
