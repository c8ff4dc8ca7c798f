"""How large a definition may be: publishing it, and every call that it serves, must stay short."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import msgspec

from services import door
from services.catalog.model import Definition
from services.texts import Text

MOST_FIELDS = 300
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
    yield from _too_many("form: fields", _fields(definition.form), MOST_FIELDS)
    yield from _too_many("routes", len(definition.routes), MOST_ROUTES)
    yield from _too_many("cases", len(definition.cases), MOST_CASES)
    yield from _problems_of_answers(definition)
    for route in definition.routes:
        if max(len(route.when), len(route.priority)) > LONGEST_RULE:
            yield f"route {door.step(route.id)!r}: a rule has at most {LONGEST_RULE} characters"
    if len(definition.phone) > LONGEST_PHONE:
        yield f"phone: it has at most {LONGEST_PHONE} characters"
    if any(len(said) > LONGEST_TEXT for said in _texts(definition)):
        yield f"a text has at most {LONGEST_TEXT} characters"


def _problems_of_answers(definition: Definition) -> Iterator[str]:
    examples = definition.form.get("examples")
    given = [*(examples if isinstance(examples, list) else []), *(case.answers for case in definition.cases)]
    sizes = [door.count_values(answers) for answers in given]
    if max(sizes, default=0) > MOST_ANSWERS:
        yield f"examples and cases: each has at most {MOST_ANSWERS} answers"
    yield from _too_many("examples and cases: answers in all", sum(sizes), MOST_ANSWERS_IN_ALL)


def _too_many(name: str, count: int, most: int) -> Iterator[str]:
    if count > most:
        yield f"{name}: at most {most}"


def _fields(schema: Any) -> int:
    """Count the properties of a form at all levels."""
    parts = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return sum(1 + _fields(part) for part in parts.values()) if isinstance(parts, dict) else 0


def _texts(definition: Definition) -> Iterator[str]:
    """Yield every text of a definition, wherever it stands."""
    texts: list[Text] = [definition.title, definition.purpose, definition.summary]
    texts += [outcome.title for outcome in definition.outcomes]
    within = door.values(msgspec.to_builtins(definition.form))
    return chain((said for text in texts for said in text.values()), (one for one in within if isinstance(one, str)))
