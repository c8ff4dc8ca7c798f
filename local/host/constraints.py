"""The inline constraints of ASP.NET Core route templates that our routes use; any other one is refused."""

import re
from collections.abc import Callable

Constraint = Callable[[str], bool]


class RouteError(Exception):
    """A route template that the Functions host would refuse."""


def constraint(name: str, argument: str | None) -> Constraint:
    """Return the rule that `name(argument)` stands for. Raises RouteError where there is none."""
    rule = _RULES.get(name.lower())
    if rule is None or argument is None:
        raise RouteError(f"unknown route constraint '{name}': the local host knows maxlength(...) and regex(...)")
    try:
        return rule(argument)
    except (ValueError, re.error) as error:
        raise RouteError(f"route constraint {name}({argument}): {error}") from error


def _longest(argument: str) -> Constraint:
    longest = int(argument)
    return lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2 <= longest


def _expression(argument: str) -> Constraint:
    expression = re.compile(argument, re.IGNORECASE)
    return lambda text: expression.search(text) is not None


_RULES: dict[str, Callable[[str], Constraint]] = {"maxlength": _longest, "regex": _expression}
