"""The Cosmos DB containers of the database, as provisioning on a desk and in Bicep make them."""

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


REQUESTS = ContainerSpec(
    "requests",
    "/reference",
    (
        "/type/?",
        "/dueAt/?",
        "/team/?",
        "/status/?",
        "/deadline/?",
        "/priority/?",
        "/lease/until/?",
        "/lease/claimId/?",
        "/booking/state/?",
        "/booking/method/?",
        "/booking/since/?",
        "/booking/blocks/[]/?",
        "/booking/folding/?",
    ),
    expires=True,
)
CATALOG = ContainerSpec("catalog", "/kind", ("/current/?",))
FAILURES = ContainerSpec("failures", "/queue", ("/status/?", "/lastAt/?"), expires=True)
AUDIT = ContainerSpec("audit", "/subject", ("/at/?",))

SITES = ContainerSpec("sites", "/siteId", ("/type/?", "/starts/?", "/dueAt/?", "/at/?"))
QUOTAS = ContainerSpec("quotas", "/id", ())

CONTAINERS = (REQUESTS, CATALOG, FAILURES, AUDIT, SITES, QUOTAS)
