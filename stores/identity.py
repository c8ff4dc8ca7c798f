"""The one credential of an app in Azure, made when a client first needs it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.identity.aio import ManagedIdentityCredential


class Identity:
    """Hold the managed identity by which every store is reached; on a desk none is ever made."""

    def __init__(self) -> None:
        self._made: dict[str | None, ManagedIdentityCredential] = {}

    def of(self, client_id: str | None) -> "ManagedIdentityCredential":
        """Return the credential of a user-assigned identity, or of the system's where no id is given."""
        if client_id not in self._made:
            from azure.identity.aio import ManagedIdentityCredential

            self._made[client_id] = ManagedIdentityCredential(client_id=client_id)
        return self._made[client_id]

    async def close(self) -> None:
        """Close what was made."""
        made, self._made = self._made, {}
        for credential in made.values():
            await credential.close()
