"""Lending umbrellas, and taking them back."""

from typing import Protocol

import msgspec
from services.umbrellas.loans import Loan, loan_of, with_loan

from services.case import cases
from services.case import request as requests
from services.case.ports import RequestStore
from services.case.request import Case, Changes, Step
from services.errors import NotFound
from services.times import Clock


class NoUmbrella(NotFound):
    """Say that a request has no umbrella."""

    code = "no_umbrella"


class UmbrellaStore(Protocol):
    """Keep umbrellas, each with the reference of whoever has it."""

    async def add(self, umbrella: str) -> None:
        """Add an umbrella; one that is there already stays as it is."""

    async def free(self) -> list[str]:
        """List the umbrellas that nobody has."""

    async def lend(self, reference: str) -> str | None:
        """Give a request an umbrella, the same again; None where none is free."""

    async def take_back(self, umbrella: str) -> None:
        """Let nobody have an umbrella."""


class Lending:
    """Lend umbrellas; each step may run twice."""

    def __init__(self, requests: RequestStore, umbrellas: UmbrellaStore, clock: Clock) -> None:
        self._requests = requests
        self._umbrellas = umbrellas
        self._clock = clock

    async def add(self, umbrella: str) -> None:
        """Add an umbrella."""
        await self._umbrellas.add(umbrella)

    async def free(self) -> list[str]:
        """List the umbrellas that nobody has."""
        return await self._umbrellas.free()

    async def lend(self, case: Case, id_: str, _step: Step) -> Case:
        """Lend an umbrella, if one is free, and clear the step."""
        umbrella = await self._umbrellas.lend(case.request.reference)

        def changes(read: Case) -> Changes:
            if id_ not in read.request.pending:
                return ()
            lent = with_loan(read.request, Loan(umbrella=umbrella)) if umbrella else read.request
            return (requests.without_step(lent, id_, self._clock()),)

        return await cases.change(self._requests, case.request.reference, changes, case)

    async def take_back(self, case: Case, id_: str, _step: Step) -> Case:
        """Take an umbrella back, and clear the step."""
        if loan := loan_of(case.request):
            await self._umbrellas.take_back(loan.umbrella)

        def changes(read: Case) -> Changes:
            loan = loan_of(read.request)
            if id_ not in read.request.pending or loan is None:
                return ()
            back = with_loan(read.request, msgspec.structs.replace(loan, is_back=True))
            return (requests.without_step(back, id_, self._clock()),)

        return await cases.change(self._requests, case.request.reference, changes, case)

    async def brought_back(self, reference: str) -> None:
        """Take back what a resident brings; raises UnknownRequest, NoUmbrella."""

        def changes(read: Case) -> Changes:
            loan = loan_of(read.request)
            if loan is None:
                raise NoUmbrella()
            if loan.is_back or "take-back" in read.request.pending:
                return ()
            step = Step(kind="take-back", at=self._clock())
            return (requests.with_step(read.request, "take-back", step),)

        case = await cases.change(self._requests, reference, changes)
        if "take-back" in case.request.pending:
            await self.take_back(case, "take-back", case.request.pending["take-back"])
