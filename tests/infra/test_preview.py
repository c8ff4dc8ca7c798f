"""What infra/preview.py refuses of the answers of `az deployment group what-if`."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.preview import refusals, shown

ROOT = Path(__file__).parent.parent.parent
ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-madoguchi"
NETWORK = "properties.publicNetworkAccess"


def region(name: str, zones: bool) -> dict[str, Any]:
    return {"locationName": name, "isZoneRedundant": zones, "failoverPriority": 0}


EAST, WEST = region("Japan East", True), region("japanwest", False)


def modified(*paths: str, before: list[Any], after: list[Any], id_: str = ACCOUNT) -> dict[str, Any]:
    """Return a change as `what-if` tells it."""
    return {
        "resourceId": id_,
        "changeType": "Modify",
        "before": {"properties": {"locations": before}},
        "after": {"properties": {"locations": after}},
        "delta": [{"path": path, "propertyChangeType": "Modify"} for path in paths],
    }


@pytest.mark.parametrize("paths", [(NETWORK, "tags"), ("properties.backupPolicy.continuousModeProperties.tier",), ()])
def test_one_kind_of_change_passes(paths: tuple[str, ...]):
    assert refusals(modified(*paths, before=[EAST], after=[region("japaneast", True)])) == []


def test_a_second_region_alone_passes():
    assert refusals(modified("properties.locations", before=[EAST], after=[EAST, WEST])) == []


def test_a_region_that_is_only_told_in_another_way_is_no_change_of_regions():
    assert refusals(modified("properties.locations", NETWORK, before=[EAST], after=[EAST])) == []


@pytest.mark.parametrize("other", [NETWORK, "properties.backupPolicy.type"])
def test_a_second_region_with_anything_else_is_refused(other: str):
    (reason,) = refusals(modified("properties.locations", other, before=[EAST], after=[EAST, WEST]))

    assert "one deployment for each" in reason


def test_another_tier_with_anything_else_is_refused():
    (reason,) = refusals(modified("properties.backupPolicy.type", NETWORK, before=[EAST], after=[EAST]))

    assert "backup and settings" in reason


def test_zones_of_a_region_that_is_there_are_refused():
    (reason,) = refusals(modified(before=[EAST], after=[region("japaneast", False)]))

    assert "japaneast stands in zones" in reason


def test_what_has_no_effect_and_what_is_no_account_is_let_through():
    change = modified("properties.locations", NETWORK, before=[EAST], after=[EAST, WEST])
    idle = {**change, "delta": [{"path": NETWORK, "propertyChangeType": "NoEffect"}]}

    assert refusals(idle) == []
    assert refusals({**change, "resourceId": f"{ACCOUNT}/sqlDatabases/madoguchi"}) == []
    assert refusals({**change, "changeType": "Create", "before": None}) == []


def test_it_shows_what_changes_and_ends_in_an_error_where_it_would_be_refused():
    change = modified("properties.locations", NETWORK, before=[EAST], after=[EAST, WEST])
    told = json.dumps({"changes": [change, {**change, "changeType": "NoChange"}]})

    run = subprocess.run([sys.executable, "infra/preview.py"], cwd=ROOT, input=told, capture_output=True, text=True)

    assert list(shown([change])) == run.stdout.splitlines()
    assert run.stdout == (
        f"~ Microsoft.DocumentDB/databaseAccounts/cosmos-madoguchi: properties.locations, {NETWORK}\n"
    )
    assert (run.returncode, run.stderr.count("refused")) == (1, 1)
