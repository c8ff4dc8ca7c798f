"""What a definition makes of its own example and cases."""

from collections.abc import Iterator

from services.catalog.model import ALWAYS, DefinitionCase, Expectation, ExpectedError, ExpectedTask
from services.catalog.routing import CompiledFieldRule, CompiledService
from services.catalog.rules import RuleError

_ANY_DAY = "2026-11-24"
"""The day of a case that does not tell one, since no rule asks for it."""


def problems(service: CompiledService) -> Iterator[str]:
    """Find what of the example and cases of a definition does not come out as it should."""
    yield from _problems_of_examples(service)
    if _asks_for_the_day(service):
        for index, case in enumerate(service.definition.cases):
            if case.today is None:
                yield f"cases[{index}].today: 式が today を使うので、ケースごとに日付が必要です"
    for index, case in enumerate(service.definition.cases):
        place = f"cases[{index}]"
        expected, actual = _sorted(case.expect), _sorted(_outcome(service, case))
        if expected != actual:
            yield f"{place}.expect（{case.name}）: 結果は {_shown(actual)} です（{_shown(expected)} と書かれています）"
        yield from _problems_of_rules(service, case, place)
    yield from _untried(service)


def _asks_for_the_day(service: CompiledService) -> bool:
    of_routes = (rule for route in service.routes for rule in route.rules.values())
    return any(rule.asks("today") for rule in (*of_routes, *(one.when for one in service.rules)))


def _problems_of_examples(service: CompiledService) -> Iterator[str]:
    examples = service.form.schema.get("examples")
    if not isinstance(examples, list) or not examples:
        yield "form.examples: 正しい答えの例が1つ必要です"
        return
    for index, example in enumerate(examples):
        for error in service.form.errors(example):
            yield f"form.examples[{index}]: {error.pointer or '/'} の答えがフォームに合いません（{error.code}）"


def _untried(service: CompiledService) -> Iterator[str]:
    """Find routes and rules that no case tries both ways; a route that is always taken needs no other way."""
    definition = service.definition
    taken = [{task.route for task in case.expect.tasks} for case in definition.cases if case.expect.valid]
    for index, route in enumerate(definition.routes):
        if not any(route.id in routes for routes in taken):
            yield f"routes[{index}]: 「{route.id}」に行くケースがありません"
        elif route.when.strip() != ALWAYS and all(route.id in routes for routes in taken):
            yield f"routes[{index}].when: 正しいケースがすべて「{route.id}」に行きます。行かないケースも必要です"
    fitting = [case for case in definition.cases if not service.form.errors(case.answers)]
    for index, rule in enumerate(service.rules):
        if not any(_refuses(rule, case) for case in fitting):
            yield f"rules[{index}]: この決まりで断るケース（{rule.rule.field} の rule）がありません"


def _refuses(rule: CompiledFieldRule, case: DefinitionCase) -> bool:
    try:
        return rule.refuses(case.answers, case.today or _ANY_DAY)
    except RuleError:
        return False


def _problems_of_rules(service: CompiledService, case: DefinitionCase, place: str) -> Iterator[str]:
    """Run every rule on the answers of a case and on the smallest answers that are still valid."""
    if service.form.errors(case.answers):
        return
    today = case.today or _ANY_DAY
    for name, answers in (
        ("answers", case.answers),
        ("answers（省ける答えをすべて省いたとき）", service.form.smallest(case.answers)),
    ):
        routes, is_failed = [], False
        for index, rule in enumerate(service.rules):
            try:
                rule.refuses(answers, today)
            except RuleError as error:
                is_failed = True
                yield f"rules[{index}].when: {place}.{name} で失敗します。{error}"
        for index, route in enumerate(service.routes):
            try:
                routes.append(route.plan(answers, today))
            except RuleError as error:
                is_failed = True
                yield f"routes[{index}]: {place}.{name} で失敗します。{error}"
        if is_failed:
            return
        if not any(routes):
            yield f"{place}.{name}: どの routes にも行きません"


def _outcome(service: CompiledService, case: DefinitionCase) -> Expectation:
    today = case.today or _ANY_DAY
    if errors := service.errors(case.answers, today):
        found = tuple(ExpectedError(pointer=error.pointer, code=error.code) for error in errors)
        return Expectation(valid=False, errors=found)
    planned = service.plan(case.answers, today)
    tasks = tuple(ExpectedTask(route=task.route, team=task.team, priority=task.priority) for task in planned)
    return Expectation(valid=True, tasks=tasks)


def _sorted(expectation: Expectation) -> Expectation:
    return Expectation(
        valid=expectation.valid,
        tasks=tuple(sorted(expectation.tasks, key=lambda t: t.route)),
        errors=tuple(sorted(expectation.errors, key=lambda e: (e.pointer, e.code))),
    )


def _shown(expectation: Expectation) -> str:
    if expectation.valid:
        return "tasks: " + (", ".join(f"{t.route}/{t.team}/{t.priority}" for t in expectation.tasks) or "なし")
    return "errors: " + (", ".join(f"{e.pointer} {e.code}" for e in expectation.errors) or "なし")
