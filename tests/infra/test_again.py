"""What a second deployment of the same files changes: nothing, as far as the files can show it."""

from pathlib import Path

from tests.infra import again, reading

ROOT = Path(__file__).parent.parent.parent
INFRA = reading.read_all(reading.texts())
PAGES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "operations").glob("*.md")))
PAGES += f"\n```sh\n{(ROOT / 'infra' / 'operators.sh').read_text(encoding='utf-8')}```\n"
NOT_IN_THE_FILES = {
    *("login", "logout", "bicep install", "extension add"),
    "provider register",
    "group create",
    "rest",
    "ad app owner add",
    *("ad app create", "ad app update", "ad app federated-credential create", "ad sp create"),
    *("keyvault secret set", "keyvault secret backup", "keyvault secret restore"),
    *("group delete", "keyvault purge", "functionapp delete"),
    *("role assignment create", "lock delete", "network private-endpoint delete"),
    *("functionapp restart", "functionapp start", "functionapp stop"),
    *("cosmosdb restore", "cosmosdb delete", "cosmosdb sql retrieve-latest-backup-time"),
    *("cosmosdb sql database restore", "cosmosdb sql container restore", "cosmosdb sql role assignment create"),
    "deployment group create",
}
"""What the pages make or change that no file of infra/bicep says: the tenant, people's roles, secrets, what runs."""
UNTIL_THE_NEXT_DEPLOYMENT = {
    *("cosmosdb sql container throughput update", "cosmosdb sql database throughput update"),
    *("cosmosdb sql container throughput migrate", "cosmosdb sql database throughput migrate"),
    *("cosmosdb update", "cosmosdb failover-priority-change"),
}
"""What an operator may change at night or in a drill although the files say it; the pages say what to do about it."""


def test_no_resource_is_half_in_the_files_and_half_elsewhere():
    assert again.half_ours(INFRA) == []


def test_the_own_name_stands_on_the_route_and_under_the_firewall():
    assert again.domains(INFRA) == []


def test_what_the_files_refer_to_is_made_by_them():
    assert again.strangers(INFRA) == []


def test_no_page_changes_by_hand_what_the_files_say():
    assert again.made_by_a_command(PAGES) == NOT_IN_THE_FILES | UNTIL_THE_NEXT_DEPLOYMENT


def test_commands_that_change_something_are_found_in_blocks_and_in_sentences():
    prose, block = (
        "Text `az functionapp config set --x`.",
        "az webapp up\nX=$(az a b show --y) && az c d create \\\n  -z",
    )

    found = again.made_by_a_command(f"{prose}\n```sh\n{block}\n```\n")

    assert found == {"functionapp config set", "webapp up", "c d create"}
