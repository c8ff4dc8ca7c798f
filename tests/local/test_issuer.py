"""The local token issuer signs tokens that its published key verifies."""

import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from functions.edge.access import staff_of
from local.issuer import KEY_FILE, open_issuer, routes
from services.errors import Unauthenticated

ISSUER, AUDIENCE = "http://127.0.0.1:7071/local/issuer", "api://madoguchi"


ROLES = {"Operator", "Supervisor", "Team.supplies"}


class Published:
    """The keys that an issuer publishes."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def key(self, id_: str) -> dict[str, Any] | None:
        keys = (await self._client.get("/local/jwks")).json()["keys"]
        return next((key for key in keys if key["kid"] == id_), None)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[Mount("/local", routes=routes(open_issuer(tmp_path, ISSUER, AUDIENCE)))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as opened:
        yield opened


async def test_a_token_verifies_with_the_published_key_and_carries_who_and_which_roles(
    client: httpx.AsyncClient,
) -> None:
    token = (await client.get("/local/token", params={"subject": "sato", "roles": "Team.supplies, Operator,"})).text
    keys = jwt.PyJWKSet.from_dict((await client.get("/local/jwks")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=ISSUER)
    assert (claims["sub"], claims["name"], claims["preferred_username"]) == ("sato", "sato", "sato")
    assert claims["roles"] == ["Team.supplies", "Operator"]
    assert claims["nbf"] == claims["iat"]
    assert claims["exp"] - claims["iat"] == 8 * 3600


@pytest.mark.parametrize(("via", "counts"), [("pages", ROLES), ("cli", {"Operator"}), ("app", ROLES - {"Supervisor"})])
async def test_the_app_takes_the_tokens_of_every_way_for_what_they_are(
    client: httpx.AsyncClient, via: str, counts: set[str]
) -> None:
    asked = {"subject": "sato", "roles": ",".join(sorted(ROLES)), "via": via}
    token = (await client.get("/local/token", params=asked)).text

    staff = await staff_of(f"Bearer {token}", keys=Published(client), issuer=ISSUER, audience=AUDIENCE)

    assert staff.roles == counts


async def test_the_app_takes_no_id_token(client: httpx.AsyncClient, tmp_path: Path) -> None:
    token = open_issuer(tmp_path, ISSUER, AUDIENCE).id_token("sato", ["Operator"], datetime.now(UTC))

    with pytest.raises(Unauthenticated):
        await staff_of(f"Bearer {token}", keys=Published(client), issuer=ISSUER, audience=AUDIENCE)


async def test_a_token_by_a_way_that_there_is_not_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/local/token?subject=sato&via=other")).status_code == 400


async def test_the_key_set_holds_no_private_part(client: httpx.AsyncClient) -> None:
    (key,) = (await client.get("/local/jwks")).json()["keys"]
    assert set(key) == {"kty", "key_ops", "n", "e", "kid", "use", "alg"}


async def test_the_object_id_stays_with_its_subject(client: httpx.AsyncClient) -> None:
    async def object_id(subject: str) -> str:
        token = (await client.get("/local/token", params={"subject": subject})).text
        claims = jwt.decode(token, options={"verify_signature": False})
        return str(claims["oid"])

    assert await object_id("sato") == await object_id("sato") != await object_id("suzuki")


@pytest.mark.parametrize("query", ["", "subject=", "subject=%20", "roles=Operator"])
async def test_a_token_for_nobody_is_refused_in_plain_text(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/local/token?{query}")
    assert (response.status_code, response.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert "subject is missing" in response.text


def test_a_token_survives_a_restart(tmp_path: Path) -> None:
    token = open_issuer(tmp_path / "data", ISSUER, AUDIENCE).token("sato", [], datetime.now(UTC))
    keys = jwt.PyJWKSet.from_dict(open_issuer(tmp_path / "data", ISSUER, AUDIENCE).key_set())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE)["roles"] == []


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_issuer(tmp_path, ISSUER, AUDIENCE)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
