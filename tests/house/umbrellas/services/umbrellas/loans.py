"""What is kept of an umbrella on a request, and what a definition says of umbrellas."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import msgspec

from services.case.request import Request, Step, with_part
from services.case.task import Task
from services.catalog.model import Definition
from services.errors import FieldError
from services.texts import Text
from services.times import Instant

NAME = "umbrellas"


class Loan(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Hold which umbrella a resident has, and whether it came back."""

    umbrella: str
    is_back: bool = False


class UmbrellasPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hold the loan of a request."""

    loan: Loan | None = None

    @property
    def lasts(self) -> bool:
        """Tell whether an umbrella is still out."""
        return self.loan is not None and not self.loan.is_back

    @property
    def stands_still(self) -> bool:
        """Leave it to whoever has the umbrella."""
        return False

    @property
    def is_served(self) -> bool | None:
        """Leave it to the tasks: an umbrella is nothing that was asked for."""
        return None

    def let_go(self, pending: Mapping[str, Step], now: Instant) -> tuple["UmbrellasPart", dict[str, Step]]:
        """Ask for the umbrella back."""
        return self, {"take-back": Step(kind="take-back", at=now)} if self.lasts else {}


class Umbrellas(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let whoever asks for a service have an umbrella, if there is one."""

    reserved_routes: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[tuple[str, ...]] = ()

    rules: Text

    def problems(self, definition: Definition) -> Iterator[str]:
        """Ask for the rules in Japanese."""
        if not self.rules.get("ja"):
            yield "umbrellas.rules.ja: 日本語の文が必要です"

    def errors(self, answers: Mapping[str, Any]) -> Iterator[FieldError]:
        """Refuse nothing."""
        return iter(())

    def first_steps(self, step: Step) -> dict[str, Step]:
        """Lend an umbrella."""
        return {"lend": msgspec.structs.replace(step, kind="lend", reason=None)}

    def task_ended(self, request: Request, definition: Definition, task: Task, outcome: str, now: Instant) -> Request:
        """Change nothing."""
        return request


def loan_of(request: Request) -> Loan | None:
    """Return the loan of a request."""
    part = request.parts.get(NAME)
    return part.loan if isinstance(part, UmbrellasPart) else None


def with_loan(request: Request, loan: Loan) -> Request:
    """Let a request have this loan."""
    return with_part(request, NAME, UmbrellasPart(loan=loan))
