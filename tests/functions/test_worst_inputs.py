"""Whatever anyone sends, one call costs the processor little: each function is driven with the worst of its size."""

import asyncio
import copy
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote_plus

import pytest

from functions.edge.html import MAX_FORM
from functions.edge.web import MAX_BODY
from services.intake.submissions import MAX_MESSAGE_BYTES
from services.pickup.tables import imports
from services.pickup.tables.sheets import MOST_BYTES
from stores.shipped import FOLDER, read_yaml
from tests import pickup, served
from tests.counter import KEY

CHEAP = 0.1
"""Seconds of the processor for what anyone may send; machines differ, so the best of a few tries counts."""
OF_STAFF = 2.0
"""Seconds of the processor for what officers and editors send, which is worked beside the loop."""
TRIES = 8
ADDRESS, HEADERS = 8 * 1024, 16 * 1024
"""Bytes of an address and of headers that a front end lets through."""

REFERENCE, NOW = "K7M2-QX9P-D4TB", "2026-11-22T23:00:00Z"
CONTACT = {"phone": "090-0000-0000", "name": "見本 花子", "email": "hanako@example.jp"}
ANSWERS = read_yaml(FOLDER / "relief-supplies.yaml")["form"]["examples"][0]
SUBMISSION = {"service": "relief-supplies", "answers": ANSWERS, "contact": CONTACT, "locale": "ja", "channel": "web"}
LEASE = {"token": 1, "note": "見本"}
REASON = {"reference": REFERENCE, "reason": "見本"}
MOVE = {"id": "delivery-0001", "kind": "received", "lines": {"water": 1}, "reason": "見本"}
SLOT = {"starts": "2026-11-26T01:00:00Z", "ends": "2026-11-26T02:00:00Z", "places": 1, "allotted": {"water": 1}}
SITE = {"name": {"ja": "見本"}, "kind": "shelter", "address": "見本市", "hours": {"ja": "9時"}, "phone": "0000-00-0000"}

BODIES: dict[str, dict[str, Any]] = {
    "submit_request": SUBMISSION,
    "choose_place": {"slot": "school.pickup-20261126-1000"},
    "withdraw_request": {},
    "confirm_place": {},
    "claim_tasks": {"claimId": "claim-0001", "max": 1, "leaseSeconds": 900},
    "claim_task": {"claimId": "claim-0001", "leaseSeconds": 900},
    "renew_task": {"token": 1, "leaseSeconds": 900},
    "release_task": LEASE,
    "revoke_task": LEASE,
    "complete_task": {**LEASE, "outcome": "done"},
    "show_card": {"reference": REFERENCE, "view": "view-0001"},
    "hand_over": {
        "reference": REFERENCE,
        "id": "hand-0001",
        "receiver": "proxy",
        "proxyName": "見本",
        "at": NOW,
    },
    "search_cards": {"kana": "ミホン", "address": "見本市", "birthDate": "1990-01-01", "reason": "見本"},
    "take_in_at_counter": {"service": "relief-supplies", "answers": ANSWERS, "contact": CONTACT, "id": KEY},
    "take_in_form_at_counter": {"service": "relief-supplies", "typed": {"/answers/notes": ["見本"]}, "id": KEY},
    "take_roster": {"site": "school", "view": "view-0001"},
    "correct_household": {**REASON, "id": "correct-0001", "answers": {"address": "見本市"}},
    "serve_again": REASON,
    "reissue_access_code": {"reference": REFERENCE, "id": "reissue-0001", "checked": "other", "note": "見本"},
    "reissue_access_code_as_operator": {"reference": REFERENCE, "id": "reissue-0001", "checked": "passport"},
    "refold_next": {"dryRun": True, "after": REFERENCE},
    "put_site": SITE,
    "move_stock": MOVE,
    "open_slot": SLOT,
    "allot_to_slot": {"id": "allot-0001", "lines": {"water": 1}, "places": 1},
    "close_slot": {},
    "decide_split": {"id": "split-0001", "rule": "first_come", "reason": "見本", "basis": "a" * 16},
    "replay_failures": {"queue": "requests-intake", "from": "2026-11-26T00:00:00Z", "to": "2026-11-27T00:00:00Z"},
    "dismiss_failures": {"ids": ["a"], "reason": "見本"},
    "reconcile_now": {"dryRun": True},
}
"""A good body for each function that reads one; its worst are made of it."""
FORMS = {"answer_form", "show_request"}
TABLES = {
    "import_sites": imports.SITE_COLUMNS,
    "import_stock": imports.STOCK_COLUMNS,
    "import_slots": imports.SLOT_COLUMNS,
}
DEFINITIONS = {"publish_service"}
SERVICES = ("relief-supplies", "disaster-certificate")
MESSAGES = {
    "take_in_submission": {**SUBMISSION, "idempotencyKey": KEY, "receivedAt": "2026-11-23T00:00:00Z"},
    "advance_request": {"reference": REFERENCE},
    "record_poisoned_submission": {**SUBMISSION, "idempotencyKey": KEY, "receivedAt": "2026-11-23T00:00:00Z"},
    "record_poisoned_wake_up": {"reference": REFERENCE},
}
ROUTE = {
    "lang": "ja",
    "id": "relief-supplies",
    "team": "supplies",
    "reference": REFERENCE,
    "site": "school",
    "slot": "pickup-20261126-1000",
    "name": "site.css",
}


