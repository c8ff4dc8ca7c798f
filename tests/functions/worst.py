"""The worst of its size that anyone may send to a function, and what it costs the processor."""

import asyncio
import copy
import json
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from functions.edge.html import MAX_FORM
from functions.edge.web import MAX_BODY
from services.intake.submissions import MAX_MESSAGE_BYTES
from stores.shipped import FOLDER, read_yaml
from tests import served
from tests.counter import KEY

ROOT = Path(__file__).parents[2]
CHEAP = 0.1
"""Seconds of the processor for what anyone may send; machines differ, so the best of a few tries counts."""
OF_STAFF = 2.0
"""Seconds of the processor for what officers and editors send, which is worked beside the loop."""
TRIES = 8
ADDRESS, HEADERS = 8 * 1024, 16 * 1024
"""Bytes of an address and of headers that a front end lets through."""

REFERENCE = "K7M2-QX9P-D4TB"
CONTACT = {"phone": "090-0000-0000", "name": "見本 花子", "email": "hanako@example.jp"}
ROLES = ["Team.supplies", "Supervisor", "Operator", "Editor"]


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


type Place = tuple[str, ...]
type Worst = Callable[[dict[str, Any], Place], bytes]


def worst_of(size: int) -> dict[str, Worst]:
    """Return what makes a bad body of a good one, at one of its fields: a text in its place, as the name of a field
    beside it, or many values, many names, deep and long ones in its place.
    """
    worst: dict[str, Worst] = {}
    for label, text in worst_texts(size).items():
        worst[label] = lambda good, path, text=text: encoded(_put(good, path, text))
        worst[f"{label} as a name"] = lambda good, path, text=text: encoded(
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


def fields_of(good: dict[str, Any]) -> list[Place]:
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


def functions_in(folder: str) -> set[str]:
    """Return the functions that stand in a folder below functions/."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "functions" / folder).glob("*.py")]
    defined = {name for source in sources for name in re.findall(r"^async def (\w+)\(", source, re.MULTILINE)}
    return defined & set(served.FUNCTIONS)


async def answered(name: str, body: bytes, headers: dict[str, str], route: Mapping[str, str]) -> None:
    response = await served.call(name, body, headers={"Idempotency-Key": KEY, **headers}, route=route)

    assert response.status_code < 500, (name, body[:300], response.get_body()[:300])


async def hold_body(
    name: str, body: bytes, where: tuple[str, Place], staff: dict[str, str], route: Mapping[str, str]
) -> None:
    assert await cost(lambda: answered(name, body, staff, route), CHEAP) <= CHEAP, (name, where)


async def hold_bodies(
    name: str, good: dict[str, Any], start: int, staff: dict[str, str], route: Mapping[str, str]
) -> None:
    """Let each kind of the worst and each field of a body meet."""
    worst = worst_of(MAX_BODY - 1200)
    for kind, field in each_once(list(worst), fields_of(good), start):
        await hold_body(name, worst[kind](good, field), (kind, field), staff, route)


async def hold_all_bodies(name: str, good: dict[str, Any], staff: dict[str, str], route: Mapping[str, str]) -> None:
    """Try each kind of the worst at each field of a body."""
    for kind, worst in worst_of(MAX_BODY - 1200).items():
        for field in fields_of(good):
            await hold_body(name, worst(good, field), (kind, field), staff, route)


async def controls_of(service: str) -> list[str]:
    form = served.said(await served.call("get_service", route={"id": service}))["form"]
    more = ["seed", "version", "step"]
    return [*_pointers(form, "/answers"), *(f"/contact/{name}" for name in CONTACT), *more]


async def hold_form(service: str, text: str, control: str) -> None:
    body = form_of({"step": "send", control: worst_texts(MAX_FORM - 200)[text]})
    for name in ("answer_form", "check_answers", "send_request"):
        call = lambda: answered(name, body, {}, {"lang": "ja", "id": service})  # noqa: B023, E731

        assert await cost(call, CHEAP) <= CHEAP, (name, control, text)


async def hold_forms(service: str, start: int) -> None:
    """Let each of the worst texts and each control of a form meet."""
    for text, control in each_once(TEXTS, await controls_of(service), start):
        await hold_form(service, text, control)


async def hold_all_forms(service: str) -> None:
    """Try each of the worst texts in each control of a form."""
    for control in await controls_of(service):
        for text in TEXTS:
            await hold_form(service, text, control)


async def hold_look_at_request(name: str, text: str) -> None:
    """Look at a request, with one of the worst texts in a control."""
    body = form_of({"reference": REFERENCE, "accessCode": "x", name: worst_texts(MAX_FORM - 200)[text]})

    assert await cost(lambda: answered("show_request", body, {}, {"lang": "ja"}), CHEAP) <= CHEAP


async def hold_addresses(names: Collection[str], text: str, staff: dict[str, str], route: Mapping[str, str]) -> None:
    """Call functions with one of the worst texts all over their address and headers."""
    address, header = worst_texts(ADDRESS)[text], worst_texts(HEADERS)[text]
    sent = {"Access-Code": header, "Accept-Language": header, "If-None-Match": header, "Idempotency-Key": header}
    sent["Cookie"] = f"draft={header}"
    route = {**route, **dict.fromkeys(("id", "reference", "team", "site", "slot", "name"), address)}
    params = dict.fromkeys(("method", "status", "queue", "from", "to", "dryRun", "v"), address)
    for name in names:
        if served.method_of(served.FUNCTIONS[name]) is None:
            continue
        for headers in ({**sent, "Authorization": f"Bearer {header}"}, {**sent, **staff}):
            call = lambda: served.call(name, b"{}", headers=headers, route=route, params=params)  # noqa: B023, E731

            assert await cost(call, CHEAP) <= CHEAP, name


async def hold_message(name: str, body: bytes, where: tuple[str, Place]) -> None:
    assert await cost(lambda: served.deliver(name, body), CHEAP) <= CHEAP, (name, where)


async def hold_messages(name: str, good: dict[str, Any], start: int) -> None:
    """Let each kind of the worst and each field of a message meet."""
    worst = worst_of(MAX_MESSAGE_BYTES - 1200)
    for kind, field in each_once(list(worst), fields_of(good), start):
        await hold_message(name, worst[kind](good, field), (kind, field))


async def hold_all_messages(name: str, good: dict[str, Any]) -> None:
    """Try each kind of the worst at each field of a message."""
    for kind, worst in worst_of(MAX_MESSAGE_BYTES - 1200).items():
        for field in fields_of(good):
            await hold_message(name, worst(good, field), (kind, field))


async def hold_large_definition(service: str, staff: dict[str, str]) -> None:
    """Publish a definition as large as may be, and call for the health meanwhile."""
    shipped = read_yaml(FOLDER / f"{service}.yaml")
    field = {"type": "string", "maxLength": 9, "pattern": "^[ァ-ヶー]{1,9}$", "x-text": {"label": {"ja": "見本"}}}
    more = {f"p{n}": field for n in range(250)}
    form = {**shipped["form"], "properties": {**shipped["form"]["properties"], **more}}
    good = shipped["cases"][0]
    large = [
        {**good, "name": f"large {n}", "answers": {**good["answers"], **dict.fromkeys(more, "ア")}} for n in range(16)
    ]
    body = encoded({**shipped, "form": form, "cases": [*shipped["cases"], *large]})

    async def publish() -> None:
        response = await served.call("publish_service", body, headers=staff, route={"id": service})
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


def form_of(values: dict[str, str]) -> bytes:
    """Write a form as raw as a browser never would: its texts are longest so."""
    safe = {name: value.replace("%", "").replace("&", "").replace("+", " ") for name, value in values.items()}
    return "&".join(f"{quote_plus(name, safe='/')}={value}" for name, value in safe.items()).encode()[:MAX_FORM]


def _pointers(schema: dict[str, Any], pointer: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        yield f"{pointer}/{name}"
        yield from _pointers(part, f"{pointer}/{name}")


def encoded(body: object) -> bytes:
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
