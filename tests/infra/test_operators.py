"""infra/operators.sh, with `az` replaced by a script that writes down how it was called and answers from a table."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra import reading

ROOT = Path(__file__).parent.parent.parent
AZ = r"""#!/bin/sh
echo "az $*" >> "$LOG"
case "$*" in
  *what-if*) echo "$CHANGES";;
  *outputs.functionAppName*) echo "$IN_GROUP";;
  *outputs.cosmosName*) echo "$LIVE";;
  *outputs.address*) echo "https://$IN_GROUP.example.jp";;
  *outputs.*) echo "some-name";;
  *"container list"*) printf 'requests\ncatalog\nclaims\n';;
  *backup-time*requests*) echo "10/26/2021 5:27:45 PM UTC";;
  *backup-time*catalog*) echo "10/26/2021 11:02:03 AM UTC";;
  *backup-time*claims*) [ -z "$CLOSED" ] || exit 1; echo "10/27/2021 1:00:00 AM UTC";;
  *"secret list"*) [ -z "$CLOSED" ] || exit 1; echo "$THERE";;
  *"secret set"*) cat > "$LOG.secret";;
  *"user show"*) echo person;;
  *appRoles*) case "$*" in *Nothing*) ;; *) echo role;; esac;;
  *"sp show"*) echo service;;
esac
"""
FUNCTIONS = re.findall(r"^(\w+)\(\)", (ROOT / "infra" / "operators.sh").read_text(encoding="utf-8"), re.MULTILINE)
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "operations").glob("*.md")}
VALUES = PAGES["README.md"].partition("## Before the day")[2].partition("```sh\n")[2].partition("```")[0]
IN_ORDER = '{"changes": []}'
REFUSED = """{"changes": [{"changeType": "Create",
  "resourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/a-copy"}]}"""


def typed(tmp_path: Path, command: str, **given: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Type a command after the functions were sourced; return how it ended, and the calls of `az` since then."""
    log = tmp_path / "log"
    (tmp_path / "az").write_text(AZ)
    (tmp_path / "az").chmod(0o755)
    (tmp_path / "python").unlink(missing_ok=True)
    (tmp_path / "python").symlink_to(sys.executable)
    usual = {"GROUP": "rg-x", "PARAMETERS": "x.bicepparam", "TOKEN_AUDIENCE": "audience", "OBJECT": "object"}
    usual |= {"LOG": str(log), "IN_GROUP": "func-x", "CHANGES": IN_ORDER, "LIVE": "", "THERE": "", "CLOSED": ""}
    path = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    script = f'. infra/operators.sh 2>/dev/null; : > "$LOG"; {command}'
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=os.environ | usual | given | path, capture_output=True, text=True
    )
    return done, log.read_text().splitlines()


def test_what_preview_does_not_refuse_is_deployed_with_what_was_given(tmp_path: Path):
    done, calls = typed(tmp_path, "deploy --parameters cosmosAccount=a-copy; echo $BASE")

    assert done.stdout == "https://func-x.example.jp\n"
    assert [call for call in calls if "group create" in call] == [
        "az deployment group create --name madoguchi --resource-group rg-x --parameters x.bicepparam"
        " --parameters cosmosAccount=a-copy --output none"
    ]


def test_what_preview_refuses_is_not_deployed(tmp_path: Path):
    done, calls = typed(tmp_path, "deploy", CHANGES=REFUSED)

    assert done.returncode == 1
    assert not any("group create" in call for call in calls)


@pytest.mark.parametrize("answer", ["", "no JSON"])
def test_where_azure_told_nothing_nothing_is_deployed(tmp_path: Path, answer: str):
    done, calls = typed(tmp_path, "deploy", CHANGES=answer)

    assert done.returncode == 1
    assert not any("group create" in call for call in calls)


def test_the_names_of_one_group_are_forgotten_in_another(tmp_path: Path):
    done, _ = typed(tmp_path, "IN_GROUP=; export IN_GROUP; GROUP=rg-west; names; echo [$APP$VAULT$BASE$WORKSPACE]")

    assert done.stdout == "[]\n"
    assert "rg-west: nothing is deployed" in done.stderr


@pytest.mark.parametrize(("live", "name"), [("cosmos-new", "cosmos-new"), ("", "cosmos-old"), ("cosmos-new", "")])
def test_the_account_that_the_counter_works_on_is_not_deleted(tmp_path: Path, live: str, name: str):
    done, calls = typed(tmp_path, f"delete_account {name}", LIVE=live)

    assert done.returncode == 1
    assert "not deleted" in done.stderr
    assert not any(" delete " in call for call in calls)


def test_another_account_is_deleted_with_its_lock_and_its_endpoint(tmp_path: Path):
    done, calls = typed(tmp_path, "delete_account cosmos-old", LIVE="cosmos-new")

    assert done.returncode == 0
    assert [call.split(" --")[0] for call in calls[1:]] == [
        "az lock delete",
        "az network private-endpoint delete",
        "az cosmosdb delete",
    ]
    assert all("cosmos-old" in call for call in calls[1:])


