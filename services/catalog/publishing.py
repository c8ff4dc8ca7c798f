"""Checks of a service definition before it is published."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec

from services import door, times
from services.catalog import bounds, controls, forms
from services.catalog.documents import definition_of
from services.catalog.forms import Form, FormError
from services.catalog.model import (
    RESERVED_ROUTES,
    RESERVED_TEAM_ENDINGS,
    Definition,
    DefinitionCase,
    Edition,
    Expectation,
    Sections,
)
from services.catalog.routing import CompiledRoute, CompiledService
from services.catalog.rules import RuleError
from services.errors import DefinitionRefused
from services.names import is_name

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=366)
"""Between these is a task due, counted from the receipt."""


_ANY_DAY = "2026-11-24"


def read_definition(raw: object, kinds: Sections) -> Definition:
    """Read a definition from its JSON or YAML values; raises DefinitionRefused for another shape."""
    if door.is_too_deep(raw):
        raise DefinitionRefused(("nested too deeply",))
    found = (*forms.unsendable(raw), *forms.hidden(raw))
    if found:
        raise DefinitionRefused(tuple(f"{error.pointer or '/'}: {error.code}" for error in found))
    try:
        return definition_of(raw, kinds)
    except msgspec.ValidationError as error:
        raise DefinitionRefused((str(error),)) from error


def checked(raw: object, kinds: Sections) -> Definition:
    """Read a definition and check it; raises DefinitionRefused."""
    definition = read_definition(raw, kinds)
    check(definition, kinds)
    return definition


def check(definition: Definition, kinds: Sections) -> None:
    """Refuse a definition whose names, texts, form, rules or cases fail, with every reason."""
    reasons = tuple(_problems(definition, kinds))
    if reasons:
        raise DefinitionRefused(reasons)


def _problems(definition: Definition, kinds: Sections) -> Iterator[str]:
    too_large = tuple(bounds.problems(definition))
    if too_large:
        yield from too_large
        return
    yield from _problems_of_names(definition, kinds)
    yield from _problems_of_texts(definition)
    yield from _problems_of_times(definition)
    service, unusable = _compiled(definition)
    if service is None:
        yield from unusable
        return
    yield from _problems_of_controls(definition, kinds)
    for section in definition.sections.values():
        yield from section.problems(definition)
    yield from _problems_of_examples(service)
    yield from _problems_of_cases(service)


def _problems_of_names(definition: Definition, kinds: Sections) -> Iterator[str]:
    routes = [route.id for route in definition.routes]
    for kind, name in [
        ("id", definition.id),
        *(("route", r) for r in routes),
        *(("team", t) for t in definition.teams),
    ]:
        if not is_name(name):
            yield f"{kind} {name!r}: small letters, digits and single hyphens, at most 40, beginning with a letter"
    for team in definition.teams:
        if team.endswith(RESERVED_TEAM_ENDINGS):
            yield f"team {team!r}: no team ends in {' or '.join(RESERVED_TEAM_ENDINGS)}, which a queue's name adds"
    reserved = {*RESERVED_ROUTES, *(route for kind in kinds.values() for route in kind.reserved_routes)}
    for name in sorted({r for r in routes if routes.count(r) > 1 or r in reserved}):
        yield f"route {name!r}: used twice or reserved"


def _problems_of_texts(definition: Definition) -> Iterator[str]:
    for name, text in (("title", definition.title), ("purpose", definition.purpose)):
        if not text.get("ja"):
            yield f"{name}: the Japanese text (ja) is missing"
    if not definition.phone.strip():
        yield "phone: a number to call is needed"


def _problems_of_times(definition: Definition) -> Iterator[str]:
    given = {"opens": definition.opens, "closes": definition.closes}
    moments = {}
    for name, time in given.items():
        try:
            moments[name] = times.moment(time) if time is not None and times.told(time) else None
        except ValueError as error:
            yield f"{name}: {error}"
    opens, closes = moments.get("opens"), moments.get("closes")
    if opens and closes and closes <= opens:
        yield "closes: it must be later than opens"
    for route in definition.routes:
        if not SOONEST <= route.due_in <= LATEST:
            yield f"route {route.id!r}: dueIn must be between one minute (PT1M) and 366 days (P366D)"


def _compiled(definition: Definition) -> tuple[CompiledService | None, list[str]]:
    """Compile a definition, or return every reason why its form and routes cannot be used."""
    form, routes, reasons = None, [], []
    try:
        form = Form(definition.form, forms.SMALL)
    except FormError as error:
        reasons.append(str(error))
    if not definition.routes:
        reasons.append("routes: at least one is needed")
    for route in definition.routes:
        try:
            routes.append(compiled := CompiledRoute(route))
            reasons += [f"route {route.id!r}: {key}: {fault}" for key, fault in compiled.faults]
        except RuleError as error:
            reasons.append(f"route {route.id!r}: {error}")
    if form is None or reasons:
        return None, reasons
    edition = Edition(service=definition.id, version=0, published_at=times.NEVER, definition=definition)
    return CompiledService(edition, form, tuple(routes)), []


def _problems_of_controls(definition: Definition, kinds: Sections) -> Iterator[str]:
    options = [option for kind in kinds.values() for option in kind.options]
    for pointer in controls.undrawable(definition.form, options):
        yield f"form: {pointer} is nothing that a page can draw"
    for pointer, problem in controls.untold(definition.form):
        yield f"form: {pointer} {problem}"


def _problems_of_examples(service: CompiledService) -> Iterator[str]:
    examples = service.form.schema.get("examples")
    if not isinstance(examples, list) or not examples:
        yield "form.examples: one whole valid set of answers is needed"
        return
    for index, example in enumerate(examples):
        for error in service.form.errors(example):
            yield f"form.examples[{index}]: {error.pointer} {error.code}"


def _problems_of_cases(service: CompiledService) -> Iterator[str]:
    definition = service.definition
    for case in definition.cases:
        expected, actual = _sorted(case.expect), _sorted(_outcome(service, case.answers))
        if expected != actual:
            yield f"case {case.name!r}: expected {_shown(expected)}, got {_shown(actual)}"
        yield from _problems_of_rules(service, case)
    taken = [{task.route for task in case.expect.tasks} for case in definition.cases if case.expect.valid]
    for route in definition.routes:
        if not any(route.id in routes for routes in taken):
            yield f"route {route.id!r}: no case leads to it"
        if all(route.id in routes for routes in taken):
            yield f"route {route.id!r}: every valid case leads to it; one must not"


def _problems_of_rules(service: CompiledService, case: DefinitionCase) -> Iterator[str]:
    """Run every rule on the answers of a case and on the smallest answers that are still valid."""
    if service.form.errors(case.answers):
        return
    for name, answers in (
        ("", case.answers),
        (" cut to the smallest valid answers", service.form.smallest(case.answers)),
    ):
        routes = []
        for route in service.routes:
            try:
                routes.append(route.plan(answers, _ANY_DAY))
            except RuleError as error:
                yield f"case {case.name!r}{name}: route {route.route.id!r}: {error}"
                return
        if not any(routes):
            yield f"case {case.name!r}{name}: no route takes it"


def _outcome(service: CompiledService, answers: dict[str, Any]) -> Expectation:
    errors = service.form.errors(answers)
    if errors:
        return msgspec.convert(
            {"valid": False, "errors": [{"pointer": e.pointer, "code": e.code} for e in errors]}, Expectation
        )
    tasks = [{"route": t.route, "team": t.team, "priority": t.priority} for t in service.plan(answers, _ANY_DAY)]
    return msgspec.convert({"valid": True, "tasks": tasks}, Expectation)


def _sorted(expectation: Expectation) -> Expectation:
    return Expectation(
        valid=expectation.valid,
        tasks=tuple(sorted(expectation.tasks, key=lambda t: t.route)),
        errors=tuple(sorted(expectation.errors, key=lambda e: (e.pointer, e.code))),
    )


def _shown(expectation: Expectation) -> str:
    if expectation.valid:
        return "tasks " + ", ".join(f"{t.route}/{t.team}/{t.priority}" for t in expectation.tasks)
    return "errors " + ", ".join(f"{e.pointer} {e.code}" for e in expectation.errors)
