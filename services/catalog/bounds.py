"""How large a definition may be: publishing it, and every call that it serves, must stay short."""

from collections.abc import Iterator
from typing import Any

from services import door
from services.catalog import schemas
from services.catalog.model import Definition
from services.texts import Text

MOST_FIELDS = 300
OF_THE_PAGE = 10
"""Controls that a form's page sends besides the answers: seed, version, contact, step."""
MOST_CONTROLS = door.MOST_CONTROLS - OF_THE_PAGE
MOST_UNFOLDED = 20_000
"""Values of a form, those behind `$ref` as often as it leads to them: so often may they be tried for one submit."""
MOST_ROUTES = 50
LONGEST_RULE = 2_000
MOST_CASES = 200
MOST_ANSWERS = 500
"""Values in the answers of one example or case; a case is tried without each of them."""
MOST_ANSWERS_IN_ALL = 5_000
LONGEST_PHONE = 100
LONGEST_TEXT = 5_000


def problems(definition: Definition) -> Iterator[str]:
    """Find what is too large for anything else to be tried."""
    yield from _too_many("form", "項目", _fields(definition.form), MOST_FIELDS)
    yield from _too_many("form", "一度に送る欄（複数選択は選択肢ごと）", _controls(definition.form), MOST_CONTROLS)
    for key, count, most in (
        ("routes", len(definition.routes), MOST_ROUTES),
        ("rules", len(definition.rules), MOST_ROUTES),
        ("cases", len(definition.cases), MOST_CASES),
    ):
        yield from _too_many(key, "数", count, most)
    yield from _problems_of_answers(definition)
    for place, rule in rules_of(definition):
        if len(rule) > LONGEST_RULE:
            yield f"{place}: 式は{LONGEST_RULE}文字までです"
    if len(definition.phone) > LONGEST_PHONE:
        yield f"phone: {LONGEST_PHONE}文字までです"
    for place, text in _texts(definition):
        if len(text) > LONGEST_TEXT:
            yield f"{place}: 文は{LONGEST_TEXT}文字までです"
    if schemas.unfolded(definition.form, MOST_UNFOLDED) > MOST_UNFOLDED:
        usable = "#/ で始まり、自分自身に戻らない $ref だけを使えます"
        yield f"form: $ref をすべて開いた大きさは{MOST_UNFOLDED}までです（{usable}）"


def rules_of(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield every CEL rule of a definition with its place."""
    for index, route in enumerate(definition.routes):
        yield f"routes[{index}].when", route.when
        yield f"routes[{index}].priority", route.priority
    for index, rule in enumerate(definition.rules):
        yield f"rules[{index}].when", rule.when


def _problems_of_answers(definition: Definition) -> Iterator[str]:
    examples = definition.form.get("examples")
    given = [(f"form.examples[{i}]", one) for i, one in enumerate(examples if isinstance(examples, list) else [])]
    given += [(f"cases[{index}].answers", case.answers) for index, case in enumerate(definition.cases)]
    sizes = [(place, door.count_values(answers)) for place, answers in given]
    for place, size in sizes:
        yield from _too_many(place, "答え", size, MOST_ANSWERS)
    yield from _too_many("cases", "例とケースの答えの合計", sum(size for _, size in sizes), MOST_ANSWERS_IN_ALL)


def _too_many(place: str, what: str, count: int, most: int) -> Iterator[str]:
    if count > most:
        yield f"{place}: {what}は{most}までです（今は{count}）"


def _fields(schema: Any) -> int:
    """Count the properties of a form at all levels."""
    parts = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return sum(1 + _fields(part) for part in parts.values()) if isinstance(parts, dict) else 0


def _controls(schema: Any) -> int:
    """Count the controls that a browser sends at most: one for each option that may be chosen beside others."""
    match schema:
        case {"properties": dict(parts)}:
            return sum(_controls(part) for part in parts.values())
        case {"type": "array", "items": {"enum": list(options)}}:
            return len(options)
    return 1


def _texts(definition: Definition) -> Iterator[tuple[str, str]]:
    """Yield every text of a definition with its place."""
    texts: list[tuple[str, Text]] = [
        ("title", definition.title),
        ("purpose", definition.purpose),
        ("summary", definition.summary),
    ]
    texts += [(f"outcomes[{index}].title", outcome.title) for index, outcome in enumerate(definition.outcomes)]
    texts += [(f"rules[{index}].text", rule.text) for index, rule in enumerate(definition.rules)]
    for place, text in texts:
        yield from ((f"{place}.{language}", said) for language, said in text.items())
    yield from _within(definition.form, "form")


def _within(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Yield every text in JSON of bounded depth with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _within(inner, f"{place}.{door.step(name)}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _within(inner, f"{place}[{index}]")
