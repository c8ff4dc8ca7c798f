"""Any read of any document may be old: nothing that was granted is lost, and nobody is served twice.

`pytest -n0 --hypothesis-profile=long tests/services/pickup/test_old_reads.py` searches longer, each time elsewhere.
"""

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tests.services.pickup.lagging_town import SPLIT, Command, LaggingTown
from tests.services.pickup.town import MORNING, NOON
from tests.trouble import LoopWithoutWaiting

STEPS = 12
SIDE_BY_SIDE = (1, 1, 2, 3)
PEOPLE = 4
SECONDS = (1, 70, 4_000, 45_000)

type Draw = random.Random
COMMANDS: dict[str, tuple[int, Callable[[Draw], Command]]] = {
    "asks": (4, lambda draw: (draw.randrange(PEOPLE), draw.choice([None, MORNING, NOON]))),
    "withdraws": (1, lambda draw: (draw.randrange(PEOPLE),)),
    "chooses": (2, lambda draw: (draw.randrange(PEOPLE), draw.choice([MORNING, NOON]))),
    "confirms": (1, lambda draw: (draw.randrange(PEOPLE),)),
    "comes": (2, lambda draw: (draw.randrange(PEOPLE),)),
    "is_corrected": (2, lambda draw: (draw.randrange(PEOPLE), draw.randrange(3), draw.randrange(1, 4))),
    "is_judged": (1, lambda draw: (draw.randrange(PEOPLE),)),
    "closes": (1, lambda draw: (draw.choice([MORNING, NOON]),)),
    "moves": (1, lambda draw: (draw.randrange(1, 3),)),
    "splits": (1, lambda draw: ()),
    "is_tended": (1, lambda draw: (draw.choice([MORNING, NOON, SPLIT]),)),
    "works": (1, lambda draw: ()),
    "time_passes": (2, lambda draw: (draw.choice(SECONDS),)),
}
"""What may happen, how often in comparison, and with what."""
WEIGHTS = [weight for weight, _ in COMMANDS.values()]


def command(draw: Draw) -> Command:
    [name] = draw.choices(list(COMMANDS), WEIGHTS)
    return (name, *COMMANDS[name][1](draw))


def scenario(seed: int) -> list[list[Command]]:
    """Return steps of commands that happen side by side, the same for the same seed."""
    draw = random.Random(seed)
    return [[command(draw) for _ in range(draw.choice(SIDE_BY_SIDE))] for _ in range(STEPS)]


async def live_through(seed: int, lag: float) -> None:
    town = LaggingTown()
    await town.begin(lag, seed)
    await town.run(scenario(seed))
    await town.calm_down()
    town.check()


@given(seed=st.integers(0, 1_000_000), lag=st.sampled_from([0.0, 0.1, 0.3, 0.5]))
def test_whatever_is_read_from_behind_nothing_granted_is_lost_and_nobody_is_served_twice(seed: int, lag: float):
    loop = LoopWithoutWaiting()
    try:
        loop.run_until_complete(live_through(seed, lag))
    finally:
        loop.close()
