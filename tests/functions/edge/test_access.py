import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from functions.edge.access import ANY_TEAM, AZURE_CLI, SIGNED_IN, Access, Open, must_have, role_of, staff_of
from services.case.task import Staff
from services.errors import Forbidden, Unauthenticated

ISSUER, AUDIENCE = "https://issuer.example", "api://madoguchi"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC_PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class OneKey:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def key(self, id_: str) -> dict[str, Any] | None:
        self.asked.append(id_)
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key(), as_dict=True)
        return {**jwk, "kid": "k1"} if id_ == "k1" else None


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "s-1",
        "oid": "o-1",
        "name": "山田 太郎",
        "roles": ["Team.supplies"],
        "ver": "2.0",
        "scp": "user_impersonation",
        "azp": AUDIENCE,
        "azpacr": "0",
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(key: Any = KEY, kid: str = "k1", algorithm: str = "RS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": kid})


async def verify(header: str, keys: OneKey | None = None) -> Staff:
    return await staff_of(header, keys=keys or OneKey(), issuer=ISSUER, audience=AUDIENCE)


async def test_a_good_token_names_who_calls_and_the_roles():
    staff = await verify(f"Bearer {signed()}")

    assert staff == Staff("o-1", "山田 太郎", frozenset({"Team.supplies"}))


ALL_ROLES = ["Editor", "Operator", "Supervisor", "Team.supplies", "Channel.phone"]
OF_APP = {"scp": None, "idtyp": "app", "azp": "another-app", "name": None, "sub": "o-1", "roles": ALL_ROLES}


@pytest.mark.parametrize("scopes", ["user_impersonation", "openid user_impersonation"])
async def test_by_the_pages_of_staff_every_role_of_a_person_counts(scopes: str):
    staff = await verify(f"Bearer {signed(scp=scopes, roles=ALL_ROLES)}")

    assert staff.roles == set(ALL_ROLES)


async def test_by_az_only_the_roles_count_whose_commands_use_it():
    staff = await verify(f"Bearer {signed(azp=AZURE_CLI, roles=ALL_ROLES)}")

    assert staff.roles == {"Editor", "Operator"}


async def test_an_application_has_its_roles_by_itself_but_none_of_those_for_people():
    staff = await verify(f"Bearer {signed(**OF_APP)}")

    assert staff == Staff("o-1", "o-1", frozenset(ALL_ROLES) - {"Supervisor"})


REFUSED = {
    "an ID token of the same registration": {"scp": None, "azp": None, "azpacr": None},
    "an ID token that names its client": {"scp": None},
    "another scope": {"scp": "openid profile"},
    "a scope that only begins like it": {"scp": "user_impersonation.read"},
    "scopes as a list": {"scp": ["user_impersonation"]},
    "another client, by consent": {"azp": "11111111-1111-1111-1111-111111111111"},
    "no client": {"azp": None},
    "a client as a list": {"azp": [AUDIENCE]},
    "a token of version 1.0": {"ver": "1.0", "azp": None, "appid": AUDIENCE},
    "no version": {"ver": None},
    "an application with the scope of a person": {**OF_APP, "scp": "user_impersonation", "azp": AUDIENCE},
    "a device": {**OF_APP, "idtyp": "device"},
    "an application that does not say so": {**OF_APP, "idtyp": None},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
async def test_a_token_that_was_got_in_another_way_is_refused_in_words_of_ours(changes: dict[str, Any]):
    with pytest.raises(Unauthenticated) as refused:
        await verify(f"Bearer {signed(**changes)}")

    told, personal = str(refused.value), ("山田", "s-1", "o-1", "Team.", AUDIENCE, "11111111", "openid")
    assert told
    assert [value for value in personal if value in told] == []


LONE = "\ud83d"
"""Half of a pair of UTF-16: JSON can spell it in a token, and neither a store nor an answer takes it."""


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"name": f"山田{LONE} 太郎"}, "山田\ufffd 太郎"),
        ({"name": "目" * 1000}, "目" * 300),
        ({"name": None, "preferred_username": f"yamada{LONE}@city.example"}, "yamada\ufffd@city.example"),
        ({"name": ["山田"], "preferred_username": "yamada@city.example"}, "yamada@city.example"),
        ({"name": ["山田"], "preferred_username": 5}, "o-1"),
    ],
)
async def test_a_name_that_no_store_takes_turns_nobody_away_and_is_made_one_that_it_takes(said: Any, name: str):
    staff = await verify(f"Bearer {signed(**said)}")

    assert staff == Staff("o-1", name, frozenset({"Team.supplies"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"oid": f"o-1{LONE}"},
        {"oid": None, "sub": f"s-1{LONE}"},
        {"oid": ["o-1"]},
        {"oid": 5},
        {"oid": "o" * 301},
        {"oid": None, "sub": ""},
    ],
)
async def test_an_id_that_no_store_takes_names_nobody(changes: dict[str, Any]):
    with pytest.raises(Unauthenticated):
        await verify(f"Bearer {signed(**changes)}")


