"""Rules of a service definition: CEL expressions over the answers, compiled once, strict about what they return."""

import re
from functools import cache
from typing import Any

from cel_expr_python import cel

from services import door
from services.catalog.expressions import MOST_WORK, cost_of


class RuleError(Exception):
    """Say in Japanese, for the editor, why a rule does not compile, or what it did instead of returning its value."""


class Rule:
    """Hold one compiled expression over `answers` and `today` that must return a bool or a string."""

    def __init__(self, expression: str, returns: type[bool] | type[str]) -> None:
        self._shown = door.step(expression)
        self._returns = returns
        try:
            self._compiled = _environment().compile(expression)
        except Exception as error:
            raise RuleError(f"「{self._shown}」は式として読めません：{_in_japanese(str(error))}") from error
        if self._compiled.return_type() not in (_CEL_TYPES[returns], cel.Type.DYN):
            raise RuleError(f"「{self._shown}」の答えが、{_NAMES[returns]}ではありません")
        self._cost = cost_of(self._compiled.serialize())

    @property
    def faults(self) -> tuple[str, ...]:
        """Return why the rule may not be published: what has no bound in memory or time. It fails on every answer."""
        return self._cost.faults

    def asks(self, name: str) -> bool:
        """Tell whether the expression names a variable."""
        return name in self._cost.names

    def __call__(self, answers: dict[str, Any], today: str) -> Any:
        """Evaluate the rule on a day (`2026-11-24`).

        Raises RuleError for anything but a value of its type (a missing key), and before it looks at more than a rule
        may.
        """
        if self.faults:
            raise RuleError(f"「{self._shown}」：{self.faults[0]}")
        if self._cost.work(answers) > MOST_WORK:
            raise RuleError(f"「{self._shown}」は、この答えでは手間がかかりすぎます")
        try:
            result = self._compiled.eval(data={"answers": answers, "today": today})
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            raise RuleError(f"「{self._shown}」は、この答えでは手間がかかりすぎます") from error
        if result.type() != _CEL_TYPES[self._returns]:
            hint = "ない項目を読んでいるか（has( ) で確かめます）、値の型が違います"
            raise RuleError(f"「{self._shown}」の答えが{_NAMES[self._returns]}になりません。{hint}")
        return result.value()


_CEL_TYPES = {bool: cel.Type.BOOL, str: cel.Type.STRING}
_NAMES = {bool: "はい・いいえ（true、false）", str: "文字"}


@cache
def _environment() -> cel.Env:
    of_answers = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    return cel.NewEnv(variables={"answers": of_answers, "today": cel.Type.STRING})


def _in_japanese(error: str) -> str:
    """Say where an expression stops being one, and what stands there, as far as the library tells."""
    found = re.search(r":(\d+):(\d+): (.*)", error)
    if found is None:
        return "正しい式ではありません"
    line, column, what = found.groups()
    unknown = re.search(r"undeclared reference to '([^']*)'", what)
    if unknown:
        told = f"「{unknown[1]}」という名前はありません（answers と today が使えます）"
    elif "no matching overload" in what:
        told = "組み合わせられない型の値です"
    else:
        told = "書きかたが正しくありません"
    return f"{line}行{int(column) + 1}文字目の近く：{told}"
