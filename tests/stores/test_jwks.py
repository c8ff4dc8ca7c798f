from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from services.errors import StoreUnavailable
from stores.jwks import KeySet


class Issuer:
    def __init__(self) -> None:
        self.keys = [{"kid": "k1", "kty": "RSA"}]
        self.asked = 0
        self.status = 200
        self.uri = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({"keys": self.keys}, status=self.status)


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
