"""What residents ask for in a soak: examples and valid cases of the shipped services, with the tasks they make."""

from collections import Counter
from typing import Any

import msgspec

from local.desk import ROOT
from services.case.request import Contact, Submission
from services.catalog.model import Edition
from services.catalog.publishing import read_definition
from services.catalog.routing import CompiledService
from services.times import NEVER
from stores.shipped import read_yaml
from wiring import SECTIONS

CONTACT = Contact(name="見本 花子", phone="090-0000-0000")


class Work(msgspec.Struct, frozen=True):
    """Pair a submission with the routes that make a task of it, and their teams."""

    submission: Submission
    routes: Counter[str]
    teams: frozenset[str]


def shipped_work() -> list[Work]:
    """Return what can be asked of the shipped services, both in turn."""
    services = [_works(read_yaml(path)) for path in sorted((ROOT / "catalog" / "services").glob("*.yaml"))]
    longest = max(len(works) for works in services)
    return [works[number % len(works)] for number in range(longest) for works in services]


def _works(raw: dict[str, Any]) -> list[Work]:
    definition = read_definition(raw, SECTIONS)
    service = CompiledService.of(Edition(service=definition.id, version=1, published_at=NEVER, definition=definition))
    valid = [case["answers"] for case in raw["cases"] if case["expect"]["valid"]]
    return [_work(service, answers) for answers in (*raw["form"]["examples"], *valid)]


def _work(service: CompiledService, answers: dict[str, Any]) -> Work:
    plan = service.plan(answers, "2026-11-24")
    return Work(
        submission=Submission(service=service.definition.id, answers=answers, contact=CONTACT),
        routes=Counter(task.route for task in plan),
        teams=frozenset(task.team for task in plan),
    )
