"""Audit what we did not write: licences, bill of materials, known weaknesses. Green only where all was looked up."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from audit import advisories, bill, licences, tools
from audit.advisories import Audit
from audit.locks import DEPLOYED, LOCK, NPM, PYTHON, ROOT, VENDOR, Package, copied, locked, named, pinned, text_of

KNOWN_PYTHON = Package("jinja2", "2.11.2")
"""CVE-2020-28493: where this is not found, what answers is no database."""
KNOWN_NPM = Package("minimist", "1.2.5")
"""CVE-2021-44906."""
BILL = tools.OUT / "sbom.cdx.json"


def main() -> int:
    """Write the licences and the bill, print every audit, and return 0 where all of it is green."""
    tools.OUT.mkdir(exist_ok=True)
    are_allowed, is_whole = _licences(), _bill()
    audits = [*_of_python(), *_of_npm()]
    print("\n".join(line for audit in audits for line in advisories.lines(audit)))
    code = advisories.exit_code(audits, are_allowed, is_whole)
    print("NOT GREEN" if code else "all audited, nothing found")
    return code


def _licences() -> bool:
    listed = licences.deployed()
    (ROOT / licences.PAGE).write_text(licences.page(listed), encoding="utf-8")
    refused = [one for one in listed if not licences.is_allowed(one.licence)]
    print(f"{licences.PAGE}: {len(listed) - len(refused)} of {len(listed)} under an allowed licence")
    for one in refused:
        print(f"  {one.package.name} {one.package.version}: {one.licence}")
    return not refused


def _bill() -> bool:
    packages, files = pinned(text_of(DEPLOYED)), copied(text_of(f"{VENDOR}/README.md"))
    written = bill.of_deployed(tools.environment(), packages, named(text_of("requirements.in")), files)
    left_out = bill.missing(written, packages)
    BILL.write_text(json.dumps(written, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"{BILL.relative_to(ROOT)}: {len(written['components'])} of {len(packages) + len(files)} components")
    for one in left_out:
        print(f"  not installed here: {one}")
    return not left_out


def _of_python() -> Iterator[Audit]:
    control = _python("control", tools.requirements_of("control", [KNOWN_PYTHON]))
    for lock in PYTHON:
        asked = bool(control.findings)
        yield _python(lock, ROOT / lock) if asked else advisories.unasked(lock, pinned(text_of(lock)), control)


def _of_npm() -> Iterator[Audit]:
    control = _npm("control", tools.folder_of("control", [KNOWN_NPM]))
    files = [one.package for one in copied(text_of(f"{VENDOR}/README.md"))]
    for lock, folder in {VENDOR: tools.folder_of("copied", files), **{lock: ROOT / lock for lock in NPM}}.items():
        asked = bool(control.findings)
        packages = set(locked((folder / LOCK).read_text(encoding="utf-8")).values())
        yield _npm(lock, folder) if asked else advisories.unasked(lock, packages, control)


def _python(lock: str, path: Path) -> Audit:
    return advisories.read_pip_audit(lock, path.read_text(encoding="utf-8"), *tools.pip_audit(path))


def _npm(lock: str, folder: Path) -> Audit:
    return advisories.read_npm_audit(lock, (folder / LOCK).read_text(encoding="utf-8"), tools.npm_audit(folder))


if __name__ == "__main__":
    sys.exit(main())
