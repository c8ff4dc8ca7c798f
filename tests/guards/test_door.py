"""What comes from outside is normalised, matched and decoded by the door alone, or where its length is known."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOOR = "services/door.py"

OF_THE_DOOR = {
    "csv.reader",
    "datetime.strptime",
    "json.decode",
    "json.loads",
    "parse_qs",
    "parse_qsl",
    "re.compile",
    "re.findall",
    "re.fullmatch",
    "re.match",
    "re.search",
    "re.split",
    "re.sub",
    "SequenceMatcher",
    "unicodedata.category",
    "unicodedata.normalize",
}
BOUNDED = {
    "functions/edge/dates.py": {"re.compile"},  # a line of the door
    "functions/edge/fields.py": {"re.fullmatch"},  # a line of the door
    "functions/operations/api.py": {"re.fullmatch"},  # anchored, of one class: linear in a parameter of the address
    "functions/intake/form_pages.py": {"re.fullmatch"},  # anchored, of one class
    "functions/edge/telemetry.py": {"json.decode"},  # a message of a queue: 64 KB at most
    "functions/edge/texts.py": {"json.loads"},  # a file of ours
    "services/catalog/forms.py": {"re.compile", "re.sub"},  # one class; a keyword of JSON Schema
    "services/catalog/rules.py": {"re.search"},  # what the CEL library says of a rule: 2,000 characters at most
    "services/catalog/shapes.py": {"re.compile"},  # what msgspec says of a definition: 512 KB at most, linear
    "services/failures/model.py": {"json.loads", "re.compile"},  # a message of a queue: 64 KB at most
    "services/invisible.py": {"re.compile"},  # one class each: linear
    "services/messages.py": {"json.decode", "re.compile"},  # a message of a queue; its error, of literal beginnings
    "services/names.py": {"re.compile"},  # anchored, 40 characters at most
    "services/pickup/households/households.py": {
        "re.match",
        "re.findall",
        "re.fullmatch",
        "re.split",
        "re.sub",
        "SequenceMatcher",
        "unicodedata.category",
        "unicodedata.normalize",
    },  # lines of the door; 100 characters are compared
    "services/pickup/tables/imports.py": {"datetime.strptime", "re.fullmatch"},  # lines of the door
    "services/pickup/entitlement/section.py": {"re.compile"},  # anchored, one class each: linear
    "services/pickup/entitlement/supplies.py": {"re.compile"},  # anchored, 32 characters at most
    "services/intake/submissions.py": {"re.compile"},  # anchored; an address after its length
    "services/case/receipts.py": {"re.compile"},  # anchored, 14 characters
    "services/intake/reissue.py": {"re.compile"},  # a line of the door
    "services/phones.py": {"re.compile", "re.fullmatch", "re.sub"},  # a line of the door; one class each
    "services/times.py": {"re.compile"},  # 64 characters at most
    "services/traces.py": {"re.compile"},  # anchored, 55 characters
}
"""Which module does so elsewhere, and what bounds the text there."""


def test_whoever_normalises_matches_or_decodes_outside_the_door_is_known():
    found = {name: calls for name in _modules() if (calls := _calls(ROOT / name) & OF_THE_DOOR) and name != DOOR}

    assert found == BOUNDED


def test_the_door_does_what_it_is_there_for():
    assert {"csv.reader", "json.decode", "parse_qs", "unicodedata.normalize"} <= _calls(ROOT / DOOR)


def _modules() -> list[str]:
    return [str(path.relative_to(ROOT)) for room in ("functions", "services") for path in (ROOT / room).rglob("*.py")]


def _calls(path: Path) -> set[str]:
    """Return what a module calls, by the last two names: `re.sub`, `parse_qs`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(value=ast.Name(id=module) | ast.Attribute(attr=module)):
            return f"{module}.{function.attr}"
        case ast.Name():
            return function.id
    return ""
