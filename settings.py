"""The settings of the app: read once from the environment, all that is missing named in one error."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

UNRESOLVED = "@Microsoft.KeyVault("
"""How a setting begins whose secret Azure could not read; it is refused as a secret, since anyone can guess it."""

SHORTEST_SECRET = 32
"""Bytes of a secret: as many as its HMAC has."""
FEWEST_CHARACTERS = 8
"""How many different characters a secret must have at least: stopgaps that are typed by hand have fewer."""
OF_THE_SAMPLE = b"for-a-desk-only-not-a-secret"
"""How the secrets of local.settings.sample.json begin, which anyone can read."""


class MissingSettings(Exception):
    """Name every setting that is missing or cannot be read."""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """Reach a store: by the connection string of an emulator, or by address and managed identity.

    Written as the Functions host reads it: `NAME`, or `NAME__accountEndpoint`, `NAME__queueServiceUri`,
    `NAME__blobServiceUri` and `NAME__clientId`; `NAME__regions` are those of Cosmos DB with commas, the nearest first.
    """

    connection_string: str | None = None
    account_endpoint: str | None = None
    regions: str | None = None
    queue_service_uri: str | None = None
    blob_service_uri: str | None = None
    client_id: str | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Hold every setting."""

    cosmos: Connection
    cosmos_database: str
    storage: Connection
    reference_secret: bytes
    access_secrets: dict[int, bytes]
    token_issuer: str
    token_audience: str
    token_jwks_uri: str
    municipality: str
    municipality_phone: str
    address_header: str
    calls_per_minute: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read all settings; raises MissingSettings."""
        reader = _Reader(environ)
        settings = cls(
            cosmos=reader.connection("COSMOS", "accountEndpoint", "regions"),
            cosmos_database=reader.text("COSMOS_DATABASE"),
            storage=reader.connection("STORAGE", "queueServiceUri", "blobServiceUri"),
            reference_secret=reader.secret("REFERENCE_SECRET"),
            access_secrets=reader.versioned("ACCESS_SECRETS"),
            token_issuer=reader.text("TOKEN_ISSUER"),
            token_audience=reader.text("TOKEN_AUDIENCE"),
            token_jwks_uri=reader.text("TOKEN_JWKS_URI"),
            municipality=reader.text("MUNICIPALITY"),
            municipality_phone=reader.text("MUNICIPALITY_PHONE"),
            address_header=reader.text("ADDRESS_HEADER"),
            calls_per_minute=reader.number("CALLS_PER_MINUTE"),
        )
        if reader.problems:
            raise MissingSettings("; ".join(reader.problems))
        return settings


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str) -> str:
        value = self._environ.get(name, "")
        if not value:
            self.problems.append(f"{name} is missing")
        if value.startswith(UNRESOLVED):
            self.problems.append(f"{name} could not be read from Key Vault")
        return value

    def number(self, name: str) -> int:
        text = self.text(name)
        if text and not (text.isdecimal() and int(text)):
            self.problems.append(f"{name} is not a number over 0")
            return 0
        return int(text or 0)

    def secret(self, name: str) -> bytes:
        value = self.text(name)
        if value and not value.startswith(UNRESOLVED):
            self._weigh(name, value.encode())
        return value.encode()

    def versioned(self, name: str) -> dict[int, bytes]:
        """Read `1:secret,2:newer secret`."""
        pairs = [pair.partition(":") for pair in self.text(name).split(",") if pair]
        if not all(version.isdigit() and secret for version, _, secret in pairs):
            self.problems.append(f"{name} is not of the form 1:secret,2:secret")
            return {}
        secrets = {int(version): secret.encode() for version, _, secret in pairs}
        for version, secret in secrets.items():
            self._weigh(f"{name} {version}", secret)
        return secrets

    def connection(self, name: str, *endpoints: str) -> Connection:
        if self._environ.get(name):
            return Connection(connection_string=self._emulator(name))
        found = {_snake(endpoint): self._environ.get(f"{name}__{endpoint}") for endpoint in endpoints}
        missing = [f"{name}__{endpoint}" for endpoint in endpoints if not self._environ.get(f"{name}__{endpoint}")]
        if missing:
            self.problems.append(f"{name}, or else {' and '.join(missing)}, is missing")
        return Connection(**found, client_id=self._environ.get(f"{name}__clientId"))

    def _weigh(self, name: str, secret: bytes) -> None:
        """Refuse a secret that can be guessed; the sample's opens emulators on this machine alone."""
        made = "make one with: openssl rand -base64 48"
        if len(secret) < SHORTEST_SECRET:
            self.problems.append(f"{name} is shorter than {SHORTEST_SECRET} bytes; {made}")
        elif len(set(secret)) < FEWEST_CHARACTERS:
            self.problems.append(f"{name} repeats a few characters; {made}")
        if secret.startswith(OF_THE_SAMPLE) and not all(self._environ.get(store) for store in ("COSMOS", "STORAGE")):
            self.problems.append(f"{name} is that of the sample, which is for emulators alone; {made}")

    def _emulator(self, name: str) -> str:
        """Read a connection string, whose key opens an emulator on this machine and nothing else."""
        text = self._environ[name]
        hosts = {urlsplit(address).hostname for address in re.findall(r"https?://[^;]+", text)}
        if text != "UseDevelopmentStorage=true" and not (hosts and hosts <= {"127.0.0.1", "localhost"}):
            self.problems.append(f"{name} is a connection string to another place than this machine; use {name}__...")
        return text


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
