"""Who may reach the app and publish it, and what nobody may delete, as the files and the guide stand."""

import re
from pathlib import Path

from tests.infra import guarded, reading

ROOT = Path(__file__).parent.parent.parent
INFRA = reading.read_all(reading.texts())
GUIDE = (ROOT / "docs" / "operations" / "deploy.md").read_text(encoding="utf-8")


def test_only_front_door_and_named_addresses_reach_the_app_and_only_these_its_deployment_site():
    assert guarded.doors(INFRA) == []


def test_what_holds_data_cannot_be_deleted_by_mistake():
    assert guarded.unlocked(INFRA) == []


def test_a_trial_can_be_made_again_the_same_day_and_prod_keeps_its_vault():
    assert guarded.again_the_same_day(INFRA) == []


def test_no_alert_asks_for_a_table_before_there_is_one():
    assert guarded.alerts_before_their_tables(INFRA) == []


def test_the_versions_of_the_guide_are_those_that_the_workflows_use():
    table = GUIDE.partition("| Tool | Version |")[2].partition("\n\n")[0]
    used = (ROOT / "infra" / "compile.sh").read_text(encoding="utf-8")
    used += (ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8")

    for name, pattern in (("Bicep", r"--version v([\d.]+)"), ("Core Tools", r"core-tools@([\d.]+)")):
        (version,) = set(re.findall(pattern, used))
        assert re.search(rf"\| {name} \| {re.escape(version)}", table)


def test_the_forge_may_give_the_roles_of_the_files_to_applications_and_no_others():
    assert guarded.deployer(INFRA, GUIDE) == []


def test_a_rule_finds_a_forge_that_may_give_a_role_too_many_or_to_people():
    more = GUIDE.replace("ROLES=", "ROLES=00482a5a-887f-4fb3-b363-3b7fe8e74483,", 1)

    assert guarded.deployer(INFRA, more)
    assert guarded.deployer(INFRA, GUIDE.replace("{'ServicePrincipal'}", "{'User'}"))
