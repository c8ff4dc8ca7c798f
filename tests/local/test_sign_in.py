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
SCOPES = f"openid profile offline_access {AUDIENCE}/user_impersonation"
ASKED = {"redirect_uri": HOME, "state": "s1", "code_challenge": CHALLENGE, "response_mode": "fragment", "scope": SCOPES}


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
    assert claims["scp"] == "user_impersonation"
    assert (second.status_code, second.json()) == (400, {"error": "invalid_grant"})


async def test_who_asks_for_the_default_of_itself_gets_an_id_token_as_from_entra_id(client: httpx.AsyncClient):
    asked = ASKED | {"scope": f"{AUDIENCE}/.default", "person": "見本 窓口"}
    address = urlsplit((await client.get("/local/issuer/authorize", params=asked)).headers["location"])

    token = (await redeem(client, parse_qs(address.fragment)["code"][0])).json()["access_token"]

    assert "scp" not in jwt.decode(token, options={"verify_signature": False})


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


async def test_whoever_was_chosen_is_taken_again_without_being_asked(client: httpx.AsyncClient):
    await code_for(client)

    answer = await client.get("/local/issuer/authorize", params=ASKED)

    assert answer.headers["location"].startswith(f"{HOME}#code=")


async def test_a_client_can_ask_that_somebody_is_chosen(client: httpx.AsyncClient):
    await code_for(client)

    answer = await client.get("/local/issuer/authorize", params=ASKED | {"prompt": "select_account"})

    assert answer.status_code == 200
    assert all(person in answer.text for person in PEOPLE)


async def hint_for(client: httpx.AsyncClient) -> str:
    tokens = (await redeem(client, await code_for(client))).json()
    return str(jwt.decode(tokens["id_token"], options={"verify_signature": False})["login_hint"])


async def test_the_session_ends_and_leads_back_for_whom_it_was(client: httpx.AsyncClient):
    asked = {"post_logout_redirect_uri": HOME, "logout_hint": await hint_for(client)}

    ended = await client.get("/local/issuer/logout", params=asked)

    assert (ended.status_code, ended.headers["location"]) == (302, HOME)
    assert (await client.get("/local/issuer/authorize", params=ASKED)).status_code == 200


@pytest.mark.parametrize("hint", [{}, {"logout_hint": "another"}])
async def test_without_its_hint_the_issuer_asks_first(client: httpx.AsyncClient, hint: dict[str, str]):
    await code_for(client)

    asked = await client.get("/local/issuer/logout", params=hint | {"post_logout_redirect_uri": HOME})

    assert "サインアウトしますか" in asked.text
    assert (await client.get("/local/issuer/authorize", params=ASKED)).status_code == 302


@pytest.mark.parametrize("address", ["https://elsewhere.example/staff", "//elsewhere.example", ""])
async def test_signing_out_leads_to_no_other_place(client: httpx.AsyncClient, address: str):
    asked = {"post_logout_redirect_uri": address, "logout_hint": await hint_for(client)}

    ended = await client.get("/local/issuer/logout", params=asked)

    assert ended.status_code == 200
    assert "location" not in ended.headers
    assert (await client.get("/local/issuer/authorize", params=ASKED)).status_code == 200
