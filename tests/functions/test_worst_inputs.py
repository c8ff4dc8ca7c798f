"""Whatever anyone sends, one call costs the processor little: each function is driven with the worst of its size.

A capability drives its own functions in a module of this name in its folder.
"""

from pathlib import Path
from typing import Any

import pytest

from stores.shipped import FOLDER, read_yaml
from tests import served
from tests.counter import KEY, Counter
from tests.functions.worst import (
    CHEAP,
    CONTACT,
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
)

SERVICE = "disaster-certificate"
ANSWERS = read_yaml(FOLDER / f"{SERVICE}.yaml")["form"]["examples"][0]
SUBMISSION = {"service": SERVICE, "answers": ANSWERS, "contact": CONTACT, "locale": "ja", "channel": "web"}
LEASE = {"token": 1, "note": "見本"}

BODIES: dict[str, dict[str, Any]] = {
    "submit_request": SUBMISSION,
    "withdraw_request": {},
    "claim_tasks": {"claimId": "claim-0001", "max": 1, "leaseSeconds": 900},
    "claim_task": {"claimId": "claim-0001", "leaseSeconds": 900},
    "renew_task": {"token": 1, "leaseSeconds": 900},
    "release_task": LEASE,
    "revoke_task": LEASE,
    "complete_task": {**LEASE, "outcome": "done"},
    "reissue_access_code": {"reference": REFERENCE, "id": "reissue-0001", "checked": "other", "note": "見本"},
    "reissue_access_code_as_operator": {"reference": REFERENCE, "id": "reissue-0001", "checked": "passport"},
    "replay_failures": {"queue": "requests-intake", "from": "2026-11-26T00:00:00Z", "to": "2026-11-27T00:00:00Z"},
    "dismiss_failures": {"ids": ["a"], "reason": "見本"},
    "reconcile_now": {"dryRun": True},
    "pause_service": {"reason": {"ja": "見本"}},
    "resume_service": {},
}
"""A good body for each function that reads one; its worst are made of it."""
FORMS = {"answer_form", "check_answers", "send_request", "close_receipt", "show_request"}
DEFINITIONS = {"publish_service"}
SERVICES = (SERVICE,)
LOOKS = ("reference", "accessCode", "step")
MESSAGES = {
    "take_in_submission": {**SUBMISSION, "idempotencyKey": KEY, "receivedAt": "2026-11-23T00:00:00Z"},
    "advance_request": {"reference": REFERENCE},
    "record_poisoned_submission": {**SUBMISSION, "idempotencyKey": KEY, "receivedAt": "2026-11-23T00:00:00Z"},
    "record_poisoned_wake_up": {"reference": REFERENCE},
}
ROUTE = {"lang": "ja", "id": SERVICE, "team": "supplies", "reference": REFERENCE, "name": "site.css"}
ELSEWHERE = {path.parent.name for path in Path(__file__).parent.glob("*/test_worst_inputs.py")}
NAMES = set(served.FUNCTIONS).difference(*(functions_in(folder) for folder in ELSEWHERE))


@pytest.fixture
async def staff() -> dict[str, str]:
    """Serve the shipped services over fakes, and return what a member of staff with every role sends."""
    app, token = served.signed_in(served.app_over(await served.shipped(Counter)), ROLES)
    served.serve(app)
    return {"Authorization": f"Bearer {token}"}


def test_no_function_is_left_out():
    reads_nothing = {name for name in NAMES if served.method_of(served.FUNCTIONS[name]) == "GET"}

    assert {*BODIES, *FORMS, *DEFINITIONS, *MESSAGES} == NAMES - reads_nothing - {"sweep", "reconcile"}


@pytest.mark.parametrize("name", sorted(BODIES))
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
    many = b"&".join([b"/answers/damage=" + b"x" * 400] * 499)

    for name in FORMS:
        assert (await served.call(name, b"a=&" * 80_000, route=ROUTE)).status_code == 400
    assert await cost(lambda: answered("answer_form", many, {}, ROUTE), CHEAP) <= CHEAP
