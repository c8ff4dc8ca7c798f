"""Route templates as the Functions host matches them (ASP.NET Core's rules), without any I/O."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from local.host.constraints import Constraint, RouteError, constraint

_PART = re.compile(r"\{(?!\{)(?P<parameter>(?:[^{}]|\{\{|\}\})*)\}|(?P<literal>(?:[^{}/]|\{\{|\}\})+)|(?P<slash>/)")
_PARAMETER = re.compile(
    r"(?P<stars>\*{0,2})(?P<name>[^*/:=?{}]+)"
    r"(?P<constraints>(?::[^:=()]+(?:\(.*?\)(?=[:=]|$))?)*)(?:=(?P<default>.*))?",
    re.DOTALL,
)
_CONSTRAINT = re.compile(r":([^:=()]+)(?:\((.*?)\)(?=[:=]|$))?", re.DOTALL)


@dataclass(frozen=True)
class Parameter:
    """A `{parameter}` of a template."""

    name: str
    constraints: tuple[Constraint, ...] = ()
    optional: bool = False
    default: str | None = None
    catch_all: bool = False

    def allows(self, value: str | None) -> bool:
        """Tell whether this value, or its absence, keeps every constraint."""
        if value is None:
            return self.optional or not self.constraints
        return all(keeps(value) for keeps in self.constraints)


@dataclass(frozen=True)
class Segment:
    """What stands between two slashes of a template."""

    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]
    alone: bool

    @property
    def catches_all(self) -> bool:
        """Whether it takes the rest of the path."""
        return self.alone and self.parameters[0].catch_all

    @property
    def may_be_absent(self) -> bool:
        """Whether a path may end before it."""
        if not self.alone:
            return False
        parameter = self.parameters[0]
        return parameter.optional or parameter.catch_all or parameter.default is not None


class Route:
    """A parsed route template. Raises RouteError where the Functions host would refuse it."""

    def __init__(self, template: str) -> None:
        self.segments = [_segment(parts) for parts in _split(template.removeprefix("~/").removeprefix("/"))]
        self.parameters = [parameter for segment in self.segments for parameter in segment.parameters]
        names = [parameter.name.lower() for parameter in self.parameters]
        if len(set(names)) < len(names):
            raise RouteError(f"route '{template}' names a parameter twice")
        if any(parameter.catch_all for parameter in self.parameters[:-1]) or (
            self.segments and not self.segments[-1].catches_all and any(p.catch_all for p in self.parameters)
        ):
            raise RouteError(f"route '{template}': a catch-all parameter must be the last segment")

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters' values where this decoded path matches, else None."""
        values = self._captured(path.removeprefix("/").split("/"))
        if values is None:
            return None
        for parameter in self.parameters:
            if parameter.default is not None:
                values.setdefault(parameter.name, parameter.default)
        return values if all(parameter.allows(values.get(parameter.name)) for parameter in self.parameters) else None

    def _captured(self, pieces: list[str]) -> dict[str, str] | None:
        values: dict[str, str] = {}
        walked = pieces if pieces[-1] else pieces[:-1]
        for index, piece in enumerate(walked):
            if not piece or index >= len(self.segments):
                return None
            segment = self.segments[index]
            if segment.catches_all:
                values[segment.parameters[0].name] = "/".join(pieces[index:])
                return values
            found = segment.pattern.fullmatch(piece)
            if not found:
                return None
            values |= zip((parameter.name for parameter in segment.parameters), found.groups(), strict=True)
        return values if all(segment.may_be_absent for segment in self.segments[len(walked) :]) else None


def with_prefix(prefix: str, template: str) -> str:
    """Return the template under host.json's route prefix."""
    return f"{prefix}/{template}" if prefix else template


def _split(template: str) -> Iterator[list[str | Parameter]]:
    if not template:
        return
    parts: list[str | Parameter] = []
    position = 0
    while position < len(template):
        found = _PART.match(template, position)
        if not found:
            raise RouteError(f"route '{template}' has a brace too many or too few")
        position = found.end()
        if found["slash"]:
            yield _not_empty(template, parts)
            parts = []
        else:
            parts.append(_literal(found["literal"]) if found["literal"] else _parameter(found["parameter"]))
    if parts:
        yield parts


def _not_empty(template: str, parts: list[str | Parameter]) -> list[str | Parameter]:
    if not parts:
        raise RouteError(f"route '{template}' has two slashes in a row")
    return parts


def _literal(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def _parameter(text: str) -> Parameter:
    text = _literal(text)
    optional = text.endswith("?")
    found = _PARAMETER.fullmatch(text.removesuffix("?"))
    if not found:
        raise RouteError(f"route parameter '{{{text}}}' is not valid")
    if optional and (found["default"] is not None or found["stars"]):
        raise RouteError(f"route parameter '{{{text}}}' cannot be optional and catch all or have a default")
    rules = tuple(constraint(name, argument) for name, argument in _constraints(found["constraints"]))
    return Parameter(found["name"], rules, optional, found["default"], bool(found["stars"]))


def _constraints(text: str) -> Iterator[tuple[str, str | None]]:
    for found in _CONSTRAINT.finditer(text):
        yield found[1], found[2]


def _segment(parts: list[str | Parameter]) -> Segment:
    parameters = tuple(part for part in parts if isinstance(part, Parameter))
    if len(parts) > 1 and any(parameter.optional or parameter.default is not None for parameter in parameters):
        raise RouteError(
            "the local host knows optional parameters and defaults only where they stand alone in a segment"
        )
    if any(isinstance(part, Parameter) and isinstance(after, Parameter) for part, after in pairwise(parts)):
        raise RouteError("two route parameters must be separated by a literal")
    pattern = "".join(re.escape(part) if isinstance(part, str) else "(.+)" for part in parts)
    return Segment(re.compile(pattern, re.IGNORECASE | re.DOTALL), parameters, len(parts) == 1 and bool(parameters))
