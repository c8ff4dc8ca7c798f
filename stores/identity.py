"""The one credential of an app in Azure, made when a client first needs it."""

import time
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
from azure.core.exceptions import ClientAuthenticationError

from stores.shared import Shared

if TYPE_CHECKING:
    from azure.identity.aio import ManagedIdentityCredential

TOKEN_WITHIN = 12.0
"""Seconds for asking the identity endpoint for one token; callers wait their own share of it."""
LONG_ENOUGH = 300.0
"""Seconds for which a token must still last to serve while a newer one is asked for."""

type _Key = tuple[object, ...]


class Identity:
    """Hold the managed identity by which every store is reached; on a desk none is ever made."""

    def __init__(self) -> None:
        self._made: dict[str | None, SharedCredential] = {}

    def of(self, client_id: str | None) -> "SharedCredential":
        """Return the credential of a user-assigned identity, or of the system's where no id is given."""
        if client_id not in self._made:
            from azure.identity.aio import ManagedIdentityCredential

            self._made[client_id] = SharedCredential(ManagedIdentityCredential(client_id=client_id))
        return self._made[client_id]

    async def close(self) -> None:
        """Close what was made."""
        made, self._made = self._made, {}
        for credential in made.values():
            await credential.close()


class SharedCredential:
    """Ask for each token once for all who wait for it; no error of it carries a status that a store could answer."""

    def __init__(self, credential: "ManagedIdentityCredential") -> None:
        self._credential = credential
        self._asking: dict[_Key, Shared[AccessTokenInfo]] = {}
        self._known: dict[_Key, AccessTokenInfo] = {}

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token; raises ClientAuthenticationError."""
        asked: TokenRequestOptions = {key: value for key, value in options.items() if value}  # type: ignore[assignment]
        token = await self.get_token_info(*scopes, options=asked)
        return AccessToken(token.token, token.expires_on)

    async def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """Return a token, the one known while it lasts, though a newer one be asked for.

        Raises ClientAuthenticationError.
        """
        key = (*scopes, *sorted((options or {}).items()))
        asking = self._asking.setdefault(key, Shared(partial(self._ask, key, scopes, options), TOKEN_WITHIN))
        asking.start()
        known = self._known.get(key)
        if known and known.expires_on - time.time() > LONG_ENOUGH and not (options or {}).get("claims"):
            return known
        return await asking.wait()

    async def close(self) -> None:
        """End what is under way, and close the credential."""
        for asking in self._asking.values():
            await asking.close()
        await self._credential.close()

    async def __aenter__(self) -> "SharedCredential":
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.close()

    async def _ask(self, key: _Key, scopes: tuple[str, ...], options: TokenRequestOptions | None) -> AccessTokenInfo:
        try:
            self._known[key] = await self._credential.get_token_info(*scopes, options=options)
        except Exception as error:
            raise ClientAuthenticationError(message=f"no token: {error}") from error
        return self._known[key]
