"""Show what a deployment would change, and refuse what Azure would refuse half-way.

    az deployment group what-if ... --no-pretty-print | python infra/preview.py

Cosmos DB takes one kind of change to an account that is there at a time: its regions, its backup, or anything else; and
whether a region is spread over zones cannot change at all (docs/operations/update.md). Exit status 1 where it would.

It also refuses to make data anew, empty, where there was some: a counter on an empty account looks healthy, and nobody
restores what is gone (docs/operations/restore.md). NEW_ACCOUNT=true in the environment says that it is meant.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

ACCOUNT = "/microsoft.documentdb/databaseaccounts/"
SIGNS = {"Create": "+", "Modify": "~", "Delete": "-", "Deploy": "?", "Unsupported": "?"}
APART = {"properties.locations": "regions", "properties.backupPolicy": "backup"}
"""What must change alone, by where it stands in an account."""
DATA = re.compile(f"{ACCOUNT}([^/]+)(?:/sqldatabases/[^/]+(?:/containers/requests)?)?")
"""What the files make once: the account, its database, and the container that every version has."""
USUAL = re.compile(r"cosmos-madoguchi-(?:dev|prod)-\w{13}")
"""The name that main.bicep gives an account itself; every other one is that of a restored account."""
APP = re.compile(r"/microsoft\.web/sites/[^/]+")
MEANT = "Where a new one is meant: NEW_ACCOUNT=true"


def main() -> int:
    """Read what `az deployment group what-if` prints as JSON."""
    changes = json.load(sys.stdin)["changes"]
    sys.stdout.writelines(f"{line}\n" for line in shown(changes))
    refused = [reason for change in changes for reason in refusals(change)]
    refused += [] if os.environ.get("NEW_ACCOUNT") == "true" else emptied(changes)
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


def emptied(changes: list[dict[str, Any]]) -> list[str]:
    """Return the data that a deployment would make anew although it was there before; of nested data the outermost.

    The app comes after its account, so where the app is there, the account was.
    """
    new = {change["resourceId"].lower(): change["resourceId"] for change in changes if change["changeType"] == "Create"}
    others = [change["resourceId"].lower() for change in changes if change["changeType"] != "Create"]
    is_there = any(APP.fullmatch(_within_group(id_)) for id_ in others)
    data = {id_: found[1] for id_ in sorted(new, key=len) if (found := DATA.fullmatch(_within_group(id_)))}
    made = [id_ for id_, account in data.items() if is_there or not USUAL.fullmatch(account)]
    told = f"would be made anew, empty: restore it (docs/operations/restore.md). {MEANT}"
    return [f"{new[id_].rpartition('/')[2]} {told}" for id_ in made[:1]]


def _within_group(id_: str) -> str:
    return f"/{id_.partition('/providers/')[2]}"


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