def test_a_whole_account_can_be_restored_up_to_the_earliest_of_its_containers(tmp_path: Path):
    done, _ = typed(tmp_path, "latest_backup cosmos-x japanwest rg-y")

    assert (done.stdout, done.stderr) == ("2021-10-26T11:02:03Z\n", "")


def test_a_container_that_does_not_say_how_far_it_can_be_restored_is_told(tmp_path: Path):
    done, _ = typed(tmp_path, "latest_backup cosmos-x japanwest rg-y", CLOSED="yes")

    assert "claims does not answer" in done.stderr


def test_a_secret_is_made_once(tmp_path: Path):
    first, _ = typed(tmp_path, "printf %s new | put_once reference-secret")
    kept = (tmp_path / "log.secret").read_text()
    _, again = typed(tmp_path, "printf %s other | put_once reference-secret", THERE="reference-secret")

    assert (first.returncode, kept) == (0, "new")
    assert not any("secret set" in call for call in again)


def test_a_vault_that_does_not_answer_gets_no_secret(tmp_path: Path):
    done, calls = typed(tmp_path, "printf %s new | put_once reference-secret", CLOSED="yes")

    assert done.returncode == 1
    assert not any("secret set" in call for call in calls)


def test_a_person_is_given_each_role_that_there_is(tmp_path: Path):
    done, calls = typed(tmp_path, "grant hanako@example.lg.jp Operator Team.supplies Nothing")

    given = [call for call in calls if "appRoleAssignedTo" in call]
    assert len(given) == 2
    assert '{"principalId": "person", "resourceId": "service", "appRoleId": "role"}' in given[0]
    assert (done.returncode, done.stderr) == (1, "there is no role Nothing\n")


def test_staff_come_back_to_every_address_that_is_named(tmp_path: Path):
    _, (call,) = typed(tmp_path, "redirects https://a.example.jp https://b.example.jp")

    assert call.endswith('{"spa": {"redirectUris": ["https://a.example.jp/staff", "https://b.example.jp/staff"]}}')


@pytest.mark.parametrize(("before", "span"), [("", "PT1H"), ("SPAN=P2D ", "P2D")])
def test_the_logs_are_asked_as_far_back_as_is_said(tmp_path: Path, before: str, span: str):
    _, (call,) = typed(tmp_path, f"{before}logs AppTraces")

    assert f"--timespan {span} " in call


def test_the_file_of_values_has_what_functions_and_parameter_files_read():
    read = set(re.findall(r"readEnvironmentVariable\('(\w+)'", "\n".join(reading.texts().values())))

    assert read | {"GROUP", "PARAMETERS", "OBJECT"} == set(re.findall(r"\b([A-Z_]+)=", VALUES))
    assert VALUES.splitlines()[-1].startswith(". infra/operators.sh")


def test_the_pages_name_every_function_and_where_the_map_of_them_is():
    table = PAGES["README.md"].partition("| Functions | For |")[2].partition("\n\n")[0]

    assert len(FUNCTIONS) > 10
    assert set(FUNCTIONS) == set(re.findall(r"`(\w+)(?: [A-Z. ]+)?`(?=[,| ])", table)) - {"APP", "VAULT", "BASE"}


def test_no_page_sets_by_hand_what_the_file_of_values_would_undo():
    exported = [line for text in PAGES.values() for line in re.findall(r"^ *export (.*)$", text, re.MULTILINE)]
    kept = set(VALUES.splitlines())

    assert {line for line in exported if f"export {line}" not in kept} == {
        "TOKEN_AUDIENCE=$(az ad app create --display-name madoguchi-$STAGE --sign-in-audience AzureADMyOrg \\",
        "OBJECT=$(az ad app show --id $TOKEN_AUDIENCE --query id --output tsv)",
    }


def test_the_old_account_is_never_asked_of_the_deployment_and_deleted_by_the_function_alone():
    text = PAGES["restore.md"]

    assert "SOURCE=$(output" not in text
    assert text.count("SOURCE=cosmos-madoguchi-...") == 2
    assert not any("cosmosdb delete" in page for page in PAGES.values())


def test_the_containers_that_a_restore_brings_back_are_those_of_the_files():
    containers = reading.read_all(reading.texts())["modules/cosmos.bicep"].var("containers")
    row = next(line for line in PAGES["restore.md"].splitlines() if "in Cosmos DB | continuous backup" in line)

    assert set(re.findall(r"`(\w+)`", row.partition(" in Cosmos DB")[0])) == {one["name"] for one in containers}


def test_a_restore_that_is_begun_twice_goes_on_with_the_names_of_the_first(tmp_path: Path):
    keeps = re.findall(r"^(\(set -C; .*)$", PAGES["restore.md"], re.MULTILINE)
    names = "SOURCE=cosmos-old TARGET=cosmos-a T=1", "SOURCE=cosmos-a TARGET=cosmos-b T=2"
    (tmp_path / "checkout").mkdir()

    for given in names:
        script = f"cd {tmp_path}/checkout; {given}; {keeps[0]}"
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)

    assert len(keeps) == 2
    assert done.stdout == "cosmos-old cosmos-a 1\n"
    assert "cannot overwrite" in done.stderr
