"""The emulators as processes: their commands, ports and connection strings."""

import asyncio
import socket
from pathlib import Path

FOLDER = Path(__file__).parent / "emulators"
ACCOUNT = "devstoreaccount1"
KEY_OF_COSMOS = "Zm9yIHRoZSBsb2NhbCBlbXVsYXRvciBvbmx5LCBub3QgYSBzZWNyZXQ="
KEY_OF_AZURITE = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The well-known key of the storage emulator, printed in Microsoft's documentation."""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cosmos_command(port: int, data: Path | None = None) -> list[str]:
    """Return the command of the Cosmos DB emulator; it ends when its input closes. In memory without `data`."""
    kept = ["--data", str(data)] if data else []
    return ["node", str(FOLDER / "cosmos.js"), "-p", str(port), "--exit-with-parent", *kept]


def azurite_command(blob: int, queue: int, table: int, data: Path | None = None) -> list[str]:
    """Return the command of the storage emulator; it ends when its input closes. In memory without `data`."""
    kept = ["--location", str(data)] if data else ["--inMemoryPersistence"]
    ports = ["--blobPort", str(blob), "--queuePort", str(queue), "--tablePort", str(table)]
    return [
        "node",
        str(FOLDER / "azurite.js"),
        "--silent",
        "--disableTelemetry",
        "--skipApiVersionCheck",
        *ports,
        *kept,
    ]


def cosmos_connection(port: int) -> str:
    """Return the connection string of the Cosmos DB emulator."""
    return f"AccountEndpoint=http://127.0.0.1:{port}/;AccountKey={KEY_OF_COSMOS};"


def storage_connection(*, blob: int, queue: int) -> str:
    """Return the connection string of the storage emulator."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY_OF_AZURITE};"
        f"BlobEndpoint=http://127.0.0.1:{blob}/{ACCOUNT};QueueEndpoint=http://127.0.0.1:{queue}/{ACCOUNT};"
    )


def is_listening(port: int) -> bool:
    """Tell whether somebody listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def wait_for_port(port: int, within: float) -> None:
    """Wait until somebody listens on a port; raises TimeoutError."""
    async with asyncio.timeout(within):
        while not is_listening(port):
            await asyncio.sleep(0.02)
