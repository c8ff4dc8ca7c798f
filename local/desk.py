"""The settings of a desk: where its data lives, which ports its parts listen on, and what the host reads."""

import json
from pathlib import Path

import msgspec

from local.processes import cosmos_connection, free_port, storage_connection

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "local.settings.sample.json"


class Ports(msgspec.Struct, frozen=True):
    """Name the port of every part."""

    host: int
    cosmos: int
    blob: int
    queue: int
    table: int


class Desk(msgspec.Struct, frozen=True):
    """Hold what one desk is: its ports and its folder."""

    ports: Ports

    @property
    def folder(self) -> Path:
        """Return where the data of the desk on this port is kept."""
        return ROOT / ".local" / str(self.ports.host)

    @property
    def url(self) -> str:
        """Return the address of the counter."""
        return f"http://127.0.0.1:{self.ports.host}"

    @property
    def settings_file(self) -> Path:
        """Return the file that the host reads its settings from."""
        return self.folder / "local.settings.json"

    def values(self) -> dict[str, str]:
        """Return the settings: those of the sample, with the addresses of this desk."""
        storage = storage_connection(blob=self.ports.blob, queue=self.ports.queue)
        sample: dict[str, str] = json.loads(SAMPLE.read_text(encoding="utf-8"))["Values"]
        return sample | {
            "AzureWebJobsStorage": storage,
            "STORAGE": storage,
            "COSMOS": cosmos_connection(self.ports.cosmos),
            "TOKEN_ISSUER": f"{self.url}/local/issuer",
            "TOKEN_JWKS_URI": f"{self.url}/local/jwks",
        }

    def write_settings(self) -> None:
        """Write the settings where the host reads them."""
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = {"IsEncrypted": False, "Values": self.values()}
        self.settings_file.write_text(json.dumps(settings, ensure_ascii=False, indent=2), encoding="utf-8")


def choose_ports(host: int, *, cosmos: int | None = None, blob: int | None = None, queue: int | None = None) -> Ports:
    """Take the ports that were asked for and free ones for the rest."""
    return Ports(host, cosmos or free_port(), blob or free_port(), queue or free_port(), free_port())
