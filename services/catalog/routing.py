"""What a request leads to: the tasks that the routes of its service definition make of its answers."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Self

from services import door, times
from services.case.request import Request
from services.case.task import PlannedTask
from services.catalog.forms import Form
from services.catalog.model import Definition, Edition, FieldRule, Route
from services.catalog.rules import Rule, RuleError
from services.errors import FieldError

REVIEW_DUE_SECONDS = 24 * 3600.0


class CompiledRoute:
    """Hold a route with its rules compiled; raises RuleError where one does not compile."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._when = _compiled("when", route.when, bool)
        self._priority = _compiled("priority", route.priority, str)

    @property
    def faults(self) -> Iterator[tuple[str, str]]:
        """Return by their keys why rules of the route may not be published."""
        for key, rule in self.rules.items():
            yield from ((key, fault) for fault in rule.faults)

    @property
    def rules(self) -> dict[str, Rule]:
        """Return the rules of the route by their keys."""
        return {"when": self._when, "priority": self._priority}

    def plan(self, answers: dict[str, Any], today: str) -> PlannedTask | None:
        """Return the task of this route, None where it does not apply; raises RuleError where a rule fails."""
        if not self._when(answers, today):
            return None
        priority = self._priority(answers, today)
        if priority not in ("urgent", "normal"):
            raise RuleError(f"「{door.step(self.route.priority)}」の答えが「urgent」でも「normal」でもありません")
        route = self.route
        return PlannedTask(
            route=route.id,
            kind=route.kind,
            team=route.team,
            priority=priority,
            due_seconds=route.due_in.total_seconds(),
        )


class CompiledFieldRule:
    """Hold a rule over fields compiled; raises RuleError where it does not compile."""

    def __init__(self, rule: FieldRule) -> None:
        self.rule = rule
        self.when = _compiled("when", rule.when, bool)

    def refuses(self, answers: dict[str, Any], today: str) -> bool:
        """Tell whether answers of a day are refused; raises RuleError where the rule fails."""
        return bool(self.when(answers, today))

    @property
    def error(self) -> FieldError:
        """Return what is wrong with answers that are refused."""
        return FieldError(self.rule.field, "rule", said=self.rule.text)


class CompiledService:
    """Hold one edition ready for work: its form, routes and rules compiled."""

    def __init__(
        self,
        edition: Edition,
        form: Form,
        routes: tuple[CompiledRoute, ...],
        rules: tuple[CompiledFieldRule, ...],
    ) -> None:
        self.edition = edition
        self.form = form
        self.routes = routes
        self.rules = rules

    @classmethod
    def of(cls, edition: Edition) -> Self:
        """Compile an edition; raises FormError or RuleError."""
        definition = edition.definition
        routes = tuple(CompiledRoute(route) for route in definition.routes)
        return cls(edition, Form(definition.form), routes, tuple(CompiledFieldRule(rule) for rule in definition.rules))

    @property
    def definition(self) -> Definition:
        """Return the definition of this edition."""
        return self.edition.definition

    def errors(self, answers: dict[str, Any], today: str) -> tuple[FieldError, ...]:
        """Return what is wrong with answers of a day: by the form, and where they fit it, by rules and sections.

        A rule that fails refuses nothing: `plan` asks a person.
        """
        if of_form := self.form.errors(answers):
            return of_form
        refused = [rule.error for rule in self.rules if _refuses(rule, answers, today)]
        of_sections = chain.from_iterable(section.errors(answers) for section in self.definition.sections.values())
        return (*refused, *of_sections)

    def plan(self, answers: dict[str, Any], today: str) -> tuple[PlannedTask, ...]:
        """Return every task that answers of a day lead to: at least one, and one for a person where a rule fails."""
        planned = tuple(task for route in self.routes if (task := self._plan_or_review(route, answers, today)))
        if any(_refuses(rule, answers, today) is None for rule in self.rules):
            return (*planned, review(self.definition, "unrouted", "rule_failed"))
        return planned or (review(self.definition, "unrouted", "unrouted"),)

    def plan_of(self, request: Request) -> tuple[PlannedTask, ...]:
        """Return every task that a request leads to, by the day on which it was received."""
        return self.plan(request.answers, times.day_in_japan(request.received_at))

    def _plan_or_review(self, route: CompiledRoute, answers: dict[str, Any], today: str) -> PlannedTask | None:
        try:
            return route.plan(answers, today)
        except RuleError:
            return review(self.definition, route.route.id, "rule_failed")


def _compiled(key: str, expression: str, returns: type[bool] | type[str]) -> Rule:
    try:
        return Rule(expression, returns)
    except RuleError as error:
        raise RuleError(f"{key}: {error}") from error


def _refuses(rule: CompiledFieldRule, answers: dict[str, Any], today: str) -> bool | None:
    """Tell whether a rule refuses answers, None where it fails."""
    try:
        return rule.refuses(answers, today)
    except RuleError:
        return None


def review(definition: Definition, route: str, reason: str) -> PlannedTask:
    """Describe the task by which a person of the service's first team looks at what no rule could place."""
    return PlannedTask(
        route=route,
        kind="review",
        team=definition.first_team,
        priority="normal",
        due_seconds=REVIEW_DUE_SECONDS,
        reason=reason,
    )
