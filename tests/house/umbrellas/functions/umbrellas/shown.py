"""How the loan of a request is shown."""

from services.umbrellas.loans import loan_of

from functions.edge.capabilities import Shown, Standing
from services.case.request import Request
from wiring.app import App


async def standing(_: App, request: Request) -> Standing:
    """Tell which umbrella a resident has."""
    loan = loan_of(request)
    return Standing(says={"loan": {"umbrella": loan.umbrella, "isBack": loan.is_back}} if loan else {})


SHOWN = Shown(standing=standing, block="umbrellas/block.html")
