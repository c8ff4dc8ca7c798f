import json

import pytest

from audit.advisories import Audit, exit_code, lines, read_npm_audit, read_pip_audit, unasked
from audit.locks import Package

LOCK = "jinja2==2.11.2 \\\n    --hash=sha256:aa\nPyYAML==6.0.3 \\\n    --hash=sha256:bb\n    # via -r requirements.in\n"
CLEAN = [{"name": "jinja2", "version": "2.11.2", "vulns": []}, {"name": "pyyaml", "version": "6.0.3", "vulns": []}]
WEAK = [{"id": "PYSEC-2021-66", "fix_versions": ["2.11.3"], "aliases": ["CVE-2020-28493"]}]
NPM_LOCK = json.dumps(
    {
        "packages": {
            "": {"dependencies": {"azurite": "3.35.0"}},
            "node_modules/azurite": {"version": "3.35.0"},
            "node_modules/axios": {"version": "0.27.2"},
            "node_modules/@azure/ms-rest-js/node_modules/axios": {"version": "0.21.4"},
            "node_modules/tedious": {"resolved": "stub", "link": True},
        }
    }
)


def pip_audit(dependencies: list[dict], said: str = "") -> Audit:
    return read_pip_audit("requirements.txt", LOCK, json.dumps({"dependencies": dependencies, "fixes": []}), said)


def npm_audit(answer: object) -> Audit:
    return read_npm_audit("local/emulators", NPM_LOCK, json.dumps(answer))


def test_all_packages_audited_without_a_finding_is_green():
    audit = pip_audit(CLEAN)

    assert audit.is_green
    assert list(lines(audit)) == ["requirements.txt: 2 of 2 packages audited"]


def test_an_unreachable_database_is_not_green():
    audit = read_pip_audit("requirements.txt", LOCK, "", "ERROR: Could not connect")

    assert not audit.is_green
    assert list(lines(audit)) == [
        "requirements.txt: 0 of 2 packages audited: the database cannot be reached (ERROR: Could not connect)"
    ]


def test_packages_that_pip_audit_skipped_are_not_audited_though_it_ends_well():
    skipped = [{"name": name, "skip_reason": "Dependency not found on PyPI"} for name in ("jinja2", "pyyaml")]

    audit = pip_audit(skipped)

    assert not audit.is_green
    assert list(lines(audit)) == ["requirements.txt: 0 of 2 packages audited: the database cannot be reached"]


def test_one_package_that_was_not_audited_is_named_and_is_not_green():
    audit = pip_audit([CLEAN[0], {"name": "pyyaml", "skip_reason": "Dependency not found on PyPI"}])

    assert not audit.is_green
    assert list(lines(audit)) == [
        "requirements.txt: 1 of 2 packages audited: not in the database",
        "  not audited: pyyaml",
    ]


def test_a_finding_names_the_version_that_mends_it():
    audit = pip_audit([{**CLEAN[0], "vulns": WEAK}, CLEAN[1]])

    assert not audit.is_green
    assert list(lines(audit))[1:] == ["  jinja2 2.11.2: PYSEC-2021-66, mended by 2.11.3"]


def test_a_finding_that_no_version_mends_says_so():
    audit = pip_audit([{**CLEAN[0], "vulns": [{**WEAK[0], "fix_versions": []}]}, CLEAN[1]])

    assert list(lines(audit))[1:] == ["  jinja2 2.11.2: PYSEC-2021-66, mended by no version yet"]


def test_an_empty_lock_file_is_not_green():
    assert not read_pip_audit("requirements.txt", "", '{"dependencies": []}').is_green


def test_a_report_of_npm_covers_every_package_that_is_fetched():
    audit = npm_audit({"auditReportVersion": 2, "vulnerabilities": {}})

    assert audit.is_green
    assert list(lines(audit)) == ["local/emulators: 3 of 3 packages audited"]


def test_a_finding_of_npm_names_every_version_that_is_there_once_and_what_mends_it():
    cause = {"url": "https://github.com/advisories/GHSA-aaaa-bbbb-cccc", "range": "<0.30.0"}
    nodes = ["node_modules/@azure/ms-rest-js/node_modules/axios", "node_modules/axios"]
    weak = {"axios": {"via": [cause], "nodes": nodes}, "azurite": {"via": ["axios"], "nodes": ["node_modules/azurite"]}}

    audit = npm_audit({"auditReportVersion": 2, "vulnerabilities": weak})

    assert not audit.is_green
    assert list(lines(audit))[1:] == [
        "  axios 0.21.4: GHSA-aaaa-bbbb-cccc, mended by a version outside <0.30.0",
        "  axios 0.27.2: GHSA-aaaa-bbbb-cccc, mended by a version outside <0.30.0",
    ]


def test_a_registry_that_gives_npm_no_report_is_not_green():
    audit = npm_audit({"message": "405 Method Not Allowed", "statusCode": 405})

    assert not audit.is_green
    assert list(lines(audit)) == [
        "local/emulators: 0 of 3 packages audited: the database cannot be reached (405 Method Not Allowed)"
    ]


def test_a_registry_that_knows_no_weakness_of_a_weak_package_is_no_database():
    control = read_pip_audit("control", "jinja2==2.11.2\n", json.dumps({"dependencies": [CLEAN[0]]}))

    audit = unasked("requirements.txt", [Package("pyyaml", "6.0.3")], control)

    assert not audit.is_green
    assert list(lines(audit)) == [
        "requirements.txt: 0 of 1 packages audited: what answers is no vulnerability database: "
        "it knows nothing against jinja2 2.11.2"
    ]


def test_where_the_control_could_not_be_asked_its_reason_is_told():
    control = read_pip_audit("control", "jinja2==2.11.2\n", "")

    audit = unasked("requirements.txt", [Package("pyyaml", "6.0.3")], control)

    assert list(lines(audit)) == ["requirements.txt: 0 of 1 packages audited: the database cannot be reached"]


@pytest.mark.parametrize(
    ("audits", "others", "expected"),
    [
        ([pip_audit(CLEAN), npm_audit({"auditReportVersion": 2, "vulnerabilities": {}})], [True, True], 0),
        ([pip_audit(CLEAN), npm_audit({})], [True, True], 1),
        ([pip_audit([])], [True], 1),
        ([pip_audit([{**CLEAN[0], "vulns": WEAK}, CLEAN[1]])], [True], 1),
        ([pip_audit(CLEAN)], [True, False], 1),
        ([], [True], 1),
    ],
)
def test_the_exit_code_is_0_only_where_all_was_audited_and_all_is_good(
    audits: list[Audit], others: list[bool], expected: int
):
    assert exit_code(audits, *others) == expected
