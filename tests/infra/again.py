"""What a second deployment of the same files would change: each rule returns what is wrong.

A deployment writes what stands in the files and leaves alone what they do not name. So it changes nothing where every
resource is wholly ours: no list is half in the files and half set by hand, and no name or value is new each time.
"""

import re

from tests.infra.reading import Choice, Infra, at
from tests.infra.rules import SITE, made

LISTS = {
    "Microsoft.Network/virtualNetworks": "properties.subnets",
    "Microsoft.Network/virtualNetworks/subnets": "properties.routeTable",
    "Microsoft.KeyVault/vaults": "properties.accessPolicies",
}
"""Lists within a resource that would take away what a resource of its own, or an operator, adds."""
WHOLE = {
    "Microsoft.Cdn/profiles/afdEndpoints/routes": ("customDomains", "originGroup", "patternsToMatch"),
    "Microsoft.Cdn/profiles/securityPolicies": ("parameters",),
    "Microsoft.Network/virtualNetworks/subnets": ("addressPrefix", "natGateway", "delegations"),
}
"""Properties that a deployment empties where the files leave them out; snet-endpoints alone has no way out."""
WITHOUT_A_WAY_OUT = {"endpointSubnet": {"natGateway", "delegations"}}
BY_HAND = re.compile(r"\baz ([a-z][\w -]*?)(?= -|[^\w -]|$)", re.MULTILINE)
READING = {"show", "list", "query", "what-if", "list-flexconsumption-locations", "get-access-token", "keys"}
"""The last word of commands that change nothing."""


def half_ours(infra: Infra) -> list[str]:
    """Find resources of which a part stands elsewhere or is left to whoever sets it by hand."""
    wrong = [f"{d.symbol}: {path}" for type_, path in LISTS.items() for d in made(infra, type_) if at(d.body, path)]
    for type_, needed in WHOLE.items():
        for d in made(infra, type_):
            given = {*d.body["properties"], *WITHOUT_A_WAY_OUT.get(d.symbol, set())}
            wrong += [f"{d.symbol} leaves out {name}" for name in needed if name not in given]
    return wrong + [f"{d.symbol}: settings twice" for d in made(infra, f"{SITE}/config")]


def domains(infra: Infra) -> list[str]:
    """Find that the own name is not on the route and under the firewall, or that these forget it."""
    door, route = (
        infra["modules/front-door.bicep"].of("resource"),
        infra["modules/front-door-route.bicep"].of("resource"),
    )
    (firewall,) = at(door["protection"].body, "properties.parameters.associations")
    bound = at(route["everything"].body, "properties.customDomains")
    wrong = [] if _with_a_name(firewall["domains"]) == ["endpoint.id", "domain!.id"] else ["the firewall"]
    wrong += [] if _with_a_name(bound) == ["domainId"] else ["the route"]
    given = infra["main.bicep"].of("module")
    return wrong + [
        f"{name} gets another name"
        for name, parameter, wanted in (("door", "ownDomain", "ownDomain"), ("route", "domainId", "outputs.domainId"))
        if not given[name].value["params"][parameter].text.endswith(wanted)
    ]


def strangers(infra: Infra) -> list[str]:
    """Find resources that are said to exist and are made nowhere in these files."""
    types = {d.type.partition("@")[0] for s in infra.values() for d in s.of("resource").values() if not d.is_existing}
    return [
        f"{path}: {d.symbol}"
        for path, source in infra.items()
        for d in source.of("resource").values()
        if d.is_existing and d.type.partition("@")[0] not in types
    ]


def made_by_a_command(pages: str) -> set[str]:
    """Return the `az` commands of the pages that change something, as far as their last word tells."""
    found = {match.strip() for match in BY_HAND.findall("\n".join(_code(pages)))}
    return {command for command in found if command.split()[-1] not in READING}


def _code(pages: str) -> list[str]:
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", pages, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^ *```sh\n.*?^ *```", "", pages, flags=re.DOTALL | re.MULTILINE)
    return blocks + re.findall(r"`(az [^`]+)`", prose)


def _with_a_name(value: object) -> list[str]:
    """Return the ids in a list where there is an own name."""
    return [item["id"].text for item in value.otherwise] if isinstance(value, Choice) else []
