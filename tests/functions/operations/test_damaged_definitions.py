"""A definition that cannot be read, or says more than this version knows, is one service's trouble alone."""

import json

import msgspec
import pytest

from services.catalog.model import Current, Replaced
from tests import damage, served
from tests.counter import DEFINITION, KEY, Counter, current
from tests.served import said
from wiring.app import App

READY = {"cosmos": "ready", "queues": "ready", "catalog": "ready"}
MUNICIPALITY = "0000-00-0000"
HEALTHY = "certificate"
CONTACT = {"phone": "090-0000-0000", "name": "見本 花子"}


def of_service(id_: str, version: int = 1) -> Current:
    more = {"summary": {"ja": "水"}, "opens": "2026-11-01T00:00:00.000000Z", "closes": "2026-12-01T00:00:00.000000Z"}
    return msgspec.structs.replace(
        current(version=version, id=id_, **more), replaced=(Replaced(1, "2026-11-22T12:00:00.000000Z"),)
    )


@pytest.fixture
def counter() -> Counter:
    """A counter of two services of which neither copy nor shipped definition is there."""
    counter = Counter(of_service("water", 2), of_service(HEALTHY))
    counter.copy.forget()
    counter.shipped.forget()
    return counter


async def page(name: str, **route: str) -> tuple[int, str]:
    answer = await served.call(name, route=route)
    return answer.status_code, answer.get_body().decode()


async def hold_the_others(counter: Counter, app: App, token: str) -> None:
    """Let a new instance show and watch the healthy service."""
    counter.new_instance()
    core = counter.core
    served.serve(
        msgspec.structs.replace(app, catalog=core.catalog, readiness=core.readiness, reconciliation=core.reconciliation)
    )

    listed = await served.call("list_services")
    assert listed.status_code == 200
    assert HEALTHY in [service["id"] for service in said(listed)["services"]]
    assert (await served.call("get_service", route={"id": HEALTHY})).status_code == 200
    assert (await served.call("get_service", route={"id": "water"})).status_code in (200, 503)

    status, home = await page("home", lang="ja")
    assert status == 200
    assert f"/ja/services/{HEALTHY}" in home
    assert (await page("show_form", lang="ja", id=HEALTHY))[0] == 200
    assert (await page("show_form", lang="ja", id="water"))[0] in (200, 403, 503)

    ready = await served.call("ready")
    assert (ready.status_code, said(ready)["status"]) == (200, "ready")
    reconciled = await served.call("reconcile_now", b'{"dryRun": true}', headers={"Authorization": f"Bearer {token}"})
    assert reconciled.status_code == 200


@pytest.mark.parametrize("way", damage.WAYS)
async def test_whatever_is_damaged_in_a_definition_every_other_service_goes_on(counter: Counter, way: str):
    places = list(damage.damaged(damage.stored(of_service("water", 2)), way))

    app, token = served.signed_in(served.app_over(counter), ["Operator"])
    assert len(places) > 40
    for place, document in places:
        counter.editions.damaged["water"] = document
        try:
            await hold_the_others(counter, app, token)
        except Exception as error:
            error.add_note(f"{way} at {place}")
            raise


async def paused(counter: Counter) -> None:
    """Damage the definition of a service of which nothing else is there."""
    document = damage.stored(of_service("water", 2))
    document["edition"]["definition"]["form"] = None
    counter.editions.damaged["water"] = document
    served.serve(served.app_over(counter))


async def test_a_paused_service_is_listed_with_the_number_to_call(counter: Counter):
    await paused(counter)

    listed = said(await served.call("list_services"))

    assert listed["paused"] == [{"id": "water", "title": DEFINITION["title"], "phone": MUNICIPALITY}]
    assert [service["id"] for service in listed["services"]] == [HEALTHY]


@pytest.mark.parametrize(
    ("language", "said_of_it"),
    [("ja", "今、止まっている手続き"), ("ja-easy", "止（と）まっている"), ("en", "Services paused just now")],
)
async def test_residents_read_which_service_is_paused_and_whom_to_call(
    counter: Counter, language: str, said_of_it: str
):
    await paused(counter)

    status, home = await page("home", lang=language)

    after = home.partition(said_of_it)[2]
    assert status == 200
    assert DEFINITION["title"][language] in after
    assert MUNICIPALITY in after
    assert f"/{language}/services/water" not in home


async def test_a_paused_service_without_a_title_is_listed_by_its_id(counter: Counter):
    counter.editions.damaged["water"] = {"rubbish": True}
    served.serve(served.app_over(counter))

    assert [one["title"] for one in said(await served.call("list_services"))["paused"]] == [{"ja": "water"}]


async def test_a_document_that_is_no_service_is_not_shown_to_residents(counter: Counter):
    counter.editions.add("<rubbish>")
    served.serve(served.app_over(counter))

    assert said(await served.call("list_services"))["paused"] == []
    assert [failure.queue for failure in counter.failures.failures.values()] == ["documents"]


async def test_a_call_for_a_paused_service_gets_a_stable_code_and_when_to_look_again(counter: Counter):
    await paused(counter)
    body = json.dumps({"service": "water", "answers": {"members": 2}, "contact": CONTACT}).encode()

    shown = await served.call("get_service", route={"id": "water"})
    sent = await served.call("submit_request", body, headers={"Idempotency-Key": KEY})

    for answer in (shown, sent):
        assert (answer.status_code, said(answer)["code"]) == (503, "service_paused")
        assert answer.headers["Retry-After"] == "60"
        assert said(answer)["phone"] == MUNICIPALITY


async def test_the_form_of_a_paused_service_keeps_what_was_typed(counter: Counter):
    await paused(counter)

    sent = await served.call("answer_form", b"step=send&/answers/note=3F", route={"lang": "ja", "id": "water"})

    assert sent.status_code == 503
    assert "3F" in sent.get_body().decode()


async def test_readiness_says_that_a_part_of_the_catalog_cannot_be_read(counter: Counter):
    await paused(counter)

    assert said(await served.call("ready")) == {"status": "ready", "checks": READY | {"catalog": "partly ready"}}


async def test_an_instance_that_can_read_no_service_at_all_is_not_ready(counter: Counter):
    await paused(counter)
    counter.editions.damaged[HEALTHY] = None

    answer = await served.call("ready")

    assert (answer.status_code, said(answer)["checks"]["catalog"]) == (503, "not ready")
