"""What surrounds the Bicep files: the workflows of the public forge, the registration in Entra ID, the package."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from functions.edge.access import AZURE_CLI, ROLES_OF_PEOPLE, SCOPE
from tests.infra import reading
from tests.infra.agreement import TEAMS

ROOT = Path(__file__).parent.parent.parent
WORKFLOWS = {path.stem: path for path in (ROOT / ".github" / "workflows").glob("*.yml")}
ENTRA = ROOT / "infra" / "entra"
KNOBS = "| Parameter of `infra/bicep` |"
NAME = re.compile(r"\w+")
PAGES = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "operations").glob("*.md")))
FUNCTIONS = (ROOT / "infra" / "operators.sh").read_text(encoding="utf-8")


def steps(name: str) -> list[dict[str, Any]]:
    """Return all steps of a workflow."""
    workflow = yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def commands(name: str) -> str:
    """Return all that a workflow runs."""
    return "\n".join(step.get("run", "") for step in steps(name))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_stores_no_secret_and_asks_for_few_permissions(name: str):
    text = WORKFLOWS[name].read_text(encoding="utf-8")

    assert "secrets." not in text
    assert set(yaml.safe_load(text)["permissions"]) <= {"contents", "id-token"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_and_tool_is_pinned_to_what_was_looked_up(name: str):
    actions = re.findall(r"uses: (.+)", WORKFLOWS[name].read_text(encoding="utf-8"))
    tools = re.findall(r"npm install --global (\S+)", commands(name))

    assert actions
    assert [action for action in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v[0-9.]+", action)] == []
    assert [tool for tool in tools if not re.fullmatch(r"[\w-]+@[0-9]+\.[0-9]+\.[0-9]+", tool)] == []


def test_ci_runs_what_a_desk_runs_and_compiles_bicep():
    assert "bash .ci/run" in commands("ci")
    assert "infra/compile.sh" in commands("ci")


def test_ci_audits_each_week_in_a_job_of_its_own_so_that_no_test_waits_for_a_database():
    workflow = yaml.safe_load(WORKFLOWS["ci"].read_text(encoding="utf-8"))
    run = {job: [step.get("run") for step in asked["steps"]] for job, asked in workflow["jobs"].items()}

    assert "make audit" in run["audit"]
    assert "make audit" not in run["test"]
    assert "audit" not in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert workflow[True]["schedule"]  # YAML 1.1 reads the key `on` as true


def test_every_night_runs_what_a_commit_does_not_wait_for():
    workflow = yaml.safe_load(WORKFLOWS["nightly"].read_text(encoding="utf-8"))

    assert "make test-deep" in commands("nightly").splitlines()
    assert workflow[True]["schedule"]  # YAML 1.1 reads the key `on` as true
    assert "test-deep" not in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_a_deployment_is_compiled_previewed_built_opened_published_closed_and_asked_in_this_order():
    order = ["compile.sh", "group what-if", "make --silent package", "group create", "infra/publish.sh", "/api/ready"]

    places = [commands("deploy").find(words) for words in order]

    assert places == sorted(places)
    assert -1 not in places
    assert commands("deploy").find("publish.sh") < commands("deploy").rfind("group create") < places[-1]


def test_a_preview_changes_nothing():
    changing = ("group create", "publish.sh", "make --silent package")

    guarded = [s.get("if", "") for s in steps("deploy") if any(word in s.get("run", "") for word in changing)]

    assert len(guarded) == 4
    assert [condition for condition in guarded if "!inputs.preview" not in condition] == []


def test_what_is_opened_to_publish_is_closed_whatever_happened():
    opening, closing = [step for step in steps("deploy") if "group create" in step.get("run", "")]

    assert "export PUBLISHING_ADDRESSES=$(curl" in opening["run"]
    assert "PUBLISHING_ADDRESSES" not in closing["run"]
    assert "always()" in closing["if"]
    assert (
        yaml.safe_load(WORKFLOWS["deploy"].read_text(encoding="utf-8"))["jobs"]["deploy"]["env"]["PUBLISHING_ADDRESSES"]
        == ""
    )


def test_prod_is_deployed_from_the_newest_commit_alone_since_an_older_one_may_name_a_database_that_was_replaced():
    (guard,) = [step for step in steps("deploy") if "ls-remote" in step.get("run", "")]
    before = steps("deploy").index(guard)

    assert '= "$GITHUB_SHA"' in guard["run"]
    assert guard["env"] == {"MAIN": "${{ github.event.repository.default_branch }}"}
    assert guard["if"] == "${{ !inputs.preview && inputs.stage == 'prod' }}"
    assert not any("az " in step.get("run", "") for step in steps("deploy")[:before])


def test_the_forge_never_makes_data_anew():
    assert "NEW_ACCOUNT" not in WORKFLOWS["deploy"].read_text(encoding="utf-8")


def test_a_deployment_signs_in_without_a_password():
    (login,) = [step for step in steps("deploy") if step.get("uses", "").startswith("azure/login@")]

    assert set(login["with"]) == {"client-id", "tenant-id", "subscription-id"}


def test_the_workflow_gives_what_the_parameter_files_read():
    read = set(re.findall(r"readEnvironmentVariable\('(\w+)'", "\n".join(reading.texts().values())))
    deploy = yaml.safe_load(WORKFLOWS["deploy"].read_text(encoding="utf-8"))["jobs"]["deploy"]

    assert read <= set(deploy["env"])


def test_the_registration_has_the_roles_of_the_code_and_of_the_shipped_teams(functions: list[dict]):
    roles = json.loads((ENTRA / "app-roles.json").read_text(encoding="utf-8"))
    fixed = {"Operator", "Supervisor", "Editor"}
    asked = {word for f in functions for word in re.findall(r"\b[A-Z]\w+(?:\.\w+)?", f["access"] or "")}

    assert {role["value"] for role in roles} == fixed | {f"Team.{team}" for team in TEAMS}
    assert fixed <= asked
    assert len({role["id"] for role in roles}) == len(roles)


def test_the_registration_asks_for_the_tokens_that_the_app_checks():
    registration = json.loads((ENTRA / "api.json").read_text(encoding="utf-8"))
    (scope,) = registration["api"]["oauth2PermissionScopes"]

    assert registration["api"]["requestedAccessTokenVersion"] == 2
    assert (scope["value"], scope["type"]) == (SCOPE, "Admin")
    assert registration["optionalClaims"] == {"accessToken": [{"name": "idtyp"}], "idToken": [{"name": "login_hint"}]}


def test_az_alone_needs_no_consent():
    scopes = json.loads((ENTRA / "api.json").read_text(encoding="utf-8"))["api"]["oauth2PermissionScopes"]
    (client,) = json.loads((ENTRA / "azure-cli.json").read_text(encoding="utf-8"))["api"]["preAuthorizedApplications"]

    assert client == {"appId": AZURE_CLI, "delegatedPermissionIds": [scopes[0]["id"]]}


def test_the_roles_that_count_for_no_application_are_those_that_it_cannot_be_given():
    roles = json.loads((ENTRA / "app-roles.json").read_text(encoding="utf-8"))

    assert {role["value"] for role in roles if "Application" not in role["allowedMemberTypes"]} == ROLES_OF_PEOPLE


def test_the_way_to_the_first_receipt_names_files_outputs_and_secrets_that_are_there():
    asked = set(re.findall(r"\$\(output (\w+)\)", PAGES + FUNCTIONS))
    put = set(re.findall(r"\| put(?:_once)? ([\w-]+)", PAGES))
    infra = reading.read_all(reading.texts())

    assert asked
    assert asked <= set(infra["main.bicep"].of("output"))
    assert put == {"reference-secret", "access-secrets"}
    assert all(f"SecretName={secret})" in infra["modules/function-app.bicep"].text for secret in put)
    assert all((ROOT / path).exists() for path in re.findall(r"(?<!/)\binfra/[\w./-]+\w", PAGES))


def test_commands_and_parameters_of_the_pages_are_those_of_the_code_and_the_files():
    commands_there_are = re.findall(r'add_parser\(\s*"(\w+)"', (ROOT / "madoguchi.py").read_text(encoding="utf-8"))
    knobs = re.findall(r"^\| (`.*?`) \|", PAGES.partition(KNOBS)[2].partition("\n\n")[0], re.MULTILINE)
    given = " ".join(re.findall(r"--parameters ((?:\w+=\S*\s)+)", PAGES))
    named = {
        *NAME.findall(" ".join(knobs)),
        *re.findall(r"(?:^| )(\w+)=", given),
        *re.findall(r"`param (\w+) =", PAGES),
    }
    parameters = reading.read_all(reading.texts())["main.bicep"].of("parameter")

    assert {"requestsThroughput", "backupTier", "secondaryLocation", "cosmosAccount", "cosmosZoneRedundant"} <= named
    assert named <= set(parameters)
    assert set(re.findall(r"python -m madoguchi (\w+)", PAGES)) <= set(commands_there_are)


def test_azd_finds_the_parameters_the_app_and_its_name():
    azd = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
    (app,) = azd["services"].values()
    infra = reading.read_all(reading.texts())

    assert (ROOT / azd["infra"]["path"] / f"{azd['infra']['module']}.bicepparam").exists()
    assert (ROOT / app["project"] / "host.json").exists()
    assert app["host"] == "function"
    assert NAME.findall(app["resourceName"])[0] in infra["main.bicep"].of("output")


def test_the_package_holds_the_app_and_nothing_else():
    ignored = (ROOT / ".funcignore").read_text(encoding="utf-8").split()
    left = {p.name for p in ROOT.iterdir() if not any(fnmatch(p.name, pattern) for pattern in ignored)}

    assert left >= {"function_app.py", "functions", "services", "stores", "settings.py", "wiring", "host.json"}
    assert left >= {"catalog", "web", "requirements.txt"}
    assert left & {"infra", "docs", "tests", "local", "audit", "bench", "soak", "examples", "package"} == set()
    assert left & {".audit", ".azure", ".github", ".ci", ".git", "azure.yaml"} == set()
