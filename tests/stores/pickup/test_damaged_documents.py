"""Sites, slots, stock, moves, bookings and quotas that cannot be read, each damaged in one field, among others."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from services import side_by_side
from services.case import receipts
from services.case.request import Contact, Submission
from services.failures.model import DOCUMENTS, Selection
from services.pickup.booking.state import Place
from services.pickup.counter.counter import HandOver
from services.pickup.households.searching import Wanted
from services.pickup.part import booked
from stores.case import REQUESTS
from stores.containers import ContainerSpec
from stores.pickup.sites import QUOTAS, SITES
from tests import served
from tests.apps import running, settings_for
from tests.counter import SECRETS
from tests.damage import GONE, INSTEAD, WAYS, damaged, places_in
from tests.fakes import FakeClock
from tests.pickup import OFFICER, PICKUP_DEFINITION, answers, site, slot, stock
from wiring.app import App
from wiring.pickup import pickup

type Item = dict[str, Any]

PARTITIONS = (("reference",), ("siteId",))
"""Cosmos DB lets nobody change the partition key of a document."""
NOW = "2026-11-23T00:00:00.000000Z"
BEFORE = "2026-11-22T00:00:00.000000Z"
WAITS: Item = {
    "state": "waiting",
    "place": None,
    "starts": None,
    "ends": None,
    "asked": ["school.1"],
    "wish": "school.1",
}
SIDE_BY_SIDE = 24
EACH = pytest.mark.parametrize("of_each", [1, pytest.param(4, marks=pytest.mark.deep)])


@pytest.fixture
async def app(emulators) -> AsyncIterator[App]:
    async with running(settings_for(emulators.cosmos, emulators.storage), FakeClock()) as app:
        await app.catalog.publish(PICKUP_DEFINITION)
        await open_site(app, "school")
        yield app


def reference_of(number: int) -> str:
    return receipts.reference_for(SECRETS, "web", f"damaged {number}")


async def open_site(app: App, id_: str) -> None:
    keeping = pickup(app).keeping
    await keeping.put_site(id_, site(), OFFICER)
    await keeping.move(id_, stock(kit=200), OFFICER)
    await keeping.open_slot(id_, slot(hour=10, places=90), OFFICER)


async def ask(app: App, number: int) -> tuple[str, str]:
    """Let a household ask for kits; return its reference and code."""
    app.clock.pass_(0.001)
    sent = Submission(service="kits", answers=answers(number), contact=Contact(phone=f"090-0000-{number:04}"))
    receipt, _ = await app.requests.submit(sent, f"key-of-the-resident-{number:05}", None)
    await app.advance.advance(receipt.reference)
    return receipt.reference, receipt.access_code


async def all_of(app: App, spec: ContainerSpec) -> list[Item]:
    return [without_own(item) for item in await app.cosmos.find(spec, "SELECT * FROM c")]


def without_own(item: Item) -> Item:
    return {key: value for key, value in item.items() if not key.startswith("_")}


async def store(app: App, spec: ContainerSpec, documents: Sequence[Item]) -> None:
    async def upsert(item: Item) -> None:
        await app.cosmos.ask(spec, lambda c: c.upsert_item(item, no_response=True))

    await side_by_side.each(documents, upsert, SIDE_BY_SIDE)


def renamed(item: Item, first: str, other: str) -> Item:
    return dict(json.loads(json.dumps(item).replace(first, other)))


def each_damaged(document: Item, of_each: int) -> Iterator[tuple[str, Item]]:
    """Damage each field in some ways, so that every way comes in turn."""
    turn = itertools.cycle(WAYS)
    by_way = {way: dict(damaged(document, way)) for way in WAYS}
    for place in places_in(document):
        for way in itertools.islice(turn, of_each):
            if place not in PARTITIONS and place in by_way[way]:
                yield f"{way} at {place}", by_way[way][place]


async def noted(app: App) -> set[str]:
    failures = await app.failures.list(Selection(queue=DOCUMENTS), 10_000)
    return {failure.error.partition(" ")[0] for failure in failures}


async def state_of(app: App, receipt: tuple[str, str]) -> str:
    request = await app.requests.status(*receipt)
    assert request
    return booked(request).state


async def everybody_looks(app: App, token: str) -> None:
    """Let residents, officers and the counter look at what there is of slots and sites."""
    bearer = {"Authorization": f"Bearer {token}"}
    for name, arguments in {
        "list_open_slots": {},
        "list_sites": {"headers": bearer},
        "export_sites": {"headers": bearer},
    }.items():
        assert (await served.call(name, **arguments)).status_code == 200, name
    for name in ("get_site", "list_moves", "export_slots", "export_moves", "export_stock"):
        answer = await served.call(name, headers=bearer, route={"site": "school"})
        assert answer.status_code == 200, name


@EACH
async def test_whatever_is_damaged_in_slots_and_sites_the_others_take_households(app: App, of_each: int):
    first = await ask(app, 1)
    documents = await all_of(app, SITES)
    of_type = {item["type"]: item for item in documents}
    damage: dict[str, str] = {}
    others: list[Item] = []
    for number, (way, document) in enumerate(each_damaged({**of_type["slot"], "dueAt": NOW}, of_each)):
        others.append({**document, "id": f"slot-{number}"})
        damage[f"school.slot-{number}"] = f"slot: {way}"
    for kind in ("site", "stock"):
        for number, (way, document) in enumerate(each_damaged(of_type[kind], of_each)):
            id_ = f"{kind}-{number}"
            whole = [document if item["type"] == kind else item for item in documents if item["type"] != "move"]
            others += [renamed(item, '"school"', f'"{id_}"') for item in whole]
            damage[id_] = f"{kind}: {way}"
    for number, (way, document) in enumerate(each_damaged(of_type["move"], of_each)):
        others.append({**document, "id": f"move-{number}"})
        damage[f"move-{number}"] = f"move: {way}"
    await store(app, SITES, others)
    app.clock.pass_(120)
    app, token = served.signed_in(app, ["Team.supplies", "Supervisor"])
    served.serve(app)

    await everybody_looks(app, token)
    second = await ask(app, 2)
    assert [await state_of(app, one) for one in (first, second)] == ["confirmed", "confirmed"]
    for _ in range(3 + len(others) // 50):
        app.clock.pass_(61)
        await pickup(app).tending.run()
    for name, what in damage.items():
        if name.startswith(("site-", "stock-")):
            try:
                answer = await served.call(
                    "get_site", headers={"Authorization": f"Bearer {token}"}, route={"site": name}
                )
            except Exception as error:
                error.add_note(what)
                raise
            assert answer.status_code in (200, 404, 503), what
    app.clock.pass_(3 * 24 * 3600)
    for _ in range(3 + len(others) // 50):
        app.clock.pass_(61)
        await pickup(app).tending.run()
    assert [await state_of(app, one) for one in (first, second)] == ["missed", "missed"]
    assert await noted(app)


async def at_counter(app: App, reference: str, token: str, number: int) -> dict[str, int]:
    """Ask at the counter and as a resident for a household; return each status."""
    bearer = {"Authorization": f"Bearer {token}"}
    code = receipts.access_code_for(SECRETS, reference, version=1, epoch=0)
    of_resident = {"route": {"reference": reference}, "headers": {"access-code": code}}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    typed = urlencode({"reference": reference, "accessCode": code}).encode()
    id_ = f"operation-{number:010}"
    bodies = {
        "show_card": {"reference": reference, "view": id_},
        "hand_over": {"reference": reference, "id": id_, "receiver": "household"},
        "correct_household": {"reference": reference, "id": id_, "answers": {"members": 3}, "reason": "確認した"},
        "serve_again": {"reference": reference, "reason": "確認した"},
    }
    answers = {
        "get_request": await served.call("get_request", **of_resident),
        "show_request": await served.call("show_request", route={"lang": "ja"}, headers=form, body=typed),
        "confirm_place": await served.call("confirm_place", **of_resident),
    }
    for name, body in bodies.items():
        answers[name] = await served.call(name, headers=bearer, body=msgspec.json.encode(body))
    return {name: answer.status_code for name, answer in answers.items()}


@EACH
async def test_whatever_is_damaged_in_bookings_and_quotas_other_households_are_served(app: App, of_each: int):
    await pickup(app).keeping.open_slot("school", slot(hour=11, places=90), OFFICER)
    confirmed = await ask(app, 1)
    [request] = [item for item in await all_of(app, REQUESTS) if item["type"] == "request"]
    waiting = {**request, "booking": {**request["booking"], **WAITS}}
    damage: dict[str, str] = {}
    others: list[Item] = []
    for template in (request, waiting):
        for way, document in each_damaged(template, of_each):
            reference = reference_of(len(damage))
            damage[reference] = f"{template['booking']['state']}: {way}"
            others.append(renamed(document, confirmed[0], reference))
    [held] = [item for item in await all_of(app, SITES) if item["type"] == "slot" and item["entries"]]
    entry = held["entries"][f"{confirmed[0]}.1"]
    crowd = {f"{reference}.1": entry for reference in itertools.islice(damage, 300)}
    await store(app, REQUESTS, others)
    await store(app, SITES, [{**held, "entries": {**held["entries"], **crowd}, "dueAt": NOW}])
    app, token = served.signed_in(app, ["Team.supplies", "Supervisor"])
    served.serve(app)

    await pickup(app).tending.run()
    await pickup(app).refolding.run(dry_run=False)
    wanted = Wanted(kana=answers(1)["kana"], address=answers(1)["address"])
    found = await pickup(app).searching.search(wanted, "コードをなくした", OFFICER)
    assert found.found
    for number, (reference, what) in enumerate(damage.items()):
        try:
            statuses = await at_counter(app, reference, token, number)
        except Exception as error:
            error.add_note(what)
            raise
        assert set(statuses.values()) <= {200, 403, 404, 409, 422, 503}, (what, statuses)
    second = await ask(app, 2)
    assert await state_of(app, second) == "confirmed"
    handed = await at_counter(app, second[0], token, len(damage))
    assert handed["hand_over"] == 200
    app.clock.pass_(3 * 24 * 3600)
    for _ in range(4):
        app.clock.pass_(61)
        await pickup(app).tending.run()
    assert await state_of(app, second) == "collected"


@EACH
async def test_a_damaged_quota_holds_up_its_own_household_alone(app: App, of_each: int):
    await ask(app, 1)
    [quota] = await all_of(app, QUOTAS)
    harmed = []
    for number, (way, document) in enumerate(each_damaged(quota, of_each), 2):
        receipt = await ask(app, number)
        [own] = [item for item in await all_of(app, QUOTAS) if receipt[0] in json.dumps(item)]
        await store(app, QUOTAS, [{**document, "id": own["id"]}])
        harmed.append((way, receipt))

    for way, (reference, code) in harmed:
        try:
            await app.requests.withdraw(reference, code)
            await app.advance.woken(reference)
        except Exception as error:
            error.add_note(way)
            raise
    healthy = await ask(app, 900)
    assert await state_of(app, healthy) == "confirmed"


async def test_many_damaged_due_slots_do_not_hide_a_healthy_one(app: App):
    await ask(app, 1)
    [held] = [item for item in await all_of(app, SITES) if item["type"] == "slot"]
    odd = {**held, "freePlaces": "x", "dueAt": BEFORE}
    odder = {**held, "entries": {"garbage": {"state": "held"}}, "dueAt": BEFORE}
    crowd = [{**(odd if number % 2 else odder), "id": f"slot-{number}"} for number in range(120)]
    await store(app, SITES, crowd)
    app.clock.pass_(3 * 24 * 3600)

    for _ in range(4):
        await pickup(app).tending.run()
        app.clock.pass_(61)

    [whole] = [item for item in await all_of(app, SITES) if item["id"] == held["id"]]
    assert not whole["isOpen"]
    assert {f"sites/school/slot-{number}" for number in range(120)} <= await noted(app)


async def test_a_household_whose_site_cannot_be_read_sees_its_place_without_the_name(app: App):
    reference, code = await ask(app, 1)
    [known] = [item for item in await all_of(app, SITES) if item["type"] == "site"]
    await store(app, SITES, [{**known, "kind": "castle"}])
    served.serve(app)
    typed = urlencode({"reference": reference, "accessCode": code}).encode()

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    shown = await served.call("show_request", route={"lang": "ja"}, headers=form, body=typed)

    assert shown.status_code == 200
    assert "受け取り" in shown.get_body().decode()


@pytest.mark.parametrize("way", [GONE, *(way for way in INSTEAD if not way.startswith("an object"))])
@pytest.mark.parametrize("field", ["entries", "free", "freePlaces"])
async def test_a_household_gets_a_place_beside_a_slot_that_cannot_be_changed(app: App, field: str, way: str):
    await pickup(app).keeping.open_slot("school", slot(hour=11, places=9), OFFICER)
    slots = {item["id"]: item for item in await all_of(app, SITES) if item["type"] == "slot"}
    first = slots["pickup-20261124-1000"]
    await store(app, SITES, [{key: value for key, value in first.items() if key != field} | instead(field, way)])

    receipt = await ask(app, 1)

    assert await state_of(app, receipt) == "confirmed"
    request = await app.requests.status(*receipt)
    assert request
    assert booked(request).place == Place(site="school", slot="pickup-20261124-1100", round=booked(request).round)


def instead(field: str, way: str) -> Item:
    return {} if way == GONE else {field: INSTEAD[way]}


async def test_a_counter_serves_a_household_whose_site_cannot_be_read(app: App):
    reference, _ = await ask(app, 1)
    [known] = [item for item in await all_of(app, SITES) if item["type"] == "site"]
    await store(app, SITES, [{**known, "name": "x"}])
    handed = HandOver(id="hand-over-00000001", receiver="household")

    card = await pickup(app).counter.hand_over(reference, handed, OFFICER)

    assert card.handed_over
    assert card.site is None


async def test_the_table_of_all_stock_leaves_out_a_site_whose_stock_cannot_be_read(app: App):
    await open_site(app, "gym")
    [known] = [item for item in await all_of(app, SITES) if item["type"] == "stock" and item["siteId"] == "gym"]
    await store(app, SITES, [{**known, "onHand": "x"}])

    table = (await pickup(app).tables.for_b_plo()).decode("utf-8-sig")

    assert table.count("見本第一小学校") == 1
    assert await noted(app) == {"sites/gym/stock"}
