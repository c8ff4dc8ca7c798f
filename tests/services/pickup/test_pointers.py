"""What a definition points to is published, booked and corrected, whatever characters the names of its fields have."""

import json
from typing import Any

import pytest

from services.case.request import Contact
from tests.pickup import PICKUP_DEFINITION, answers
from tests.services.pickup.correcting_desk import Desk

NAMES = {"items": ("a/b", "/a~1b"), "members": ("a~b", "/a~0b"), "address": ("a~1b", "/a~01b")}
"""What fields of the form are called instead, and the pointers to them (RFC 6901)."""


@pytest.fixture
async def desk() -> Desk:
    desk = Desk()
    await desk.open(3, 3)
    await desk.counter.catalog.publish(definition())
    return desk


def definition() -> dict[str, Any]:
    raw = json.loads(json.dumps(PICKUP_DEFINITION).replace("answers.members", "answers['a~b']"))
    form = raw["form"]
    form["properties"] = renamed(form["properties"])
    form["required"] = list(renamed(dict.fromkeys(form["required"])))
    form["examples"] = [renamed(example) for example in form["examples"]]
    for case in raw["cases"]:
        case["answers"] = renamed(case["answers"])
    raw["pickup"]["answers"] |= {field: pointer for field, (_, pointer) in NAMES.items()}
    return raw


def renamed(fields: dict[str, Any]) -> dict[str, Any]:
    return {NAMES[name][0] if name in NAMES else name: value for name, value in fields.items()}


async def test_fields_with_a_slash_or_a_tilde_in_their_names_are_booked_and_corrected(desk: Desk):
    receipt = await desk.counter.submit(
        service="kits", answers=renamed(answers(1)), contact=Contact(phone="090-0000-0001")
    )
    await desk.counter.run_workers()
    booking = desk.booking(receipt)
    assert (booking.state, booking.members, booking.lines) == ("confirmed", 2, {"kit": 1})

    corrected = await desk.correct(receipt, **{"a~b": 3, "a~1b": "見本市西町9番"})

    assert desk.booking(receipt).members == 3
    assert desk.booking(receipt).household != booking.household
    assert corrected.card.due == {"kit": 1}
