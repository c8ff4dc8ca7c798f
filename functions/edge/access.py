"""Who calls: the bearer token of Entra ID (on a desk: of the local issuer), checked on every call that needs one."""

from collections.abc import Mapping
from enum import Enum
from typing import Any, Protocol, TypeGuard

from services.case.task import TEAM, Staff
from services.door import LONGEST_LINE
from services.errors import Forbidden, Unauthenticated
from services.names import is_name


class Open(Enum):
    """Name the callers to whom a route is open without one certain role.

    An enum, so that no role and no address can spell one of them.
    """

    ANYONE = "anyone"
    SIGNED_IN = "signed in"
    ANY_TEAM = "any team"


ANYONE, SIGNED_IN, ANY_TEAM = Open.ANYONE, Open.SIGNED_IN, Open.ANY_TEAM
type Access = Open | str
"""To whom a route is open, or the one role that opens it; `{team}` in the role stands for the route's team."""

SCOPE = "user_impersonation"
"""The one scope of the registration (`infra/entra/api.json`): whoever's token carries it acts for a person."""
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
"""The application id of `az` in every tenant, by which operators call (`docs/operations/access.md`)."""
ROLES_OF_CLI = frozenset({"Operator", "Editor"})
"""What a person may do by `az`; all else is done on the pages of staff."""
ROLES_OF_PEOPLE = frozenset({"Supervisor"})
"""What no application may hold: the roles of `infra/entra/app-roles.json` that are for users alone."""
LEEWAY = 60.0
"""Seconds by which clocks may differ."""


class Keys(Protocol):
    """Know the signing keys of the issuer."""

    async def key(self, id_: str) -> dict[str, Any] | None:
        """Return a key as a JWK."""


async def staff_of(authorization: str, *, keys: Keys, issuer: str, audience: str) -> Staff:
    """Verify an `Authorization` header and return who it names; raises Unauthenticated, StoreUnavailable.

    RS256 only: a token signed otherwise (`none`, or HS256 with the public key) is refused before its key is looked up.
    A role without a valid name of a team (`Team.`, `Team.*`) does not count. An id that no store takes is refused, as
    it decides who may do what; a name only shows, so what no store takes of it is replaced.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("no bearer token")
    claims = await _verified(token.strip(), keys, issuer, audience)
    roles = _roles_that_count(claims, audience)
    subject = claims.get("oid") or claims["sub"]
    if not _is_storable(subject):
        raise Unauthenticated("the id of its holder is none")
    names = (claims.get("name"), claims.get("preferred_username"), subject)
    name = next(name for name in names if isinstance(name, str) and name)
    return Staff(id=subject, name=_storable(name), roles=roles)


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


def _is_storable(text: object) -> TypeGuard[str]:
    """Tell whether this is a line that stores and answers take: JSON can spell half of a UTF-16 pair, they cannot."""
    return isinstance(text, str) and 0 < len(text) <= LONGEST_LINE and _storable(text) == text


def _storable(text: str) -> str:
    """Return a line as stores take it: U+FFFD for each half of a UTF-16 pair."""
    return text[:LONGEST_LINE].encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_role(role: str) -> bool:
    return _is_storable(role) and (not role.startswith(TEAM) or is_name(role.removeprefix(TEAM)))


def _roles_that_count(claims: dict[str, Any], audience: str) -> frozenset[str]:
    """Return the roles that count for the client that asked for this token; raises Unauthenticated where none may.

    `scp` stands only in access tokens for people, `idtyp` (an optional claim that `infra/entra/api.json` asks for) says
    `app` only in those that an application got for itself; an ID token has neither.
    https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    """
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise Unauthenticated("roles is not a list of names")
    if claims.get("ver") != "2.0":
        raise Unauthenticated("not a token of version 2.0")
    scopes, is_of_app = claims.get("scp"), claims.get("idtyp") == "app"
    held = frozenset(filter(_is_role, roles))
    if scopes is None and is_of_app:
        return held - ROLES_OF_PEOPLE
    if is_of_app or not isinstance(scopes, str) or SCOPE not in scopes.split():
        raise Unauthenticated("neither with the scope for a person nor of an application")
    return _roles_by_client(held, claims.get("azp"), audience)


def _roles_by_client(roles: frozenset[str], client: object, audience: str) -> frozenset[str]:
    """Return which of a person's roles count through a client: through our pages, whose registration it is, all."""
    if client == audience:
        return roles
    if client == AZURE_CLI:
        return roles & ROLES_OF_CLI
    raise Unauthenticated("got by another client than the pages of staff and az")


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
