"""A queue service (Azurite) for the session, and local hosts as processes of their own."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueServiceClient

from tests.local.host.processes import ROOT, Host, StartHost, accepts, eventually, free_ports, running_host

AZURITE = ROOT / "local/emulators/node_modules/azurite/dist/src/azurite.js"
ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """The connection string of a queue service that starts empty."""
    blob, queue, table = free_ports(3)
    options = ["--silent", "--inMemoryPersistence", "--disableTelemetry", "--skipApiVersionCheck"]
    ports = ["--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", str(table)]
    with subprocess.Popen(["node", str(AZURITE), *options, *ports], stdout=subprocess.DEVNULL) as process:
        eventually(lambda: accepts(queue))
        endpoint = f"http://127.0.0.1:{queue}/devstoreaccount1"
        yield f"AccountName=devstoreaccount1;AccountKey={ACCOUNT_KEY};QueueEndpoint={endpoint};"
        process.terminate()


@pytest.fixture
def queues(storage: str) -> Iterator[QueueServiceClient]:
    with QueueServiceClient.from_connection_string(storage) as client:
        yield client


@pytest.fixture
def start_host(tmp_path: Path) -> Iterator[StartHost]:
    """Start the app whose function_app.py is given, as often as a test asks."""
    with ExitStack() as started:

        def start(source: str, *arguments: str, **options: Any) -> Host:
            return started.enter_context(running_host(tmp_path, source, *arguments, **options))

        yield start


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as opened:
        yield opened
