"""Inline constraints of ASP.NET Core route templates: each a rule that a parameter's text keeps or not."""

import re
from collections.abc import Callable
from datetime import datetime
from functools import partial

Constraint = Callable[[str], bool]

_INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_DECIMAL = re.compile(r"\s*(?:[+-]\s*)?(?:\d[\d,]*\.?\d*|\.\d+)\s*[+-]?\s*", re.ASCII)
_FLOAT = re.compile(r"\s*[+-]?(?:(?:\d[\d,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan|infinity)\s*", re.ASCII | re.IGNORECASE)
_HEX = "[0-9a-f]"
_DASHED = f"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}"
_GUID = re.compile(rf"\s*(?:{_HEX}{{32}}|{_DASHED}|\{{{_DASHED}\}}|\({_DASHED}\))\s*", re.IGNORECASE)
_DATE_FORMATS = ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p")


class RouteError(Exception):
    """A route template that the Functions host would refuse."""


def constraint(name: str, argument: str | None) -> Constraint:
    """Return the rule that `name(argument)` stands for. Raises RouteError where there is none."""
    if argument is None and name.lower() in _PLAIN:
        return _PLAIN[name.lower()]
    if argument is not None and name.lower() in _WITH_ARGUMENT:
        try:
            return _WITH_ARGUMENT[name.lower()](argument)
        except (ValueError, re.error) as error:
            raise RouteError(f"route constraint {name}({argument}): {error}") from error
    raise RouteError(f"unknown route constraint '{name}'")


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    return pattern.fullmatch(text) is not None


def _is_between(lowest: int, highest: int, text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None and lowest <= int(text) <= highest


def _is_date(text: str) -> bool:
    """Tell whether this is a date in ISO 8601 or the invariant culture (DateTime.TryParse knows still more)."""
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return any(_has_format(text.strip(), pattern) for pattern in _DATE_FORMATS)
    return True


def _has_format(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)  # noqa: DTZ007 - only whether it parses counts
    except ValueError:
        return False
    return True


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _length(argument: str) -> Constraint:
    bounds = [int(part) for part in argument.split(",")]
    shortest, longest = bounds if len(bounds) > 1 else bounds * 2
    return lambda text: shortest <= _utf16_length(text) <= longest


def _shortest(argument: str) -> Constraint:
    shortest = int(argument)
    return lambda text: _utf16_length(text) >= shortest


def _longest(argument: str) -> Constraint:
    longest = int(argument)
    return lambda text: _utf16_length(text) <= longest


def _range(argument: str) -> Constraint:
    lowest, highest = (int(part) for part in argument.split(","))
    return partial(_is_between, lowest, highest)


def _expression(argument: str) -> Constraint:
    expression = re.compile(argument, re.IGNORECASE)
    return lambda text: expression.search(text) is not None


_PLAIN: dict[str, Constraint] = {
    "int": partial(_is_between, -(2**31), 2**31 - 1),
    "long": partial(_is_between, -(2**63), 2**63 - 1),
    "bool": lambda text: text.strip().lower() in ("true", "false"),
    "guid": partial(_matches, _GUID),
    "alpha": _expression("^[a-z]*$"),
    "datetime": _is_date,
    "decimal": partial(_matches, _DECIMAL),
    "double": partial(_matches, _FLOAT),
    "float": partial(_matches, _FLOAT),
    "required": lambda text: text != "",
}
_WITH_ARGUMENT: dict[str, Callable[[str], Constraint]] = {
    "length": _length,
    "minlength": _shortest,
    "maxlength": _longest,
    "min": lambda argument: partial(_is_between, int(argument), 2**63 - 1),
    "max": lambda argument: partial(_is_between, -(2**63), int(argument)),
    "range": _range,
    "regex": _expression,
}
