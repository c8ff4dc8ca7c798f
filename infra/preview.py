"""Show what a deployment would change, and refuse what Azure would refuse half-way.

    az deployment group what-if ... --no-pretty-print | python infra/preview.py

Cosmos DB takes one kind of change to an account that is there at a time: its regions, its backup, or anything else; and
whether a region is spread over zones cannot change at all (docs/operations/update.md). Exit status 1 where it would.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

ACCOUNT = "/microsoft.documentdb/databaseaccounts/"
SIGNS = {"Create": "+", "Modify": "~", "Delete": "-", "Deploy": "?", "Unsupported": "?"}
APART = {"properties.locations": "regions", "properties.backupPolicy": "backup"}
"""What must change alone, by where it stands in an account."""


def main() -> int:
    """Read what `az deployment group what-if` prints as JSON."""
    changes = json.load(sys.stdin)["changes"]
    sys.stdout.writelines(f"{line}\n" for line in shown(changes))
    refused = [reason for change in changes for reason in refusals(change)]
    sys.stderr.writelines(f"refused: {reason}\n" for reason in refused)
    return 1 if refused else 0


def shown(changes: list[dict[str, Any]]) -> Iterator[str]:
    """Return a line for every resource that changes, with the properties that do."""
    for change in changes:
        sign = SIGNS.get(change["changeType"])
        if sign:
            paths = ", ".join(one["path"] for one in _delta(change))
            yield f"{sign} {change['resourceId'].partition('/providers/')[2]}{': ' if paths else ''}{paths}"


def refusals(change: dict[str, Any]) -> list[str]:
    """Return why Azure would refuse a change of a Cosmos DB account; empty for every other change."""
    inner = change["resourceId"].lower().partition(ACCOUNT)[2]
    if change["changeType"] != "Modify" or not inner or "/" in inner:
        return []
    before, after = (_regions(change[when]) for when in ("before", "after"))
    both = before.keys() & after.keys()
    wrong = [
        f"{region} stands {'in' if before[region] else 'without'} zones, and that cannot change: cosmosZoneRedundant"
        for region in sorted(both)
        if before[region] != after[region]
    ]
    kinds = {_kind(one["path"]) for one in _delta(change)} - {"regions"}
    kinds |= {"regions"} if before.keys() != after.keys() else set()
    if len(kinds) > 1:
        wrong.append(f"{' and '.join(sorted(kinds))} of {inner} change at once: one deployment for each")
    return wrong


def _delta(change: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in change.get("delta") or [] if one["propertyChangeType"] != "NoEffect"]


def _kind(path: str) -> str:
    return next((kind for start, kind in APART.items() if path.startswith(start)), "settings")


def _regions(account: dict[str, Any]) -> dict[str, bool]:
    """Return whether each region of an account is spread over zones, by its name."""
    listed = account["properties"]["locations"]
    return {one["locationName"].replace(" ", "").lower(): bool(one.get("isZoneRedundant")) for one in listed}


if __name__ == "__main__":
    sys.exit(main())
