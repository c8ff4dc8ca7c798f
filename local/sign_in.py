"""Sign-in on a desk, in place of Entra ID: the authorization code flow with PKCE for a person chosen from a list.

As there, the browser stays signed in: whoever was chosen last is taken without being asked, unless the client asks for
`prompt=select_account`, until the client ends the session.
"""

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

from functions.edge.access import SCOPE
from local.issuer import LIFETIME, Issuer, hint_of

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
SESSION = "desk-session"
"""The cookie of the issuer: whoever is signed in there."""
BY_HINT = {hint_of(person): person for person in PEOPLE}


class _Code(msgspec.Struct, frozen=True):
    person: str
    challenge: str
    redirect_uri: str
    scope: str
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
                "end_session_endpoint": f"{issuer.name}/logout",
                "jwks_uri": issuer.name.removesuffix("/issuer") + "/jwks",
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def authorize(request: Request) -> Response:
        asked = request.query_params
        if not _is_ours(asked.get("redirect_uri", ""), request) or not asked.get("code_challenge"):
            return PlainTextResponse("redirect_uri must be on this desk, and code_challenge is needed", 400)
        person = asked.get("person") or _signed_in(request)
        if person not in PEOPLE:
            return HTMLResponse(_page(dict(asked)), headers=NOT_KEPT)
        code = secrets.token_urlsafe(24)
        until = time.time() + CODE_LIVES_FOR
        codes[code] = _Code(person, asked["code_challenge"], asked["redirect_uri"], asked.get("scope", ""), until)
        answer = urlencode({"code": code, "state": asked.get("state", "")})
        back = RedirectResponse(f"{asked['redirect_uri']}#{answer}", 302, headers=NOT_KEPT)
        back.set_cookie(SESSION, hint_of(person), httponly=True, samesite="lax")
        return back

    async def token(request: Request) -> Response:
        asked = dict(parse_qsl((await request.body()).decode()))
        if asked.get("grant_type") == "refresh_token":
            person, scope = asked.get("refresh_token", ""), asked.get("scope", "")
        else:
            code = codes.pop(asked.get("code", ""), None)
            person, scope = _redeemed(code, asked), code.scope if code else ""
        if person not in PEOPLE:
            return JSONResponse({"error": "invalid_grant"}, 400, headers=NOT_KEPT)
        id_token = issuer.id_token(person, PEOPLE[person], datetime.now(UTC))
        access = issuer.token(person, PEOPLE[person], datetime.now(UTC)) if _asks_for_us(scope) else id_token
        return JSONResponse(
            {
                "token_type": "Bearer",
                "access_token": access,
                "id_token": id_token,
                "refresh_token": person,
                "expires_in": int(LIFETIME.total_seconds()),
            },
            headers=NOT_KEPT,
        )

    return [
        Route("/issuer/.well-known/openid-configuration", metadata),
        Route("/issuer/authorize", authorize),
        Route("/issuer/logout", _log_out),
        Route("/issuer/token", token, methods=["POST"]),
    ]


async def _log_out(request: Request) -> Response:
    """End the session of the browser; without a hint that it is this one, ask first. Leads back to this desk alone."""
    asked = request.query_params
    back_to, hint = asked.get("post_logout_redirect_uri", ""), asked.get("logout_hint")
    session = request.cookies.get(SESSION)
    if session and hint != session and "anyway" not in asked:
        return HTMLResponse(_question(dict(asked)), headers=NOT_KEPT)
    gone: Response = PlainTextResponse("サインアウトしました", headers=NOT_KEPT)
    if _is_ours(back_to, request):
        gone = RedirectResponse(back_to, 302, headers=NOT_KEPT)
    gone.delete_cookie(SESSION, httponly=True, samesite="lax")
    return gone


def _redeemed(code: _Code | None, asked: dict[str, str]) -> str:
    """Return whom a code is for, empty where it is none, too old or another's."""
    if code is None or code.until < time.time() or code.redirect_uri != asked.get("redirect_uri"):
        return ""
    digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return code.person if secrets.compare_digest(challenge, code.challenge) else ""


def _signed_in(request: Request) -> str:
    """Return who is signed in at the issuer and taken without being asked, empty where somebody is to be chosen."""
    if request.query_params.get("prompt") == "select_account":
        return ""
    return BY_HINT.get(request.cookies.get(SESSION, ""), "")


def _asks_for_us(scope: str) -> bool:
    """Tell whether a client asks for our scope; one that asks for `.default` of itself gets an ID token of Entra ID."""
    return any(one.endswith(f"/{SCOPE}") for one in scope.split())


def _is_ours(address: str, request: Request) -> bool:
    return urlsplit(address)[:2] == (request.url.scheme, request.url.netloc)


def _page(asked: dict[str, str]) -> str:
    people = "\n".join(
        f'<li><a href="?{html.escape(urlencode({**asked, "person": person}))}">{person}</a> {", ".join(roles)}</li>'
        for person, roles in PEOPLE.items()
    )
    return _drawn("だれとしてサインインしますか", f"<ul>\n{people}\n</ul>")


def _question(asked: dict[str, str]) -> str:
    """Ask whose session ends, as Entra ID does where no hint says it."""
    leave = html.escape(urlencode({**asked, "anyway": "1"}))
    return _drawn("サインアウトしますか", f'<p><a href="?{leave}">サインアウトする</a></p>')


def _drawn(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>机上のサインイン</title></head>
<body><h1>{title}</h1>
<p>この画面は机上（make run）だけのものです。Azure では Entra ID のサインインが出ます。</p>
{body}
</body></html>"""
