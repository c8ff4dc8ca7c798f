"""Alerts, workbook and runbooks as they stand, and each rule on a text with one thing broken."""

import re

import pytest

from services.operations.looks import MOST
from services.operations.reconciliation.model import OVERDUE_AFTER
from tests.infra import reading, watching
from tests.infra.watching import EMITTED, ROOT, WORKBOOK

INFRA = reading.read_all(reading.texts())
OBSERVABILITY = (ROOT / "docs" / "observability.md").read_text(encoding="utf-8")
RUNBOOKS = (ROOT / "docs" / "operations" / "alerts.md").read_text(encoding="utf-8")
ALERTS = watching.alerts(INFRA)


def test_the_page_lists_the_metrics_that_the_code_emits():
    assert EMITTED["madoguchi.refusals"] == {"function", "code"}
    assert watching.documented(OBSERVABILITY) == EMITTED


def test_alerts_ask_for_metrics_that_the_code_emits():
    assert watching.alert_metrics(INFRA) == []


def test_alerts_ask_the_log_for_what_is_lost_with_a_process_that_ends_within_the_minute():
    assert watching.GAUGES
    assert watching.of_one_moment(ALERTS.values(), watching.GAUGES) == []
    assert watching.of_one_moment(['AppMetrics | where Name == "madoguchi.poisoned"'], watching.GAUGES)


def test_alerts_ask_the_log_for_lines_that_the_code_writes():
    folders = ("functions", "services", "stores")
    code = "".join(p.read_text(encoding="utf-8") for folder in folders for p in (ROOT / folder).rglob("*.py"))
    asked = [line.replace("run of sweep", "run of %s") for query in ALERTS.values() for line in watching.lines(query)]

    assert len(asked) >= 6
    assert [line for line in asked if line not in code] == []


def test_the_workbook_asks_for_metrics_that_the_code_emits_and_shows_every_one():
    queries = watching.queries(WORKBOOK)

    assert watching.unknown_metrics(queries, EMITTED) == []
    assert watching.unseen_metrics(queries, EMITTED) == []


def test_runbooks_ask_for_metrics_that_the_code_emits():
    queries = watching.of_runbooks(RUNBOOKS)

    assert len(queries) >= 10
    assert watching.unknown_metrics(queries, EMITTED) == []


def test_whoever_asks_what_a_function_did_asks_for_what_the_app_counted(functions: list[dict]):
    queries = [*ALERTS.values(), *watching.queries(WORKBOOK), *watching.of_runbooks(RUNBOOKS)]

    timers = set(re.findall(r"""Properties\.timer\) == ["'](\w+)["']""", " ".join(queries)))

    assert watching.by_name_of_the_platform(queries) == []
    assert timers == {"sweep"} & {f["name"] for f in functions}


def test_a_query_bears_a_table_that_was_never_written_to():
    assert watching.without_the_table([*ALERTS.values(), *watching.queries(WORKBOOK)]) == []


def test_every_alert_has_its_runbook_and_leads_there():
    assert len(ALERTS) >= 12
    assert watching.without_runbook(ALERTS, RUNBOOKS) == []
    assert watching.unanswered(INFRA) == []


def test_what_is_overdue_for_an_alert_is_overdue_for_the_reconciliation():
    assert f"Sum > {OVERDUE_AFTER:.0f}" in ALERTS["oldest-pending"]


def test_the_runbook_says_how_much_is_much_to_look_at():
    section = RUNBOOKS.partition("## Alert `many-looks`")[2].partition("\n## ")[0]

    assert f"more than {MOST['shown']} requests" in section
    assert f"more than {MOST['listed']:,} references" in section
    assert 'startswith "many looks: "' in section


def test_a_poisoned_message_wakes_one_alert_and_not_two():
    told = (ROOT / "services" / "failures" / "model.py").read_text(encoding="utf-8")
    left_out = re.findall(r'not\(Message has "(.*?)"\)', ALERTS["failures"])

    assert left_out
    assert f"the worker {left_out[0]}" in told


@pytest.mark.parametrize(
    ("old", "new"), [("madoguchi.lease_takeovers", "madoguchi.poisoned"), ("Properties.how", "Properties.way")]
)
def test_a_rule_finds_a_workbook_that_shows_too_little_or_what_is_not_there(old: str, new: str):
    queries = watching.queries(WORKBOOK.replace(old, new))

    assert watching.unknown_metrics(queries, EMITTED) or watching.unseen_metrics(queries, EMITTED)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## Alert `poisoned`", "## Alert `poison`"),
        ("- **Residents.**", "- **People.**"),
        ("- **Call.**", "Call."),
    ],
)
def test_a_rule_finds_an_alert_without_its_runbook(old: str, new: str):
    assert old in RUNBOOKS
    assert watching.without_runbook(ALERTS, RUNBOOKS.replace(old, new, 1))


def test_a_rule_finds_a_function_by_the_platform_s_name_and_a_table_that_may_not_be_there():
    assert watching.by_name_of_the_platform(['AppRequests | where OperationName == "sweep"'])
    assert watching.by_name_of_the_platform(['AppRequests | where OperationName in ("sweep")'])
    assert watching.without_the_table(["AppAvailabilityResults | take 1"])


def test_metrics_and_their_dimensions_are_read_from_the_code():
    source = '_meter = x\n_lost = _meter.create_counter("madoguchi.lost", "1")\n_lost.add(1, {"queue": "q"})\n'

    assert watching.emitted([source]) == {"madoguchi.lost": {"queue"}}
