import copy

import pytest

from services.catalog import publishing
from services.errors import DefinitionRefused
from tests.counter import DEFINITION
from tests.pickup import PICKUP_DEFINITION, SUPPLIES
from wiring import SECTIONS


def test_a_text_may_offer_the_slots_that_are_open():
    raw = copy.deepcopy(DEFINITION)
    raw["form"]["properties"]["note"]["x-options"] = "pickup-slots"

    publishing.check(publishing.read_definition(raw, SECTIONS), SECTIONS)


def test_supplies_are_bounded_before_they_are_compared_with_each_other():
    raw = copy.deepcopy(PICKUP_DEFINITION)
    raw["pickup"]["supplies"]["items"] = [{**SUPPLIES["items"][0], "id": f"kit{n}"} for n in range(200)]

    with pytest.raises(DefinitionRefused, match="at most 200"):
        publishing.checked(raw, SECTIONS)
