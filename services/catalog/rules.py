"""Rules of a service definition: CEL expressions over the answers, compiled once, strict about what they return."""

from functools import cache
from typing import Any

from cel_expr_python import cel


class RuleError(Exception):
    """Say why a rule does not compile, or what it returned instead of a value of its type."""


class Rule:
    """Hold one compiled expression over `answers` that must return a bool or a string."""

    def __init__(self, expression: str, returns: type[bool] | type[str]) -> None:
        self.expression = expression
        self._returns = returns
        try:
            self._compiled = _environment().compile(expression)
        except Exception as error:
            raise RuleError(f"{expression!r} does not compile: {str(error).strip()}") from error
        if self._compiled.return_type() not in (_CEL_TYPES[returns], cel.Type.DYN):
            raise RuleError(f"{expression!r} does not return a {returns.__name__}")

    def __call__(self, answers: dict[str, Any]) -> Any:
        """Evaluate the rule; raises RuleError for anything but a value of its type (a missing key, too many steps)."""
        try:
            result = self._compiled.eval(data={"answers": answers})
        except RuntimeError as error:
            raise RuleError(f"{self.expression!r} takes more steps than a rule may") from error
        if result.type() != _CEL_TYPES[self._returns]:
            hint = "; a key is missing (has() tests for it) or a value is of another type"
            raise RuleError(f"{self.expression!r} returned {result.type().name()}{hint}")
        return result.value()


_CEL_TYPES = {bool: cel.Type.BOOL, str: cel.Type.STRING}


@cache
def _environment() -> cel.Env:
    return cel.NewEnv(variables={"answers": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)})
