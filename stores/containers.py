"""What a Cosmos DB container is, as provisioning on a desk and in Bicep make it."""

from typing import Any

import msgspec


class ContainerSpec(msgspec.Struct, frozen=True):
    """Describe one container: its partition key and the paths that queries filter or sort by."""

    name: str
    partition_key: str
    indexed: tuple[str, ...]
    expires: bool = False

    @property
    def indexing_policy(self) -> dict[str, Any]:
        """Return the indexing policy: what queries use, and nothing else."""
        return {
            "indexingMode": "consistent",
            "includedPaths": [{"path": path} for path in self.indexed],
            "excludedPaths": [{"path": "/*"}],
        }
