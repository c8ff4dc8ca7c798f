"""The steps that pickup takes, by their kind, and the tasks that it makes, by the reasons for them."""

from collections.abc import Sequence

from services.advance.dispatching import Dispatching, Plan
from services.advance.service import Take
from services.case.request import Case, Request, Step
from services.case.task import PlannedTask
from services.catalog.routing import CompiledService, review
from services.pickup.asking import (
    DELIVERED_AGAIN,
    HANDING_OVER,
    HOUSEHOLD,
    OF_HANDING_OVER,
    OF_HOUSEHOLD,
    PLACE_HELD,
    notice,
)
from services.pickup.booking.reservations import Reservations
from services.pickup.counter.correcting import Correcting
from services.pickup.counter.counter import Counter
from services.pickup.entitlement.section import pickup_of
from services.pickup.households.matching import Matching


def steps(
    dispatching: Dispatching,
    reservations: Reservations,
    matching: Matching,
    correcting: Correcting,
    counter: Counter,
) -> dict[str, Take]:
    """Return who takes which kind of step."""

    async def tell(case: Case, id_: str, step: Step) -> Case:
        return await dispatching.make(case, id_, step, lambda service, _: (notice(service, step.reason or PLACE_HELD),))

    return {
        "reserve": reservations.reserve,
        "expire": reservations.expire,
        "giveback": reservations.give_back,
        "match": matching.take,
        "correct": correcting.take,
        "delivered": counter.deliver,
        "notice": tell,
    }


def _review(route: str, reason: str) -> Plan:
    return lambda service, _: (review(service.definition, route, reason),)


def _deliver_again(service: CompiledService, request: Request) -> Sequence[PlannedTask]:
    """Plan the task that takes supplies to a household once more; nothing else is done again."""
    pickup = pickup_of(service.definition)
    route = pickup.routes.get("delivery") if pickup else None
    return [task for task in service.plan_of(request) if task.route == route]


PLANS: dict[str, Plan] = {
    **{reason: _review(HOUSEHOLD, reason) for reason in OF_HOUSEHOLD},
    **{reason: _review(HANDING_OVER, reason) for reason in OF_HANDING_OVER},
    DELIVERED_AGAIN: _deliver_again,
}
