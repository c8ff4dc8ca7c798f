"""Sign-in on a desk follows the authorization code flow with PKCE, as Entra ID does."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from local.issuer import open_issuer
from local.sign_in import PEOPLE, routes

ISSUER, AUDIENCE, HOME = "http://desk/local/issuer", "api://madoguchi", "http://desk/staff"
VERIFIER = "a verifier of at least forty-three characters, as RFC 7636 wants"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {"redirect_uri": HOME, "state": "s1", "code_challenge": CHALLENGE, "response_mode": "fragment"}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/local", routes=routes(open_issuer(tmp_path, ISSUER, AUDIENCE)))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as opened:
        yield opened


async def code_for(client: httpx.AsyncClient, person: str = "見本 窓口") -> str:
    answer = await client.get("/local/issuer/authorize", params=ASKED | {"person": person})
    address = urlsplit(answer.headers["location"])
    assert address._replace(fragment="").geturl() == HOME
    found = parse_qs(address.fragment)
    assert found["state"] == ["s1"]
    return found["code"][0]


async def redeem(client: httpx.AsyncClient, code: str, **changes: str) -> httpx.Response:
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": HOME, "code_verifier": VERIFIER}
    return await client.post("/local/issuer/token", data=asked | changes)


async def test_the_metadata_leads_to_the_page_and_the_tokens(client: httpx.AsyncClient):
    known = (await client.get("/local/issuer/.well-known/openid-configuration")).json()

    assert known["issuer"] == ISSUER
    assert (await client.get(known["authorization_endpoint"], params=ASKED)).status_code == 200
    assert known["jwks_uri"] == "http://desk/local/jwks"


async def test_the_page_offers_every_person_and_keeps_what_was_asked(client: httpx.AsyncClient):
    page = (await client.get("/local/issuer/authorize", params=ASKED)).text

    assert all(person in page for person in PEOPLE)
    assert page.count("state=s1") == len(PEOPLE)


async def test_a_code_gives_a_token_of_the_chosen_person_once(client: httpx.AsyncClient):
    code = await code_for(client, "見本 物資係")

    first, second = await redeem(client, code), await redeem(client, code)

    claims = jwt.decode(first.json()["access_token"], options={"verify_signature": False})
    assert (claims["name"], claims["roles"], claims["aud"]) == ("見本 物資係", PEOPLE["見本 物資係"], AUDIENCE)
    assert (second.status_code, second.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize("changes", [{"code_verifier": "another"}, {"redirect_uri": "http://desk/other"}])
async def test_a_code_is_good_only_for_who_asked_for_it(client: httpx.AsyncClient, changes: dict[str, str]):
    assert (await redeem(client, await code_for(client), **changes)).status_code == 400


async def test_a_refresh_token_gives_another_token(client: httpx.AsyncClient):
    refresh = (await redeem(client, await code_for(client))).json()["refresh_token"]

    again = await client.post("/local/issuer/token", data={"grant_type": "refresh_token", "refresh_token": refresh})

    assert again.json()["expires_in"] == 8 * 3600


@pytest.mark.parametrize("address", ["https://elsewhere.example/staff", "//elsewhere.example", ""])
async def test_no_code_goes_to_another_place(client: httpx.AsyncClient, address: str):
    answer = await client.get(
        "/local/issuer/authorize", params=ASKED | {"redirect_uri": address, "person": "見本 窓口"}
    )

    assert answer.status_code == 400
