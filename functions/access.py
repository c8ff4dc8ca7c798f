"""Who calls: the bearer token of Entra ID (on a desk: of the local issuer), checked on every call that needs one."""

from typing import Any, Protocol

from services.errors import Forbidden, Unauthenticated
from services.tasks.model import Staff

ANYONE = "anyone"
ANY_TEAM = "Team.*"
SIGNED_IN = "signed in"
LEEWAY = 60.0
"""Seconds by which clocks may differ."""


class Keys(Protocol):
    """Know the signing keys of the issuer."""

    async def key(self, id_: str) -> dict[str, Any] | None:
        """Return a key as a JWK."""


async def staff_of(authorization: str, *, keys: Keys, issuer: str, audience: str) -> Staff:
    """Verify an `Authorization` header and return who it names; raises Unauthenticated, StoreUnavailable.

    RS256 only: a token signed otherwise (`none`, or HS256 with the public key) is refused before its key is looked up.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("no bearer token")
    claims = await _verified(token.strip(), keys, issuer, audience)
    roles = claims.get("roles", [])
    subject = claims.get("oid") or claims["sub"]
    name = claims.get("name") or claims.get("preferred_username") or subject
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise Unauthenticated("roles is not a list of names")
    return Staff(id=str(subject), name=str(name), roles=frozenset(roles))


def must_have(staff: Staff, access: str) -> None:
    """Refuse staff without the role; raises Forbidden."""
    if access == SIGNED_IN:
        return
    if access == ANY_TEAM:
        if not (staff.supervises or any(role.startswith("Team.") for role in staff.roles)):
            raise Forbidden(access)
    elif access not in staff.roles:
        raise Forbidden(access)


async def _verified(token: str, keys: Keys, issuer: str, audience: str) -> dict[str, Any]:
    import jwt

    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") != "RS256":
            raise Unauthenticated("not signed with RS256")
        key = await keys.key(str(header.get("kid", "")))
        if key is None:
            raise Unauthenticated("signed with an unknown key")
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(key, algorithm="RS256"),
            algorithms=["RS256"],
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except jwt.PyJWTError as error:
        raise Unauthenticated(type(error).__name__) from error
    return claims