def worst_texts(size: int) -> dict[str, str]:
    """Return texts of about so many bytes, each dear to something: normalising, matching, reading a message of ours."""
    return {
        "marks out of order": "a" + "\u0300" * (size // 4) + "\u0316" * (size // 4 - 1),
        "ligatures": "ﷺ" * (size // 3),
        "numerals": "一" * (size // 3),
        "quotes": "`at `$" * (size // 6 - 1) + "\n",
        "addresses": "a@." * (size // 3),
        "spaces": " " * (size - 1) + "x",
        "fillers": "\u3164" * (size // 3),
    }


TEXTS = tuple(worst_texts(100))


type Path = tuple[str, ...]
type Worst = Callable[[dict[str, Any], Path], bytes]


def worst_of(size: int) -> dict[str, Worst]:
    """Return what makes a bad body of a good one, at one of its fields: a text in its place, as the name of a field
    beside it, or many values, many names, deep and long ones in its place.
    """
    worst: dict[str, Worst] = {}
    for label, text in worst_texts(size).items():
        worst[label] = lambda good, path, text=text: _encoded(_put(good, path, text))
        worst[f"{label} as a name"] = lambda good, path, text=text: _encoded(
            _put(good, (*path[:-1], text[: size // 2]), 1)
        )
    count = size // 16
    for one in ('""', "{}", "[[[]]]", "0.1", "1e999", "9" * 16):
        worst[f"many {one}"] = _raw(f"[{','.join([one] * min(count, size // (len(one) + 1)))}]")
    worst["many names"] = _raw("{" + ",".join(f'"a{n}":1' for n in range(count)) + "}")
    worst["depth"] = _raw("[" * (size // 2) + "]" * (size // 2))
    worst["a long number"] = _raw("9" * size)
    worst["a long fraction"] = _raw(f"0.{'9' * size}")
    return worst


def _raw(value: str) -> Worst:
    return lambda good, path: json.dumps(_put(good, path, "HERE"), ensure_ascii=False).replace('"HERE"', value).encode()


def fields_of(good: dict[str, Any]) -> list[Path]:
    """Return the fields of a body, and one that it does not know."""
    return [*_paths(good), ("unknown",)]


def each_once[A, B](some: Sequence[A], others: Sequence[B], start: int) -> list[tuple[A, B]]:
    """Return pairs in which each of both is found, beginning at `start`."""
    count = max(len(some), len(others))
    return [(some[(start + n) % len(some)], others[n % len(others)]) for n in range(count)]


async def cost(call: Callable[[], Awaitable[object]], most: float) -> float:
    """Return the processor's seconds of a call, the best of a few where it seems to take too long."""
    best = most + 1
    for _ in range(TRIES):
        begun = time.process_time()
        await call()
        best = min(best, time.process_time() - begun)
        if best <= most:
            break
    return best


@pytest.fixture
async def staff() -> dict[str, str]:
    """Serve the shipped services over fakes, and return what a member of staff with every role sends."""
    counter = await served.shipped()
    await counter.depots.put_site("school", pickup.site(), pickup.OFFICER)
    roles = ["Team.supplies", "Supervisor", "Operator", "Editor"]
    app, token = served.signed_in(served.app_over(counter), roles)
    served.serve(app)
    return {"Authorization": f"Bearer {token}"}


async def answered(name: str, body: bytes, headers: dict[str, str], route: dict[str, str] = ROUTE) -> None:
    response = await served.call(name, body, headers={"Idempotency-Key": KEY, **headers}, route=route)

    assert response.status_code < 500, (name, body[:300], response.get_body()[:300])


def test_no_function_is_left_out():
    reads_nothing = {name for name, f in served.FUNCTIONS.items() if served.method_of(f) == "GET"} | {
        "sweep",
        "reconcile",
    }

    assert {*BODIES, *FORMS, *TABLES, *DEFINITIONS, *MESSAGES} == set(served.FUNCTIONS) - reads_nothing


@pytest.mark.parametrize("name", sorted(set(BODIES) - {"take_in_form_at_counter"}))
async def test_what_the_worst_are_made_of_is_good(name: str, staff: dict[str, str]):
    response = await served.call(name, _encoded(BODIES[name]), headers={"Idempotency-Key": KEY, **staff}, route=ROUTE)

    assert response.status_code < 400 or served.said(response)["code"] not in ("bad_request", "invalid")


@pytest.mark.parametrize("name", BODIES)
async def test_no_body_costs_much(name: str, staff: dict[str, str]):
    worst, start = worst_of(MAX_BODY - 1200), list(BODIES).index(name)
    for kind, field in each_once(list(worst), fields_of(BODIES[name]), start):
        await hold_body(name, worst[kind](BODIES[name], field), (kind, field), staff)


@pytest.mark.deep
@pytest.mark.parametrize("name", BODIES)
async def test_no_body_costs_much_with_any_of_the_worst_at_any_of_its_fields(name: str, staff: dict[str, str]):
    for kind, worst in worst_of(MAX_BODY - 1200).items():
        for field in fields_of(BODIES[name]):
            await hold_body(name, worst(BODIES[name], field), (kind, field), staff)


async def hold_body(name: str, body: bytes, where: tuple[str, Path], staff: dict[str, str]) -> None:
    assert await cost(lambda: answered(name, body, staff), CHEAP) <= CHEAP, (name, where)


async def controls_of(service: str) -> list[str]:
    form = served.said(await served.call("get_service", route={"id": service}))["form"]
    more = ["seed", "version", "step", "locale"]
    return [*_pointers(form, "/answers"), *(f"/contact/{name}" for name in CONTACT), *more]


@pytest.mark.parametrize("service", SERVICES)
async def test_no_form_costs_much(service: str, staff: dict[str, str]):
    for text, control in each_once(TEXTS, await controls_of(service), SERVICES.index(service)):
        await hold_form(service, text, control)


@pytest.mark.deep
@pytest.mark.parametrize("service", SERVICES)
async def test_no_form_costs_much_with_any_of_the_worst_in_any_of_its_controls(service: str, staff: dict[str, str]):
    for control in await controls_of(service):
        for text in TEXTS:
            await hold_form(service, text, control)


async def hold_form(service: str, text: str, control: str) -> None:
    body = _form({"step": "send", control: worst_texts(MAX_FORM - 200)[text]})
    call = lambda: answered("answer_form", body, {}, {**ROUTE, "id": service})  # noqa: E731

    assert await cost(call, CHEAP) <= CHEAP, (control, text)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", ["reference", "accessCode", "step", "/slot"])
async def test_no_look_at_a_request_costs_much(name: str, text: str, staff: dict[str, str]):
    body = _form({"reference": REFERENCE, "accessCode": "x", name: worst_texts(MAX_FORM - 200)[text]})

    assert await cost(lambda: answered("show_request", body, {}), CHEAP) <= CHEAP


async def test_many_controls_are_refused_and_as_many_as_are_taken_cost_little(staff: dict[str, str]):
    many = b"&".join([b"/answers/notes=" + b"x" * 400] * 499)

    assert (await served.call("answer_form", b"a=&" * 80_000, route=ROUTE)).status_code == 400
    assert await cost(lambda: answered("answer_form", many, {}), CHEAP) <= CHEAP


@pytest.mark.parametrize("text", TEXTS)
async def test_no_address_and_no_header_costs_much(text: str, staff: dict[str, str]):
    address, header = worst_texts(ADDRESS)[text], worst_texts(HEADERS)[text]
    sent = {"Access-Code": header, "Accept-Language": header, "If-None-Match": header, "Idempotency-Key": header}
    for name, function in served.FUNCTIONS.items():
        if served.method_of(function) is None:
            continue
        for headers in ({**sent, "Authorization": f"Bearer {header}"}, {**sent, **staff}):
            route = ROUTE | dict.fromkeys(("id", "reference", "team", "site", "slot", "name"), address)
            params = dict.fromkeys(("method", "status", "queue", "from", "to", "dryRun", "v"), address)
            call = lambda: served.call(name, b"{}", headers=headers, route=route, params=params)  # noqa: B023, E731

            assert await cost(call, CHEAP) <= CHEAP, name


@pytest.mark.parametrize("name", MESSAGES)
async def test_no_message_costs_much(name: str, staff: dict[str, str]):
    worst, start = worst_of(MAX_MESSAGE_BYTES - 1200), list(MESSAGES).index(name)
    for kind, field in each_once(list(worst), fields_of(MESSAGES[name]), start):
        await hold_message(name, worst[kind](MESSAGES[name], field), (kind, field))


@pytest.mark.deep
@pytest.mark.parametrize("name", MESSAGES)
async def test_no_message_costs_much_with_any_of_the_worst_at_any_of_its_fields(name: str, staff: dict[str, str]):
    for kind, worst in worst_of(MAX_MESSAGE_BYTES - 1200).items():
        for field in fields_of(MESSAGES[name]):
            await hold_message(name, worst(MESSAGES[name], field), (kind, field))


async def hold_message(name: str, body: bytes, where: tuple[str, Path]) -> None:
    assert await cost(lambda: served.deliver(name, body), CHEAP) <= CHEAP, (name, where)


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
        call = lambda: answered(name, table[:MOST_BYTES], {**staff, "Content-Type": "text/csv"})  # noqa: B023, E731

        assert await cost(call, OF_STAFF) <= OF_STAFF, label
        assert await is_answered_meanwhile(call), label


async def test_a_large_definition_is_checked_beside_other_calls(staff: dict[str, str]):
    shipped = read_yaml(FOLDER / "relief-supplies.yaml")
    field = {"type": "string", "maxLength": 9, "pattern": "^[ァ-ヶー]{1,9}$", "x-text": {"label": {"ja": "見本"}}}
    more = {f"p{n}": field for n in range(250)}
    form = {**shipped["form"], "properties": {**shipped["form"]["properties"], **more}}
    good = shipped["cases"][0]
    large = [
        {**good, "name": f"large {n}", "answers": {**good["answers"], **dict.fromkeys(more, "ア")}} for n in range(16)
    ]
    body = _encoded({**shipped, "form": form, "cases": [*shipped["cases"], *large]})

    async def publish() -> None:
        response = await served.call("publish_service", body, headers=staff, route=ROUTE)
        assert response.status_code in (200, 201), response.get_body()[:300]

    assert await cost(publish, OF_STAFF) <= OF_STAFF
    assert await is_answered_meanwhile(publish)


async def is_answered_meanwhile(call: Callable[[], Awaitable[None]]) -> bool:
    """Tell whether a call for the health is answered before this one has ended."""
    task = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    health = await served.call("health")
    is_done = task.done()
    await task
    return health.status_code == 200 and not is_done


def _form(values: dict[str, str]) -> bytes:
    """Write a form as raw as a browser never would: its texts are longest so."""
    safe = {name: value.replace("%", "").replace("&", "").replace("+", " ") for name, value in values.items()}
    return "&".join(f"{quote_plus(name, safe='/')}={value}" for name, value in safe.items()).encode()[:MAX_FORM]


def _pointers(schema: dict[str, Any], pointer: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        yield f"{pointer}/{name}"
        yield from _pointers(part, f"{pointer}/{name}")


def _encoded(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _paths(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from _paths(inner, (*path, key))


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def _put(good: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    changed = copy.deepcopy(good)
    _at(changed, path[:-1])[path[-1]] = value
    return changed
