"""infra/bicep as it stands in the repository; test_rules.py shows that these rules find what they are for."""

import json
from pathlib import Path

import pytest

from settings import Settings
from stores.blobs import CONTAINER
from tests.infra import agreement, reading, rules
from tests.infra.reading import Expression

ROOT = Path(__file__).parent.parent.parent
INFRA = reading.read_all(reading.texts())


def test_every_file_parses():
    assert len(INFRA) >= 12
    assert rules.syntax_errors(INFRA) == []


def test_every_parameter_and_output_says_what_it_is():
    assert rules.without_description(INFRA) == []


def test_every_name_is_declared():
    assert rules.unknown_names(INFRA) == []


def test_a_type_of_resource_has_one_version_everywhere():
    assert rules.versions(INFRA) == []


def test_no_parameter_or_variable_is_unused():
    assert rules.unused_names(INFRA) == []


def test_every_module_gets_what_it_takes_and_gives_what_is_asked():
    assert rules.module_calls(INFRA) == []


@pytest.mark.parametrize(("type_", "path", "wanted"), rules.FLAGS, ids=[f"{t}:{p}" for t, p, _ in rules.FLAGS])
def test_every_resource_has_its_secure_flag(type_: str, path: str, wanted: object):
    assert rules.flag(INFRA, type_, path, wanted) == []


def test_the_site_carries_nothing_that_flex_consumption_refuses():
    assert rules.refused_by_flex(INFRA) == []


def test_neither_ftp_nor_the_deployment_site_takes_a_password():
    assert {d.body["name"] for d in rules.made(INFRA, rules.CREDENTIALS)} == {"ftp", "scm"}


def test_no_key_no_connection_string_no_secret_and_nothing_that_changes_by_itself():
    assert rules.secrets(INFRA) == []


def test_outputs_are_names_ids_and_hosts():
    assert rules.outputs_of_secrets(INFRA) == []


def test_the_identity_has_the_roles_it_needs_and_no_others():
    assert rules.roles(INFRA) == []


def test_every_role_assignment_has_a_derived_name_and_the_kind_of_its_principal():
    assert rules.assignments(INFRA) == []


def test_the_containers_are_those_of_the_code():
    assert agreement.containers(INFRA) == []


def test_containers_are_made_as_they_are_described():
    assert agreement.container_policy(INFRA) == []


def test_the_queues_are_those_of_the_code_and_of_the_shipped_catalog():
    assert agreement.queues(INFRA) == []


def test_every_triggered_queue_has_its_poison_queue():
    assert agreement.poison_queues(INFRA) == []


def test_the_two_accounts_hold_what_their_readers_expect():
    modules = INFRA["main.bicep"].of("module")

    assert modules["appStorage"].value["params"]["containers"] == [CONTAINER]
    assert modules["hostStorage"].value["params"]["containers"] == [
        modules["functionApp"].value["params"]["deploymentContainer"]
    ]


def test_the_settings_are_those_of_the_sample_with_addresses_for_connection_strings():
    assert agreement.setting_names(INFRA) == []


def test_the_app_starts_with_the_settings_of_bicep():
    values = {name: value if isinstance(value, str) else "x" for name, value in agreement.settings(INFRA).items()}

    secret = "0123456789abcdef" * 4
    secrets = {"REFERENCE_SECRET": secret, "ACCESS_SECRETS": f"1:{secret}"}
    settings = Settings.from_env(values | secrets | {"CALLS_PER_MINUTE": "1200"})

    assert settings.cosmos.connection_string is None
    assert settings.storage.queue_service_uri
    assert settings.storage.client_id


def test_every_trace_is_kept_unless_a_parameter_says_otherwise():
    assert agreement.traces_kept(INFRA) == []


def test_the_host_takes_little_more_than_the_largest_body_of_the_app():
    assert agreement.body_limit(INFRA) == []


def test_clients_are_told_apart_by_a_header_that_they_cannot_write():
    assert agreement.address_header(INFRA) == []


def test_the_app_learns_every_region_of_cosmos_db():
    assert agreement.cosmos_regions(INFRA) == []


@pytest.mark.parametrize("name", ["REFERENCE_SECRET", "ACCESS_SECRETS"])
def test_the_receipt_secrets_are_references_to_the_vault(name: str):
    secret = name.lower().replace("_", "-")

    assert agreement.settings(INFRA)[name] == Expression(
        f"'@Microsoft.KeyVault(VaultName=${{vault.name}};SecretName={secret})'"
    )


def test_the_groups_that_stand_ready_are_functions_of_the_app(functions: list[dict]):
    queue_workers = {f["name"] for f in functions if f["trigger"]["type"] == "queueTrigger"}

    groups = agreement.always_ready(INFRA)

    assert groups[0] == "http"
    assert {group.removeprefix("function:") for group in groups[1:]} <= queue_workers


def test_every_parameter_file_uses_main_and_sets_what_it_takes():
    assert rules.parameter_files(INFRA) == []


def test_prod_has_a_private_network_zones_two_regions_and_instances_that_stand_ready():
    assert rules.prod(INFRA) == []


def test_every_store_that_the_app_reaches_has_a_private_endpoint():
    assert agreement.private_endpoints(INFRA) == []


def test_the_web_test_asks_whether_the_counter_is_ready_once_something_is_published(functions: list[dict]):
    assert agreement.web_test(INFRA) == []
    assert "api/ready" in {f["trigger"].get("route") for f in functions}


def test_data_stays_in_japan():
    parameters = INFRA["main.bicep"].of("parameter")

    assert parameters["location"].decorators["allowed"] == [["japaneast", "japanwest"]]
    assert parameters["secondaryLocation"].decorators["allowed"] == [["", "japaneast", "japanwest"]]


def test_the_alert_on_failures_asks_for_the_line_that_the_app_logs():
    alerts = {alert["name"]: alert["query"] for alert in INFRA["modules/alerts.bicep"].var("logAlerts")}
    source = (ROOT / "services" / "failures" / "service.py").read_text(encoding="utf-8")

    assert 'log.error("failure %s in %s: %s"' in source
    assert 'SeverityLevel == 3 and Message startswith "failure "' in alerts["failures"]


def test_every_rule_of_the_linter_is_on():
    config = json.loads((reading.FOLDER / "bicepconfig.json").read_text(encoding="utf-8"))["analyzers"]["core"]

    assert config["enabled"] is True
    assert {rule["level"] for rule in config["rules"].values()} == {"error"}


def test_a_rule_is_switched_off_only_where_its_reason_stands():
    lines = [line for path, source in INFRA.items() if path.endswith(".bicep") for line in source.text.splitlines()]
    off = [number for number, line in enumerate(lines) if line.startswith("#disable")]

    assert {lines[number] for number in off} == {"#disable-next-line use-recent-api-versions"}
    assert all(lines[number - 1].startswith("// ") and "diagnosticSettings@" in lines[number + 1] for number in off)
    assert not any("diagnosticSettings@" in line and "#disable" not in lines[n - 1] for n, line in enumerate(lines))


def test_lines_break_where_bicep_format_breaks_them():
    assert rules.unformatted(INFRA) == []
