"""Sign-in on a desk, in place of Entra ID: the authorization code flow with PKCE for a person chosen from a list."""

import base64
import hashlib
import html
import secrets
import time
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from local.issuer import LIFETIME, Issuer

PEOPLE = {
    "見本 窓口": ["Team.supplies"],
    "見本 物資係": ["Team.supplies", "Supervisor"],
    "見本 配達": ["Team.delivery"],
    "見本 証明": ["Team.certificates"],
    "見本 広報": ["Editor"],
    "見本 当直": [
        "Team.supplies",
        "Team.delivery",
        "Team.welfare",
        "Team.certificates",
        "Supervisor",
        "Operator",
        "Editor",
    ],
}
CODE_LIVES_FOR = 300.0
"""Seconds between choosing a person and fetching the token."""
NOT_KEPT = {"cache-control": "no-store"}


class _Code(msgspec.Struct, frozen=True):
    person: str
    challenge: str
    redirect_uri: str
    until: float


def routes(issuer: Issuer) -> list[BaseRoute]:
    """Return what a client finds under the issuer's address: its metadata, the page of people, and the tokens."""
    codes: dict[str, _Code] = {}

    async def metadata(_: Request) -> Response:
        return JSONResponse(
            {
                "issuer": issuer.name,
                "authorization_endpoint": f"{issuer.name}/authorize",
                "token_endpoint": f"{issuer.name}/token",
                "jwks_uri": issuer.name.removesuffix("/issuer") + "/jwks",
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def authorize(request: Request) -> Response:
        asked = request.query_params
        if not _is_ours(asked.get("redirect_uri", ""), request) or not asked.get("code_challenge"):
            return PlainTextResponse("redirect_uri must be on this desk, and code_challenge is needed", 400)
        person = asked.get("person")
        if person not in PEOPLE:
            return HTMLResponse(_page(dict(asked)), headers=NOT_KEPT)
        code = secrets.token_urlsafe(24)
        codes[code] = _Code(person, asked["code_challenge"], asked["redirect_uri"], time.time() + CODE_LIVES_FOR)
        answer = urlencode({"code": code, "state": asked.get("state", "")})
        return RedirectResponse(f"{asked['redirect_uri']}#{answer}", 302, headers=NOT_KEPT)

    async def token(request: Request) -> Response:
        asked = dict(parse_qsl((await request.body()).decode()))
        if asked.get("grant_type") == "refresh_token":
            person = asked.get("refresh_token", "")
        else:
            person = _redeemed(codes.pop(asked.get("code", ""), None), asked)
        if person not in PEOPLE:
            return JSONResponse({"error": "invalid_grant"}, 400, headers=NOT_KEPT)
        return JSONResponse(
            {
                "token_type": "Bearer",
                "access_token": issuer.token(person, PEOPLE[person], datetime.now(UTC)),
                "refresh_token": person,
                "expires_in": int(LIFETIME.total_seconds()),
            },
            headers=NOT_KEPT,
        )

    return [
        Route("/issuer/.well-known/openid-configuration", metadata),
        Route("/issuer/authorize", authorize),
        Route("/issuer/token", token, methods=["POST"]),
    ]


def _redeemed(code: _Code | None, asked: dict[str, str]) -> str:
    """Return whom a code is for, empty where it is none, too old or another's."""
    if code is None or code.until < time.time() or code.redirect_uri != asked.get("redirect_uri"):
        return ""
    digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return code.person if secrets.compare_digest(challenge, code.challenge) else ""


def _is_ours(address: str, request: Request) -> bool:
    return urlsplit(address)[:2] == (request.url.scheme, request.url.netloc)


def _page(asked: dict[str, str]) -> str:
    people = "\n".join(
        f'<li><a href="?{html.escape(urlencode({**asked, "person": person}))}">{person}</a> {", ".join(roles)}</li>'
        for person, roles in PEOPLE.items()
    )
    return f"""<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>机上のサインイン</title></head>
<body><h1>だれとしてサインインしますか</h1>
<p>この画面は机上（make run）だけのものです。Azure では Entra ID のサインインが出ます。</p>
<ul>
{people}
</ul></body></html>"""
