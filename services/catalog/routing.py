"""What a request leads to: the tasks that the routes of its service definition make of its answers."""

from collections.abc import Iterator
from typing import Any, Self

from services import times
from services.case.request import Request
from services.case.task import PlannedTask
from services.catalog.forms import Form
from services.catalog.model import Definition, Edition, Route
from services.catalog.rules import Rule, RuleError

REVIEW_DUE_SECONDS = 24 * 3600.0


class CompiledRoute:
    """Hold a route with its rules compiled; raises RuleError where one does not compile."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self._when = Rule(route.when, bool)
        self._priority = Rule(route.priority, str)

    @property
    def faults(self) -> Iterator[tuple[str, str]]:
        """Return by their keys why rules of the route may not be published."""
        for key, rule in (("when", self._when), ("priority", self._priority)):
            yield from ((key, fault) for fault in rule.faults)

    def plan(self, answers: dict[str, Any], today: str) -> PlannedTask | None:
        """Return the task of this route, None where it does not apply; raises RuleError where a rule fails."""
        if not self._when(answers, today):
            return None
        priority = self._priority(answers, today)
        if priority not in ("urgent", "normal"):
            raise RuleError(f"「{self.route.priority}」の答えが「urgent」でも「normal」でもありません")
        route = self.route
        return PlannedTask(
            route=route.id,
            kind=route.kind,
            team=route.team,
            priority=priority,
            due_seconds=route.due_in.total_seconds(),
        )


class CompiledService:
    """Hold one edition ready for work: its form and routes compiled."""

    def __init__(self, edition: Edition, form: Form, routes: tuple[CompiledRoute, ...]) -> None:
        self.edition = edition
        self.form = form
        self.routes = routes

    @classmethod
    def of(cls, edition: Edition) -> Self:
        """Compile an edition; raises FormError or RuleError."""
        definition = edition.definition
        return cls(edition, Form(definition.form), tuple(CompiledRoute(route) for route in definition.routes))

    @property
    def definition(self) -> Definition:
        """Return the definition of this edition."""
        return self.edition.definition

    def plan(self, answers: dict[str, Any], today: str) -> tuple[PlannedTask, ...]:
        """Return every task that answers of a day lead to: at least one, and one for a person where a rule fails."""
        planned = tuple(task for route in self.routes if (task := self._plan_or_review(route, answers, today)))
        return planned or (review(self.definition, "unrouted", "unrouted"),)

    def plan_of(self, request: Request) -> tuple[PlannedTask, ...]:
        """Return every task that a request leads to, by the day on which it was received."""
        return self.plan(request.answers, times.day_in_japan(request.received_at))

    def _plan_or_review(self, route: CompiledRoute, answers: dict[str, Any], today: str) -> PlannedTask | None:
        try:
            return route.plan(answers, today)
        except RuleError:
            return review(self.definition, route.route.id, "rule_failed")


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
