"""Under which licences that is which is deployed, as the packages declare it: docs/licences.md."""

import re
from collections.abc import Iterable
from importlib import metadata

import msgspec

from audit.locks import DEPLOYED, VENDOR, Package, copied, pinned, text_of

PAGE = "docs/licences.md"
UNKNOWN = "unknown"
_APACHE = {"Apache-2.0", "Apache 2.0"}
_BSD = {"BSD-2-Clause", "BSD-3-Clause", "BSD License"}
_MIT = {"MIT", "MIT License", "MIT-0", "ISC"}
ALLOWED = _APACHE | _BSD | _MIT | {"MPL-2.0", "PSF-2.0"}
"""None of them asks that the app around it be published; MPL-2.0 asks it of its own files, which we do not change."""
LONGEST_NAME = 40
HEAD = """# Licences of what is deployed

The packages of `requirements.txt` and the JavaScript of `web/static/vendor`, as they declare it. `make audit` writes
this page; `tests/audit/test_licences.py` holds it true, and each licence to the list in `audit/licences.py`.

| package | version | licence |
|---|---|---|
"""


class Licensed(msgspec.Struct, frozen=True):
    """Hold a package with the licence that it declares."""

    package: Package
    licence: str


def deployed() -> list[Licensed]:
    """List what is deployed: the lock file with the metadata of what is installed, and the table of what was copied."""
    python = [Licensed(one, _installed(one)) for one in pinned(text_of(DEPLOYED))]
    files = [Licensed(one.package, one.licence) for one in copied(text_of(f"{VENDOR}/README.md"))]
    return python + files


def declared(expression: str | None, name: str | None, classifiers: Iterable[str]) -> str:
    """Choose what a package says of its licence: the SPDX expression, else a name (no whole text), else classifiers."""
    short = name if name and "\n" not in name and len(name) <= LONGEST_NAME else None
    classes = [one.rpartition(" :: ")[2] for one in classifiers if one.startswith("License :: ")]
    return expression or short or " and ".join(classes) or UNKNOWN


def is_allowed(licence: str) -> bool:
    """Tell whether all that an expression names is allowed, so that nobody has to choose."""
    return all(part in ALLOWED for part in re.split(r" (?:and|or|with) ", licence.strip("()"), flags=re.IGNORECASE))


def page(licensed: Iterable[Licensed]) -> str:
    """Write docs/licences.md."""
    return HEAD + "".join(f"| {one.package.name} | {one.package.version} | {one.licence} |\n" for one in licensed)


def _installed(package: Package) -> str:
    """Read what is installed here; of another version it says nothing."""
    try:
        found = metadata.metadata(package.name)
    except metadata.PackageNotFoundError:
        return UNKNOWN
    if found["Version"] != package.version:
        return UNKNOWN
    return declared(found.get("License-Expression"), found.get("License"), found.get_all("Classifier") or [])