@pytest.mark.parametrize("role", [f"Team.supplies{LONE}", f"Editor{LONE}", LONE])
async def test_a_role_that_no_answer_can_show_counts_as_none(role: str):
    staff = await verify(f"Bearer {signed(roles=[role, 'Team.delivery'])}")

    assert staff.roles == {"Team.delivery"}


@pytest.mark.parametrize("kid", [LONE, "k" * 10_000])
async def test_a_key_id_that_is_no_text_is_of_an_unknown_key(kid: str):
    with pytest.raises(Unauthenticated):
        await verify(f"Bearer {signed(kid=kid)}")


def unsigned() -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'kid': 'k1', 'typ': 'JWT'})}.{part(claims())}."


def hmac_with_the_public_key() -> str:
    import hashlib
    import hmac

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    head = part(json.dumps({"alg": "HS256", "kid": "k1"}).encode()) + "." + part(json.dumps(claims()).encode())
    return f"{head}.{part(hmac.digest(PUBLIC_PEM, head.encode(), hashlib.sha256))}"


OTHER_HEADERS = {
    "none": "",
    "no token": "Bearer",
    "basic": "Basic dXNlcjpwYXNz",
    "no JWT": "Bearer not.a.token",
    "unsigned": f"Bearer {unsigned()}",
    "signed with the public key": f"Bearer {hmac_with_the_public_key()}",
    "of another key": f"Bearer {signed(key=OTHER_KEY)}",
    "of an unknown key": f"Bearer {signed(kid='unknown')}",
    "of another algorithm": f"Bearer {signed(algorithm='RS512')}",
    "for another audience": f"Bearer {signed(aud='api://other')}",
    "of another issuer": f"Bearer {signed(iss='https://evil.example')}",
    "expired": f"Bearer {signed(exp=int(time.time()) - 3600)}",
    "for ever": f"Bearer {signed(exp=None)}",
    "not yet": f"Bearer {signed(nbf=int(time.time()) + 3600)}",
    "of nobody": f"Bearer {signed(sub=None)}",
    "roles that are no list": f"Bearer {signed(roles='Operator')}",
}


@pytest.mark.parametrize("header", OTHER_HEADERS.values(), ids=OTHER_HEADERS)
async def test_any_other_token_is_refused(header: str):
    with pytest.raises(Unauthenticated):
        await verify(header)


async def test_a_token_that_is_not_rs256_is_refused_before_its_key_is_looked_up():
    keys = OneKey()

    with pytest.raises(Unauthenticated):
        await verify(f"Bearer {unsigned()}", keys)

    assert keys.asked == []


@pytest.mark.parametrize(
    ("roles", "access", "permitted"),
    [
        ({"Team.supplies"}, "Team.supplies", True),
        ({"Team.supplies"}, "Team.delivery", False),
        ({"Team.supplies"}, ANY_TEAM, True),
        ({"Supervisor"}, ANY_TEAM, True),
        ({"Operator"}, ANY_TEAM, False),
        (set(), ANY_TEAM, False),
        ({"Supervisor"}, "Operator", False),
        ({"Operator"}, "Operator", True),
        (set(), SIGNED_IN, True),
    ],
)
def test_a_role_opens_what_it_names_and_nothing_else(roles: set[str], access: Access, permitted: bool):
    staff = Staff("o-1", "山田", frozenset(roles))

    if permitted:
        must_have(staff, access)
    else:
        with pytest.raises(Forbidden):
            must_have(staff, access)


@pytest.mark.parametrize("team", ["*", "any team", "", "supplies} {team", "%2A", "ANY_TEAM"])
def test_no_team_in_an_address_stands_for_any_team(team: str):
    with pytest.raises(Forbidden):
        must_have(Staff("o-1", "山田", frozenset({"Team.supplies"})), role_of("Team.{team}", {"team": team}))


@pytest.mark.parametrize("said", list(Open))
def test_what_is_open_without_a_role_is_so_whatever_stands_in_the_address(said: Open):
    assert role_of(said, {"team": "supplies"}) is said
    assert said.value != said


@pytest.mark.parametrize(
    "role", ["Team.", "Team.*", "Team. ", "Team.Supplies", "Team.supplies.", "Team.{team}", "Team.a--b"]
)
async def test_a_role_of_a_team_that_nothing_is_named_after_opens_nothing(role: str):
    staff = await verify(f"Bearer {signed(roles=[role])}")

    for access in (ANY_TEAM, role, "Team.supplies"):
        with pytest.raises(Forbidden):
            must_have(staff, access)
