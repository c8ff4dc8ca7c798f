"""The bill of materials (SBOM, CycloneDX) of what is deployed."""

from collections.abc import Iterable, Sequence
from typing import Any

from packaging.utils import canonicalize_name

from audit.locks import Copied, Package


def of_deployed(
    environment: dict[str, Any], packages: Sequence[Package], asked: Iterable[str], copied: Sequence[Copied]
) -> dict[str, Any]:
    """Keep of an environment's bill what is deployed and add what was copied; `asked` is what requirements.in names."""
    kept = [one for one in environment["components"] if _package(one) in packages]
    components = kept + [_component(one) for one in copied]
    references = {_package(one).name: one["bom-ref"] for one in components}
    direct = sorted(references[name] for name in {*asked, *(one.package.name for one in copied)} & references.keys())
    root = environment["metadata"]["component"]["bom-ref"]
    dependencies = [{"ref": root, "dependsOn": direct}, *_among(environment["dependencies"], set(references.values()))]
    return {**environment, "components": components, "dependencies": dependencies}


def missing(bill: dict[str, Any], packages: Iterable[Package]) -> list[str]:
    """Find what is deployed and does not stand in the bill, because another version of it is installed or none."""
    named = {_package(one) for one in bill["components"]}
    return [f"{one.name} {one.version}" for one in packages if one not in named]


def _package(component: dict[str, Any]) -> Package:
    return Package(canonicalize_name(component["name"]), component["version"])


def _component(copied: Copied) -> dict[str, Any]:
    address = f"pkg:npm/{copied.package.name}@{copied.package.version}"
    return {
        "bom-ref": address,
        "type": "library",
        "name": copied.package.name,
        "version": copied.package.version,
        "purl": address,
        "licenses": [{"expression": copied.licence.replace(" or ", " OR ").replace(" and ", " AND ")}],
    }


def _among(dependencies: Iterable[dict[str, Any]], kept: set[str]) -> Iterable[dict[str, Any]]:
    for one in dependencies:
        if one["ref"] in kept:
            yield {"ref": one["ref"], "dependsOn": sorted(kept.intersection(one.get("dependsOn", [])))}
