"""What infra/preview.py refuses of the answers of `az deployment group what-if`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.preview import emptied, refusals, shown
from tests.infra import reading
from tests.infra.reckoning import Names, worked_out

ROOT = Path(__file__).parent.parent.parent
ACCOUNT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-madoguchi"
NETWORK = "properties.publicNetworkAccess"
GROUP = ACCOUNT.partition("/providers/")[0]
USUAL = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-madoguchi-prod-abcdefghijklm"
COPY = f"{GROUP}/providers/Microsoft.DocumentDB/databaseAccounts/cosmos-madoguchi-1128-0a1b2c3d"
APP = f"{GROUP}/providers/Microsoft.Web/sites/func-madoguchi-prod-abcdefghijklm"
COSMOS = reading.read_all(reading.texts())["modules/cosmos.bicep"]


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


def account(**given: Any) -> dict[str, Any]:
    """Return the properties of the account as modules/cosmos.bicep gives them."""
    usual = {"location": "japaneast", "secondaryLocation": "", "zoneRedundant": True, "serverless": False}
    usual |= {"backupTier": "Continuous30Days", "privateNetwork": True, "allowedAddresses": []}
    variables = {name: d.value for name, d in COSMOS.of("variable").items()}
    return worked_out(COSMOS.of("resource")["account"].body["properties"], Names({**usual, **given}, variables))


def told_by_what_if(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the change of an account from one state of its properties to another."""
    paths = [f"properties.{name}" for name in after if before[name] != after[name]]
    return modified(*paths, before=before["locations"], after=after["locations"])


@pytest.mark.parametrize("regions", [("", "japanwest"), ("japanwest", "")])
def test_a_second_region_comes_and_goes_by_its_parameter_alone(regions: tuple[str, str]):
    before, after = (account(secondaryLocation=region) for region in regions)

    assert [name for name in after if before[name] != after[name]] == ["locations"]
    assert refusals(told_by_what_if(before, after)) == []


@pytest.mark.parametrize(("name", "value"), [("backupTier", "Continuous7Days"), ("privateNetwork", False)])
def test_each_other_row_of_the_page_passes_by_its_parameter_alone_and_not_with_a_region(name: str, value: object):
    before = account()

    assert refusals(told_by_what_if(before, account(**{name: value}))) == []
    assert refusals(told_by_what_if(before, account(**{name: value, "secondaryLocation": "japanwest"})))


def test_an_account_by_the_request_fails_over_to_nothing():
    assert account(serverless=True)["enableAutomaticFailover"] is False


def created(*ids: str, beside: str = "NoChange") -> list[dict[str, Any]]:
    """Return what `what-if` tells where these are made, with the app in a state of its own."""
    return [{"resourceId": id_, "changeType": "Create"} for id_ in ids] + [{"resourceId": APP, "changeType": beside}]


@pytest.mark.parametrize("beside", ["NoChange", "Modify", "Ignore", "Deploy"])
@pytest.mark.parametrize("inner", ["", "/sqlDatabases/madoguchi", "/sqlDatabases/madoguchi/containers/requests"])
def test_data_that_is_gone_is_not_made_anew_under_an_app_that_is_there(inner: str, beside: str):
    (reason,) = emptied(created(USUAL + inner, beside=beside))

    assert reason.startswith(f"{(USUAL + inner).rpartition('/')[2]} would be made anew, empty")
    assert "NEW_ACCOUNT=true" in reason


def test_what_is_gone_with_all_that_it_holds_is_told_once():
    ids = [f"{USUAL}/sqlDatabases/madoguchi", USUAL, f"{USUAL}/sqlDatabases/madoguchi/containers/requests"]

    assert len(emptied(created(*ids))) == 1


def test_a_restored_account_whose_name_is_not_there_is_not_made_even_where_there_is_no_app():
    assert emptied(created(COPY, beside="Create"))


def test_the_first_deployment_a_new_container_and_a_role_on_a_copy_pass():
    container, role = f"{USUAL}/sqlDatabases/madoguchi/containers/claims", f"{COPY}/sqlRoleAssignments/r"

    assert emptied(created(USUAL, f"{USUAL}/sqlDatabases/madoguchi", beside="Create")) == []
    assert emptied(created(container, role)) == []


@pytest.mark.parametrize(("meant", "code"), [("", 1), ("yes", 1), ("true", 0)])
def test_a_new_account_is_made_where_it_is_asked_for(meant: str, code: int):
    told = json.dumps({"changes": created(USUAL)})
    given = {**os.environ, "NEW_ACCOUNT": meant}

    run = subprocess.run(
        [sys.executable, "infra/preview.py"], cwd=ROOT, input=told, capture_output=True, text=True, env=given
    )

    assert (run.returncode, run.stderr.count("made anew")) == (code, code)


def test_the_name_that_the_files_give_is_told_from_that_of_a_copy():
    main = (reading.FOLDER / "main.bicep").read_text(encoding="utf-8")

    assert "empty(cosmosAccount) ? 'cosmos-madoguchi-${stage}-${unique}' : cosmosAccount" in main
    assert "var unique = uniqueString(" in main  # 13 letters and digits


def test_it_shows_what_changes_and_ends_in_an_error_where_it_would_be_refused():
    change = modified("properties.locations", NETWORK, before=[EAST], after=[EAST, WEST])
    told = json.dumps({"changes": [change, {**change, "changeType": "NoChange"}]})

    run = subprocess.run([sys.executable, "infra/preview.py"], cwd=ROOT, input=told, capture_output=True, text=True)

    assert list(shown([change])) == run.stdout.splitlines()
    assert run.stdout == (
        f"~ Microsoft.DocumentDB/databaseAccounts/cosmos-madoguchi: properties.locations, {NETWORK}\n"
    )
    assert (run.returncode, run.stderr.count("refused")) == (1, 1)
