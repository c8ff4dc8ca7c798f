"""What the lock files name: Python packages, npm packages, and JavaScript that is deployed as copies."""

import json
import re
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYTHON = ("requirements.txt", "requirements-dev.txt", "audit/requirements.txt")
DEPLOYED = PYTHON[0]
NPM = ("local/emulators", "lint")
VENDOR = "web/static/vendor"
LOCK = "package-lock.json"


class Package(msgspec.Struct, frozen=True, order=True):
    """Name one version of a package."""

    name: str
    version: str


class Copied(msgspec.Struct, frozen=True):
    """Name an npm package of which files lie in `web/static/vendor`, with the licence that its README.md states."""

    package: Package
    licence: str


def text_of(path: str) -> str:
    """Return a file of the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def pinned(requirements: str) -> list[Package]:
    """Read the packages of a compiled requirements file."""
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)(?:\[[^]]*\])?==([^\s;]+)", requirements, re.MULTILINE)
    return [Package(canonicalize_name(name), version) for name, version in found]


def named(requirements: str) -> set[str]:
    """Read the names that a requirements.in asks for."""
    return {canonicalize_name(name) for name in re.findall(r"^[A-Za-z0-9][\w.-]*", requirements, re.MULTILINE)}


def unpinned(requirements: str) -> list[str]:
    """Find each requirement that names no single version, or no hash of its files."""
    lines = (line.strip() for line in requirements.replace("\\\n", " ").splitlines())
    asked = [line for line in lines if line and not line.startswith("#")]
    return [line for line in asked if not re.match(r"[\w.-]+(\[[^]]*\])?==\S+\s.*--hash=sha256:[0-9a-f]{64}", line)]


def locked(package_lock: str) -> dict[str, Package]:
    """Read what a package-lock.json fetches, by its place in the folder; a link into our own folders has no version."""
    packages = json.loads(package_lock)["packages"]
    return {
        place: Package(place.rpartition("node_modules/")[2], one["version"])
        for place, one in packages.items()
        if "node_modules/" in place and "version" in one
    }


def unhashed(package_lock: str) -> list[str]:
    """Find each place of a package-lock.json that is fetched without a digest."""
    packages = json.loads(package_lock)["packages"]
    return [place for place in locked(package_lock) if not packages[place].get("integrity", "").startswith("sha512-")]


def copied(readme: str) -> list[Copied]:
    """Read the table of `web/static/vendor/README.md`."""
    rows = re.findall(r"^\| (\S+) \| (\d\S*) \| ([^|]+?) \|", readme, re.MULTILINE)
    return [Copied(Package(name, version), licence) for name, version, licence in rows]


def lock_of(packages: list[Package]) -> str:
    """Write a package-lock.json of packages that were copied, so that npm can be asked about them."""
    root = {"dependencies": {one.name: one.version for one in packages}}
    places = {f"node_modules/{one.name}": {"version": one.version} for one in packages}
    return json.dumps({"name": "copied", "version": "0", "lockfileVersion": 3, "packages": {"": root, **places}})
