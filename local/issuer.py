"""A token issuer for a desk, in place of Entra ID: it signs whatever it is asked to, so it is never deployed."""

import hashlib
import json
import os
import uuid
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from functions.edge.access import AZURE_CLI, SCOPE

KEY_FILE = "issuer-key.pem"
LIFETIME = timedelta(hours=8)
_SUBJECTS = uuid.UUID("5b1f0a52-8c7e-4b55-9d6b-0f4a7d2f6c11")


class Issuer:
    """Signs tokens that the app accepts under its settings TOKEN_ISSUER and TOKEN_AUDIENCE."""

    def __init__(self, key: rsa.RSAPrivateKey, issuer: str, audience: str) -> None:
        self._key = key
        self.name = issuer
        self._audience = audience
        public = key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._key_id = hashlib.sha256(public).hexdigest()[:16]

    def key_set(self) -> dict[str, Any]:
        """Return the JSON Web Key Set with the public key."""
        key = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "kid": self._key_id, "use": "sig", "alg": "RS256"}]}

    def token(self, subject: str, roles: list[str], now: datetime) -> str:
        """Return a signed access token for this person through the pages of staff, valid for eight hours from `now`.

        All tokens carry what Entra ID puts into those of version 2.0 for the registration of `infra/entra`.
        """
        return self._for_person(subject, roles, now, client=self._audience)

    def cli_token(self, subject: str, roles: list[str], now: datetime) -> str:
        """Return the token that this person gets by `az`."""
        return self._for_person(subject, roles, now, client=AZURE_CLI)

    def app_token(self, subject: str, roles: list[str], now: datetime) -> str:
        """Return the token that an application of this name gets for itself."""
        id_, client = object_id(subject), object_id(f"client {subject}")
        claims = {"sub": id_, "oid": id_, "azp": client, "azpacr": "2", "idtyp": "app", "roles": roles}
        return self._signed(claims, now)

    def id_token(self, subject: str, roles: list[str], now: datetime) -> str:
        """Return an ID token for this subject: it says who signed in, and opens nothing."""
        return self._signed({**_person(subject), "roles": roles, "login_hint": hint_of(subject)}, now)

    def _for_person(self, subject: str, roles: list[str], now: datetime, client: str) -> str:
        claims = {**_person(subject), "roles": roles, "azp": client, "azpacr": "0", "scp": SCOPE}
        return self._signed(claims, now)

    def _signed(self, claims: dict[str, Any], now: datetime) -> str:
        times = {"iat": now, "nbf": now, "exp": now + LIFETIME}
        known = {"iss": self.name, "aud": self._audience, "ver": "2.0", **times}
        return jwt.encode(known | claims, self._key, algorithm="RS256", headers={"kid": self._key_id})


def object_id(subject: str) -> str:
    """Return the id that stays with a subject, whatever it is called by."""
    return str(uuid.uuid5(_SUBJECTS, subject))


def hint_of(subject: str) -> str:
    """Return what names a subject to the issuer alone."""
    return hashlib.sha256(f"hint\0{subject}".encode()).hexdigest()[:32]


def _person(subject: str) -> dict[str, Any]:
    return {"sub": subject, "oid": object_id(subject), "name": subject, "preferred_username": subject}


def open_issuer(directory: Path, issuer: str, audience: str) -> Issuer:
    """Return the issuer whose key pair lies in this directory; the first call makes it."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / KEY_FILE
    with suppress(FileExistsError):
        _write_new_key(path)
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{path} holds no RSA key")
    return Issuer(key, issuer, audience)


def routes(issuer: Issuer) -> list[BaseRoute]:
    """Return `GET /jwks` and `GET /token?subject=NAME&roles=A,B`, and `&via=cli` or `&via=app` for other clients."""

    async def key_set(_: Request) -> Response:
        return JSONResponse(issuer.key_set())

    async def token(request: Request) -> Response:
        subject = request.query_params.get("subject", "").strip()
        if not subject:
            return PlainTextResponse("subject is missing: /local/token?subject=NAME&roles=Operator,Team.supplies", 400)
        sign = {"pages": issuer.token, "cli": issuer.cli_token, "app": issuer.app_token}.get(
            request.query_params.get("via", "pages")
        )
        if sign is None:
            return PlainTextResponse("via is pages, cli or app", 400)
        roles = [role.strip() for role in request.query_params.get("roles", "").split(",") if role.strip()]
        return PlainTextResponse(sign(subject, roles, datetime.now(UTC)), headers={"cache-control": "no-store"})

    return [Route("/jwks", key_set), Route("/token", token)]


def _write_new_key(path: Path) -> None:
    if path.exists():
        raise FileExistsError(path)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    whole = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(whole, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)
    try:
        os.link(whole, path)
    finally:
        whole.unlink()
