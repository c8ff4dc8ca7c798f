"""Whatever anyone sends about supplies, one call costs the processor little; the worst stand in functions/worst.py."""

from typing import Any

import pytest

from services.pickup.tables import imports
from services.pickup.tables.sheets import MOST_BYTES
from stores.shipped import FOLDER, read_yaml
from tests import pickup, served
from tests.counter import KEY
from tests.functions.worst import (
    CHEAP,
    CONTACT,
    OF_STAFF,
    REFERENCE,
    ROLES,
    TEXTS,
    answered,
    cost,
    encoded,
    functions_in,
    hold_addresses,
    hold_all_bodies,
    hold_all_forms,
    hold_all_messages,
    hold_bodies,
    hold_forms,
    hold_large_definition,
    hold_look_at_request,
    hold_messages,
    is_answered_meanwhile,
    worst_texts,
)
from tests.pickup_counter import PickupCounter

NOW = "2026-11-22T23:00:00Z"
SERVICE = "relief-supplies"
ANSWERS = read_yaml(FOLDER / f"{SERVICE}.yaml")["form"]["examples"][0]
SUBMISSION = {"service": SERVICE, "answers": ANSWERS, "contact": CONTACT, "locale": "ja", "channel": "web"}
REASON = {"reference": REFERENCE, "reason": "見本"}
MOVE = {"id": "delivery-0001", "kind": "received", "lines": {"water": 1}, "reason": "見本"}
SLOT = {"starts": "2026-11-26T01:00:00Z", "ends": "2026-11-26T02:00:00Z", "places": 1, "allotted": {"water": 1}}
SITE = {"name": {"ja": "見本"}, "kind": "shelter", "address": "見本市", "hours": {"ja": "9時"}, "phone": "0000-00-0000"}

BODIES: dict[str, dict[str, Any]] = {
    "submit_request": SUBMISSION,
    "choose_place": {"slot": "school.pickup-20261126-1000"},
    "confirm_place": {},
    "show_card": {"reference": REFERENCE, "view": "view-0001"},
    "hand_over": {
        "reference": REFERENCE,
        "id": "hand-0001",
        "receiver": "proxy",
        "proxyName": "見本",
        "at": NOW,
    },
    "search_cards": {"kana": "ミホン", "address": "見本市", "birthDate": "1990-01-01", "reason": "見本"},
    "take_in_at_counter": {"service": SERVICE, "answers": ANSWERS, "contact": CONTACT, "id": KEY},
    "take_in_form_at_counter": {"service": SERVICE, "typed": {"/answers/notes": ["見本"]}, "id": KEY},
    "take_roster": {"site": "school", "view": "view-0001"},
    "correct_household": {**REASON, "id": "correct-0001", "answers": {"address": "見本市"}},
    "serve_again": REASON,
    "refold_next": {"dryRun": True, "after": REFERENCE},
    "put_site": SITE,
    "move_stock": MOVE,
    "open_slot": SLOT,
    "allot_to_slot": {"id": "allot-0001", "lines": {"water": 1}, "places": 1},
    "close_slot": {},
    "decide_split": {"id": "split-0001", "rule": "first_come", "reason": "見本", "basis": "a" * 16},
}
"""A good body for each function that reads one; its worst are made of it."""
TABLES = {
    "import_sites": imports.SITE_COLUMNS,
    "import_stock": imports.STOCK_COLUMNS,
    "import_slots": imports.SLOT_COLUMNS,
}
SERVICES = (SERVICE,)
LOOKS = ("/slot",)
MESSAGES = {
    "take_in_submission": {**SUBMISSION, "idempotencyKey": KEY, "receivedAt": "2026-11-23T00:00:00Z"},
    "advance_request": {"reference": REFERENCE},
    "record_poisoned_submission": {**SUBMISSION, "idempotencyKey": KEY, "receivedAt": "2026-11-23T00:00:00Z"},
    "record_poisoned_wake_up": {"reference": REFERENCE},
}
ROUTE = {
    "lang": "ja",
    "id": SERVICE,
    "team": "supplies",
    "reference": REFERENCE,
    "site": "school",
    "slot": "pickup-20261126-1000",
}
NAMES = functions_in("pickup")


