"""The steps that pickup takes, by their kind."""

from services.advance.dispatching import Dispatching
from services.advance.service import Take
from services.pickup.asking import plan_notice
from services.pickup.correcting import Correcting
from services.pickup.counter import Counter
from services.pickup.matching import Matching
from services.pickup.reservations import Reservations
from services.requests.model import Case, Step


def steps(
    dispatching: Dispatching,
    reservations: Reservations,
    matching: Matching,
    correcting: Correcting,
    counter: Counter,
) -> dict[str, Take]:
    """Return who takes which kind of step."""

    async def notice(case: Case, id_: str, step: Step) -> Case:
        return await dispatching.make(case, id_, step, plan_notice(step))

    return {
        "reserve": reservations.reserve,
        "expire": reservations.expire,
        "giveback": reservations.give_back,
        "match": matching.take,
        "correct": correcting.take,
        "delivered": counter.deliver,
        "notice": notice,
    }
