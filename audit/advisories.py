"""What the vulnerability databases said of a lock file, and what may be concluded from it."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from audit.locks import Package, locked, pinned

UNREACHED = "the database cannot be reached"


class Finding(msgspec.Struct, frozen=True):
    """Hold a known weakness of a package, and in words which versions are free of it."""

    package: Package
    id: str
    mended: str


class Audit(msgspec.Struct, frozen=True):
    """Hold what is known of one lock file: its packages, those that were not audited and why, and the findings."""

    lock: str
    packages: tuple[Package, ...]
    unaudited: tuple[Package, ...]
    findings: tuple[Finding, ...] = ()
    reason: str = ""

    @property
    def is_green(self) -> bool:
        """Tell whether every package was audited and none has a known weakness."""
        return bool(self.packages) and not self.unaudited and not self.findings


def read_pip_audit(lock: str, requirements: str, answer: str, said: str = "") -> Audit:
    """Read what `pip-audit --format json` wrote: it skips what it cannot look up and calls the rest free of weaknesses.

    `said` is the last it said where it wrote nothing.
    """
    packages = tuple(pinned(requirements))
    told = {one["name"]: one for one in _object(answer).get("dependencies", [])}
    unaudited = tuple(one for one in packages if "vulns" not in told.get(one.name, {}))
    findings = tuple(
        Finding(one, weakness["id"], _mended(weakness["fix_versions"]))
        for one in packages
        for weakness in told.get(one.name, {}).get("vulns", [])
    )
    reason = "not in the database" if len(unaudited) < len(packages) else _unreached(said)
    return Audit(lock, packages, unaudited, findings, reason)


def read_npm_audit(lock: str, package_lock: str, answer: str) -> Audit:
    """Read what `npm audit --json` wrote: a report on every package, or an error and no report."""
    places = locked(package_lock)
    packages = tuple(sorted(set(places.values())))
    report = _object(answer)
    if "auditReportVersion" not in report:
        return Audit(lock, packages, packages, reason=_unreached(str(report.get("message", ""))))
    return Audit(lock, packages, (), tuple(_found_by_npm(places, report["vulnerabilities"])))


def unasked(lock: str, packages: Iterable[Package], control: Audit) -> Audit:
    """Count nothing as audited where the database does not tell of a weakness that every such database knows."""
    weak = ", ".join(f"{one.name} {one.version}" for one in control.packages)
    unknown = f"what answers is no vulnerability database: it knows nothing against {weak}"
    known = tuple(packages)
    return Audit(lock, known, known, reason=control.reason if control.unaudited else unknown)


def exit_code(audits: Collection[Audit], *others: bool) -> int:
    """Return 0 where every audit is green and every other check is good, else 1."""
    return 0 if audits and all(audit.is_green for audit in audits) and all(others) else 1


def lines(audit: Audit) -> Iterator[str]:
    """Say how many packages were audited, why the others were not, and what was found."""
    audited = len(audit.packages) - len(audit.unaudited)
    reason = f": {audit.reason}" if audit.unaudited else ""
    yield f"{audit.lock}: {audited} of {len(audit.packages)} packages audited{reason}"
    if audited and audit.unaudited:
        yield f"  not audited: {', '.join(one.name for one in audit.unaudited)}"
    for found in audit.findings:
        yield f"  {found.package.name} {found.package.version}: {found.id}, {found.mended}"


def _found_by_npm(places: dict[str, Package], weak: dict[str, Any]) -> Iterator[Finding]:
    """A text in `via` names a package that brings the weakness along, which has a finding of its own."""
    for one in weak.values():
        causes = [cause for cause in one["via"] if isinstance(cause, dict)]
        packages = sorted({places[place] for place in one["nodes"] if place in places})
        for cause in causes:
            id_, mended = cause["url"].rpartition("/")[2], f"mended by a version outside {cause['range']}"
            yield from (Finding(package, id_, mended) for package in packages)


def _object(answer: str) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _unreached(said: str) -> str:
    return f"{UNREACHED} ({said})" if said else UNREACHED


def _mended(versions: Iterable[str]) -> str:
    return f"mended by {', '.join(versions)}" if versions else "mended by no version yet"