@pytest.fixture
async def staff() -> dict[str, str]:
    """Serve the shipped services over fakes, and return what a member of staff with every role sends."""
    counter = await served.shipped(PickupCounter)
    await counter.keeping.put_site("school", pickup.site(), pickup.OFFICER)
    app, token = served.signed_in(served.app_over(counter), ROLES)
    served.serve(app)
    return {"Authorization": f"Bearer {token}"}


def test_no_function_is_left_out():
    reads_nothing = {name for name in NAMES if served.method_of(served.FUNCTIONS[name]) == "GET"}

    assert {*BODIES, *TABLES} - {"submit_request"} == NAMES - reads_nothing


@pytest.mark.parametrize("name", sorted(set(BODIES) - {"take_in_form_at_counter"}))
async def test_what_the_worst_are_made_of_is_good(name: str, staff: dict[str, str]):
    headers = {"Idempotency-Key": KEY, **staff}
    response = await served.call(name, encoded(BODIES[name]), headers=headers, route=ROUTE)

    assert response.status_code < 400 or served.said(response)["code"] not in ("bad_request", "invalid")


@pytest.mark.parametrize("name", BODIES)
async def test_no_body_costs_much(name: str, staff: dict[str, str]):
    await hold_bodies(name, BODIES[name], list(BODIES).index(name), staff, ROUTE)


@pytest.mark.deep
@pytest.mark.parametrize("name", BODIES)
async def test_no_body_costs_much_with_any_of_the_worst_at_any_of_its_fields(name: str, staff: dict[str, str]):
    await hold_all_bodies(name, BODIES[name], staff, ROUTE)


@pytest.mark.parametrize("service", SERVICES)
async def test_no_form_costs_much(service: str, staff: dict[str, str]):
    await hold_forms(service, SERVICES.index(service))


@pytest.mark.deep
@pytest.mark.parametrize("service", SERVICES)
async def test_no_form_costs_much_with_any_of_the_worst_in_any_of_its_controls(service: str, staff: dict[str, str]):
    await hold_all_forms(service)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", LOOKS)
async def test_no_look_at_a_request_costs_much(name: str, text: str, staff: dict[str, str]):
    await hold_look_at_request(name, text)


@pytest.mark.parametrize("text", TEXTS)
async def test_no_address_and_no_header_costs_much(text: str, staff: dict[str, str]):
    await hold_addresses(NAMES, text, staff, ROUTE)


@pytest.mark.parametrize("name", MESSAGES)
async def test_no_message_costs_much(name: str, staff: dict[str, str]):
    await hold_messages(name, MESSAGES[name], list(MESSAGES).index(name))


@pytest.mark.deep
@pytest.mark.parametrize("name", MESSAGES)
async def test_no_message_costs_much_with_any_of_the_worst_at_any_of_its_fields(name: str, staff: dict[str, str]):
    await hold_all_messages(name, MESSAGES[name])


async def test_a_large_definition_is_checked_beside_other_calls(staff: dict[str, str]):
    await hold_large_definition(SERVICE, staff)


async def test_many_controls_are_refused_and_as_many_as_are_taken_cost_little(staff: dict[str, str]):
    many = b"&".join([b"/answers/notes=" + b"x" * 400] * 499)

    assert (await served.call("answer_form", b"a=&" * 80_000, route=ROUTE)).status_code == 400
    assert await cost(lambda: answered("answer_form", many, {}, ROUTE), CHEAP) <= CHEAP


@pytest.mark.parametrize("name", TABLES)
async def test_no_table_costs_much_and_other_calls_are_answered_meanwhile(name: str, staff: dict[str, str]):
    header = ",".join(column.key for column in TABLES[name]).encode() + b"\n"
    tables = {
        "commas": header + b"," * MOST_BYTES,
        "empty lines": header + b"\n" * MOST_BYTES,
        "short lines": header + b"a\n" * MOST_BYTES,
        "one column again and again": b"item," * MOST_BYTES,
        "one long cell": header + b'"' + worst_texts(MOST_BYTES - 500)["marks out of order"].encode() + b'"',
        "many cells of marks": header + b"\n".join([f"a{'\u0300' * 140}{'\u0316' * 140},1,,,,,,".encode()] * 1000),
    }
    for label, table in tables.items():
        call = lambda: answered(name, table[:MOST_BYTES], {**staff, "Content-Type": "text/csv"}, ROUTE)  # noqa: B023, E731

        assert await cost(call, OF_STAFF) <= OF_STAFF, label
        assert await is_answered_meanwhile(call), label
