import pytest

from local.seed import OFFICER, SITES, seed
from services.catalog.publishing import read_definition
from services.pickup.entitlement.section import pickup_of
from services.pickup.stock.fields import AllotFields
from stores.shipped import FOLDER, read_yaml
from tests.counter import current
from tests.pickup_counter import PickupCounter
from wiring import SECTIONS

RELIEF = FOLDER / "relief-supplies.yaml"


@pytest.fixture
async def counter() -> PickupCounter:
    """Return a counter that was seeded once."""
    counter = PickupCounter(current(**read_yaml(RELIEF)))
    await seed(counter.keeping, counter.clock())
    return counter


async def slots(counter: PickupCounter) -> list[str]:
    return [f"{site}.{slot}" for site, *_ in SITES for slot in (await counter.keeping.site(site)).slots]


async def test_a_fresh_desk_has_two_sites_with_slots_on_three_days(counter):
    found = await slots(counter)

    assert len(found) == 3 * (3 + 4)
    assert "mihon-gym.delivery-20261126-1300" in found


async def test_seeding_again_changes_nothing(counter):
    before = dict(counter.sites.documents)

    await seed(counter.keeping, counter.clock())

    assert counter.sites.documents == before


async def test_the_next_day_adds_a_day(counter):
    before = await slots(counter)
    counter.clock.pass_(24 * 3600)

    await seed(counter.keeping, counter.clock())

    assert {name[-13:-5] for name in set(await slots(counter)) - set(before)} == {"20261127"}


async def test_what_officers_changed_stays_as_they_left_it(counter):
    slot = "pickup-20261124-1000"
    await counter.keeping.allot("mihon-gym", slot, AllotFields(id="fewer-0001", places=-10), OFFICER)
    await counter.keeping.close_slot("mihon-gym", "pickup-20261124-1300", OFFICER)
    before = dict(counter.sites.documents)

    await seed(counter.keeping, counter.clock())

    assert counter.sites.documents == before


def test_the_seeds_name_items_that_are_handed_out():
    known = {item.id for item in pickup_of(read_definition(read_yaml(RELIEF), SECTIONS)).supplies.items}

    assert all(set(more) <= known for _, _, more, _ in SITES)
