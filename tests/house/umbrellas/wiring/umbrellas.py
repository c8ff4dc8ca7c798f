"""Umbrellas that the counter lends."""

from services.umbrellas.lending import Lending
from services.umbrellas.loans import NAME, Umbrellas, UmbrellasPart
from stores.umbrellas import UMBRELLAS, CosmosUmbrellas

from stores.cosmos import Cosmos
from wiring.app import App
from wiring.capability import Added, Capability
from wiring.core import Core


def umbrellas(app: App) -> Lending:
    """Return who lends umbrellas."""
    added: Lending = app.added[NAME]
    return added


def _build(core: Core, cosmos: Cosmos) -> Added:
    lending = Lending(core.stores.requests, CosmosUmbrellas(cosmos), core.clock)
    return Added(services=lending, steps={"lend": lending.lend, "take-back": lending.take_back})


CAPABILITY = Capability(
    name=NAME,
    build=_build,
    part=UmbrellasPart,
    section=Umbrellas,
    containers=(UMBRELLAS,),
    still_lasts="(IS_DEFINED(c.loan.umbrella) AND NOT IS_DEFINED(c.loan.isBack))",
)
