import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from services.errors import StoreUnavailable
from stores.jwks import ANSWER_WITHIN, KeySet


class Issuer:
    def __init__(self) -> None:
        self.keys = [{"kid": "k1", "kty": "RSA"}]
        self.asked = 0
        self.status = 200
        self.uri = ""
        self.body: object = None
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        await self.may_answer.wait()
        return web.json_response({"keys": self.keys} if self.body is None else self.body, status=self.status)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/jwks", issuer.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    issuer.uri = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks"
    yield issuer
    await runner.cleanup()


async def test_keys_are_fetched_once(issuer: Issuer):
    keys = KeySet(issuer.uri)

    assert (await keys.key("k1") or {})["kty"] == "RSA"
    assert await keys.key("k1")
    assert issuer.asked == 1


async def test_unknown_key_ids_do_not_make_the_issuer_busy(issuer: Issuer):
    keys = KeySet(issuer.uri)
    await keys.key("k1")

    assert [await keys.key(f"forged-{n}") for n in range(20)] == [None] * 20
    assert issuer.asked == 1


async def test_an_unknown_key_id_fetches_the_keys_again_after_the_cool_down(issuer: Issuer):
    keys = KeySet(issuer.uri, cool_down=0)
    await keys.key("k1")
    issuer.keys.append({"kid": "k2", "kty": "RSA"})

    assert await keys.key("k2")
    assert issuer.asked == 2


async def test_an_issuer_that_is_away_is_no_refusal(issuer: Issuer):
    issuer.status = 500
    keys = KeySet(issuer.uri)
    with pytest.raises(StoreUnavailable):
        await keys.key("k1")

    issuer.status = 200
    assert await keys.key("k1")


async def test_known_keys_outlive_an_issuer_that_is_away(issuer: Issuer):
    keys = KeySet(issuer.uri, cool_down=0)
    await keys.key("k1")
    issuer.status = 500

    assert await keys.key("k2") is None
    assert await keys.key("k1")


@pytest.mark.parametrize(
    "body",
    [
        {"keys": None},
        {"keys": []},
        {"keys": {}},
        {"keys": [None, "k1", {"kty": "RSA"}, {"kid": "k1"}, {"kid": 1, "kty": "RSA"}]},
        {"error": "later"},
        [],
        "none",
        1,
    ],
    ids=str,
)
async def test_keys_are_replaced_by_a_set_with_a_key_in_it_only(issuer: Issuer, body: object):
    keys = KeySet(issuer.uri, cool_down=0)
    issuer.body = body
    with pytest.raises(StoreUnavailable):
        await keys.key("k1")
    issuer.body = None
    await keys.key("k1")
    issuer.body = body

    assert await keys.key("k2") is None
    assert await keys.key("k1")
    assert issuer.asked == 3


async def test_what_is_no_key_costs_itself_alone(issuer: Issuer):
    issuer.body = {"keys": [None, {"kid": "k2"}, *issuer.keys]}

    keys = KeySet(issuer.uri)

    assert await keys.key("k1")
    assert await keys.key("k2") is None


async def test_known_keys_serve_while_the_issuer_hangs_and_it_is_asked_once(issuer: Issuer):
    keys = KeySet(issuer.uri, cool_down=0, fresh_for=0)
    await keys.key("k1")
    issuer.may_answer.clear()

    async with asyncio.timeout(ANSWER_WITHIN / 2):
        served = await asyncio.gather(*(keys.key("k1") for _ in range(20)))

    assert all(served)
    assert issuer.asked == 2

    issuer.may_answer.set()
    await keys.close()


async def test_a_key_that_the_issuer_withdrew_is_not_known_once_it_was_asked_again(issuer: Issuer):
    keys = KeySet(issuer.uri, cool_down=0, fresh_for=0)
    await keys.key("k1")
    issuer.keys = [{"kid": "k2", "kty": "RSA"}]

    assert await keys.key("k1") is None
