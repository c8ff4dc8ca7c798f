"""Who may reach the app and publish it, and what nobody may delete, as the files and the guide stand."""

from pathlib import Path

from tests.infra import guarded, reading

INFRA = reading.read_all(reading.texts())
GUIDE = (Path(__file__).parent.parent.parent / "docs" / "operations" / "deploy.md").read_text(encoding="utf-8")


def test_only_front_door_and_named_addresses_reach_the_app_and_only_these_its_deployment_site():
    assert guarded.doors(INFRA) == []


def test_what_holds_data_cannot_be_deleted_by_mistake():
    assert guarded.unlocked(INFRA) == []


def test_the_forge_may_give_the_roles_of_the_files_to_applications_and_no_others():
    assert guarded.deployer(INFRA, GUIDE) == []


def test_a_rule_finds_a_forge_that_may_give_a_role_too_many_or_to_people():
    more = GUIDE.replace("ROLES=", "ROLES=00482a5a-887f-4fb3-b363-3b7fe8e74483,", 1)

    assert guarded.deployer(INFRA, more)
    assert guarded.deployer(INFRA, GUIDE.replace("{'ServicePrincipal'}", "{'User'}"))
