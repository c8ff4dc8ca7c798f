import re
from collections.abc import Iterator

import msgspec
import pytest

from functions.edge.texts import LANGUAGES
from services.pickup.entitlement.supplies import Supplies, lines_for, problems
from stores.shipped import FOLDER, read_yaml

DEFINITION = read_yaml(FOLDER / "relief-supplies.yaml")
FORM = DEFINITION["form"]
SHIPPED = msgspec.convert(DEFINITION["pickup"]["supplies"], Supplies)
ASKED_FOR = FORM["properties"]["items"]["items"]["enum"]
UNREAD_KANJI = re.compile("[一-鿿々]+(?!（[ぁ-ん]+）)(?![一-鿿々])")


def texts() -> Iterator[dict[str, str]]:
    for policy in SHIPPED.policies:
        yield policy.title
    for item in SHIPPED.items:
        yield item.title
        yield item.unit


def test_the_shipped_supplies_can_be_used():
    assert problems(SHIPPED) == ()


def test_every_item_of_the_form_has_its_supply_and_every_supply_its_item():
    assert [item.id for item in SHIPPED.items] == ASKED_FOR


def test_every_policy_is_that_of_an_item():
    assert {item.policy for item in SHIPPED.items} == {policy.id for policy in SHIPPED.policies}


def test_every_text_is_in_every_language_and_easy_japanese_with_its_readings():
    assert [text for text in texts() if set(text) != set(LANGUAGES)] == []
    assert [found for text in texts() for found in UNREAD_KANJI.findall(text["ja-easy"])] == []


def test_a_family_of_four_gets_what_it_asks_for():
    lines = lines_for(SHIPPED, ASKED_FOR, 4, {"infants": 1, "elderly": 1})

    assert lines == {
        "water": 24,
        "food": 12,
        "blanket": 6,
        "infantMilk": 1,
        "childDiapers": 1,
        "adultDiapers": 2,
        "portableToilet": 20,
        "toiletPaper": 4,
        "sanitaryPads": 4,
    }


@pytest.mark.parametrize("members", [1, 2, 100])
def test_a_household_with_nobody_flagged_gets_everything_that_is_not_for_small_children(members: int):
    assert set(ASKED_FOR) - set(lines_for(SHIPPED, ASKED_FOR, members, {})) == {"infantMilk", "childDiapers"}
