"""What alerts and workbook ask for, against what the code emits and the pages say: each rule returns what is wrong."""

import ast
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.infra.reading import FOLDER, Infra

WORKBOOK = (FOLDER / "modules" / "workbook.json").read_text(encoding="utf-8")
PARTS = ("Woke you", "Residents", "Look", "Do", "Call")
"""What every runbook says, in this order."""

ROOT = Path(__file__).parent.parent.parent
type Metrics = dict[str, set[str]]
"""The dimensions of each metric by its name."""


def emitted(sources: Iterable[str]) -> Metrics:
    """Return the metrics that code makes, with the dimensions that it records them by."""
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    made = {
        node.targets[0].id: node.value.args[0].value
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and re.match(r"_meter\.create_\w+\(", ast.unparse(node.value))
    }
    metrics: Metrics = {name: set() for name in made.values()}
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = made.get(ast.unparse(node.func.value), "")
            metrics.get(name, set()).update(*(_keys(argument) for argument in node.args))
    return metrics


def documented(page: str) -> Metrics:
    """Return the metrics of the table in docs/observability.md, with the dimensions in its third column."""
    rows = re.findall(r"^\| (`madoguchi\..*?) \|.*?\|(.*?)\|", page, re.MULTILINE)
    return {name: set(re.findall(r"\w+", by)) for names, by in rows for name in re.findall(r"[\w.]+", names)}


def alerts(infra: Infra) -> dict[str, str]:
    """Return the name of every alert with its query, which one on a platform metric has not."""
    source = infra["modules/alerts.bicep"]
    platform = re.findall(r"'alert-madoguchi-\$\{stage\}-([\w-]+)'", source.text)
    return {alert["name"]: alert["query"] for alert in source.var("logAlerts")} | dict.fromkeys(platform, "")


def alert_metrics(infra: Infra) -> list[str]:
    """Find alerts on metrics that nothing emits, or on dimensions that a metric does not have."""
    return unknown_metrics(alerts(infra).values(), EMITTED)


def queries(workbook: str) -> list[str]:
    """Return the queries of a workbook."""
    return [item["content"]["query"] for item in json.loads(workbook)["items"] if "query" in item["content"]]


def of_runbooks(page: str) -> list[str]:
    """Return the queries that runbooks have somebody type."""
    return re.findall(r"logs '(.*?)'", page, re.DOTALL)


def unknown_metrics(asked: Iterable[str], metrics: Metrics) -> list[str]:
    """Find metrics that nothing emits, and dimensions that a metric does not have."""
    wrong = []
    for query in asked:
        names = _metrics_in(query)
        wrong += [f"{name} is not emitted" for name in names if name not in metrics]
        dimensions = set().union(*(metrics.get(name, set()) for name in names))
        asked_by = set(re.findall(r"Properties\.(\w+)", query))
        wrong += [f"{names} have no {dimension}" for dimension in asked_by - dimensions]
        wrong += [f"AppMetrics without a name: {query}"] if "AppMetrics" in query and not names else []
    return wrong


def by_name_of_the_platform(asked: Iterable[str]) -> list[str]:
    """Find queries that take a function by the name under which the platform may report it, or may not."""
    return [query for query in asked if re.search(r"OperationName\s*(==|=~|in|has|startswith|contains)", query)]


def without_the_table(asked: Iterable[str]) -> list[str]:
    """Find queries that fail where a table was never written to: those of web tests and of the firewall."""
    return [query for query in asked if re.match("AppAvailabilityResults|AzureDiagnostics", query)]


def of_one_moment(asked: Iterable[str], gauges: Iterable[str]) -> list[str]:
    """Find queries for a metric that tells a moment, and is lost where the process ends before it is sent.

    A gauge is sent again each minute, by whichever process measures next.
    """
    return [query for query in asked if set(_metrics_in(query)) - set(gauges)]


def lines(query: str) -> list[str]:
    """Return what a query looks for in the log."""
    return re.findall(r'Message (?:startswith|has|==) "(.*?)"', query)


def unseen_metrics(asked: Iterable[str], metrics: Metrics) -> list[str]:
    """Find metrics that no query asks for."""
    return sorted(set(metrics) - {name for query in asked for name in _metrics_in(query)})


def without_runbook(names: Iterable[str], page: str) -> list[str]:
    """Find alerts without a section of their own, sections of no alert, and sections that lack a part."""
    sections = dict(re.findall(r"^## Alert `([\w-]+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    wrong = [f"no section for {name}" for name in set(names) - set(sections)]
    wrong += [f"no alert {name}" for name in set(sections) - set(names)]
    return wrong + [f"{name}: {parts}" for name, text in sections.items() if (parts := _parts(text)) != PARTS]


def unanswered(infra: Infra) -> list[str]:
    """Find descriptions of alerts that do not lead to a runbook."""
    text = infra["modules/alerts.bicep"].text
    own = re.findall(r"'alert-madoguchi-\$\{stage\}-(\$\{alert\.name\}|[\w-]+)'", text)
    return [name for name in own if f"docs/operations/alerts.md#alert-{name}.'" not in text]


def _metrics_in(query: str) -> list[str]:
    return re.findall(r"madoguchi\.[\w.]*\w", query)


def _keys(argument: ast.expr) -> set[str]:
    keys = argument.keys if isinstance(argument, ast.Dict) else []
    return {key.value for key in keys if isinstance(key, ast.Constant)}


def _parts(section: str) -> Sequence[str]:
    return tuple(re.findall(r"^- \*\*([\w ]+)\.\*\*", section, re.MULTILINE))


SOURCES = [(ROOT / folder / "telemetry.py").read_text(encoding="utf-8") for folder in ("functions/edge", "stores")]
EMITTED = emitted(SOURCES)
GAUGES = set(re.findall(r'create_gauge\("([\w.]+)"', "".join(SOURCES)))
