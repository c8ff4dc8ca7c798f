import copy
from typing import Any

import pytest

from services.catalog import publishing
from services.catalog.model import Edition
from services.catalog.routing import CompiledService
from services.errors import DefinitionRefused
from services.times import NEVER
from tests.counter import DEFINITION
from tests.pickup import PICKUP_DEFINITION, SUPPLIES
from wiring import SECTIONS


def with_slots(field: str, raw: dict[str, Any]) -> dict[str, Any]:
    raw = copy.deepcopy(raw)
    label = {"x-text": {"label": {"ja": "枠"}}}
    raw["form"]["properties"][field] = {"type": "string", "x-options": "pickup-slots", **label}
    return raw


def test_a_text_may_offer_the_slots_that_are_open():
    raw = with_slots("slot", PICKUP_DEFINITION)
    raw["pickup"]["answers"]["slot"] = "/slot"

    publishing.checked(raw, SECTIONS)


@pytest.mark.parametrize(("field", "raw"), [("slot", DEFINITION), ("other", PICKUP_DEFINITION)])
def test_slots_that_nothing_would_book_are_not_offered(field: str, raw: dict[str, Any]):
    with pytest.raises(DefinitionRefused, match=f"form.properties.{field}.x-options: "):
        publishing.checked(with_slots(field, raw), SECTIONS)


def test_supplies_are_bounded_before_they_are_compared_with_each_other():
    raw = copy.deepcopy(PICKUP_DEFINITION)
    raw["pickup"]["supplies"]["items"] = [{**SUPPLIES["items"][0], "id": f"kit{n}"} for n in range(200)]

    with pytest.raises(DefinitionRefused, match="合わせて200まで"):
        publishing.checked(raw, SECTIONS)


@pytest.mark.parametrize(
    ("slot", "codes"),
    [
        ({}, []),
        ({"slot": "school.pickup-20261124-1000"}, []),
        ({"slot": "nonsense"}, ["pattern"]),
        ({"slot": ""}, ["pattern"]),
    ],
)
def test_an_answer_that_names_no_slot_is_refused_where_one_is_chosen(slot: dict[str, str], codes: list[str]):
    raw = with_slots("slot", PICKUP_DEFINITION)
    raw["pickup"]["answers"]["slot"] = "/slot"
    edition = Edition(service=raw["id"], version=1, published_at=NEVER, definition=publishing.checked(raw, SECTIONS))

    errors = CompiledService.of(edition).errors({**raw["form"]["examples"][0], **slot}, "2026-11-24")

    assert [(error.pointer, error.code) for error in errors] == [("/slot", code) for code in codes]
