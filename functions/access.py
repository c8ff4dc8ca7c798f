"""Who calls: the bearer token of Entra ID (on a desk: of the local issuer), checked on every call that needs one."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol

from services.errors import Forbidden, Unauthenticated
from services.names import is_name
from services.tasks.model import TEAM, Staff


class Open(Enum):
    """Say to whom a route is open beside the holders of one role: values, which no role and no address can spell."""

    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    ANY_TEAM = "any team"


ANYONE, SIGNED_IN, ANY_TEAM = Open.ANYONE, Open.SIGNED_IN, Open.ANY_TEAM
type Access = Open | str
"""To whom a route is open, or the one role that opens it; `{team}` in the role stands for the route's team."""

LEEWAY = 60.0
"""Seconds by which clocks may differ."""


class Keys(Protocol):
    """Know the signing keys of the issuer."""

    async def key(self, id_: str) -> dict[str, Any] | None:
        """Return a key as a JWK."""


async def staff_of(authorization: str, *, keys: Keys, issuer: str, audience: str) -> Staff:
    """Verify an `Authorization` header and return who it names; raises Unauthenticated, StoreUnavailable.

    RS256 only: a token signed otherwise (`none`, or HS256 with the public key) is refused before its key is looked up.
    A role of a team that nothing can be named after (`Team.`, `Team.*`) counts as none.
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
    return Staff(id=str(subject), name=str(name), roles=frozenset(filter(_is_role, roles)))


def role_of(access: Access, route: Mapping[str, str]) -> Access:
    """Return the role that opens a route with these parameters; what is open without one stays as it is."""
    return access if isinstance(access, Open) else access.format_map(route)


def must_have(staff: Staff, access: Access) -> None:
    """Refuse staff without the role; raises Forbidden."""
    if access in staff.roles or access in (ANYONE, SIGNED_IN):
        return
    if access is ANY_TEAM and (staff.supervises or any(role.startswith(TEAM) for role in staff.roles)):
        return
    raise Forbidden(str(access))


def _is_role(role: str) -> bool:
    return not role.startswith(TEAM) or is_name(role.removeprefix(TEAM))


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
