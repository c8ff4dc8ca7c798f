"""What infra/bicep must have in common with the code: each rule takes what was read and returns what differs."""

import json
from pathlib import Path
from typing import Any

import yaml

from functions.edge.html import MAX_FORM
from functions.edge.web import MAX_BODY
from functions.operations.api import MAX_DEFINITION
from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.case.task import SUPERVISORS, queue_of
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from services.pickup.tables.sheets import MOST_BYTES
from tests.infra.reading import Choice, Expression, Infra, Loop, at, objects
from tests.infra.rules import SITE, made
from wiring import CAPABILITIES, containers_of

ROOT = Path(__file__).parent.parent.parent
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text(encoding="utf-8"))["Values"]
TEAMS = {
    route["team"]
    for path in (ROOT / "catalog" / "services").glob("*.yaml")
    for route in yaml.safe_load(path.read_text(encoding="utf-8"))["routes"]
}
TRIGGERED = (INTAKE_QUEUE, ADVANCE_QUEUE)
BY_ADDRESS = {
    "AzureWebJobsStorage": ("blobServiceUri", "credential", "clientId"),
    "COSMOS": ("accountEndpoint", "regions", "clientId"),
    "STORAGE": ("queueServiceUri", "blobServiceUri", "credential", "clientId"),
}
"""What stands for a connection string of the sample; the host alone reads `credential`."""
OF_A_DESK = {"FUNCTIONS_WORKER_RUNTIME", "PYTHON_ENABLE_OPENTELEMETRY"}
OF_THE_PLATFORM = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "PYTHON_APPLICATIONINSIGHTS_ENABLE_TELEMETRY",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
}


def containers(infra: Infra) -> list[str]:
    """Find containers whose partition key, expiry or indexed paths differ from the stores."""
    listed = infra["modules/cosmos.bicep"].var("containers")
    described = {c["name"]: (c["partitionKey"], c["expires"], tuple(c["indexed"])) for c in listed}
    code = {c.name: (c.partition_key, c.expires, c.indexed) for c in containers_of(CAPABILITIES)}
    names_ = sorted({*described, *code})
    return [f"{n}: {described.get(n)} is not {code.get(n)}" for n in names_ if described.get(n) != code.get(n)]


def container_policy(infra: Infra) -> list[str]:
    """Find that containers are not made as they are described, or expire by anything but a `ttl`."""
    source = infra["modules/cosmos.bicep"]
    made_of = source.of("resource")["sqlContainers"].body["properties"]["resource"]
    policy, code = made_of["indexingPolicy"], containers_of(CAPABILITIES)[0].indexing_policy
    always = [{"path": '/"_etag"/?'}]
    expected = {
        "partitionKey": {"paths": [Expression("container.partitionKey")], "kind": "Hash", "version": 2},
        "defaultTtl": Choice("container.expires", Expression("documentsExpireByTheirOwnTtl"), None),
    }
    wrong = [f"{name} is {made_of[name]}" for name, value in expected.items() if made_of[name] != value]
    if policy["includedPaths"] != Loop(Expression("container.indexed"), {"path": Expression("path")}):
        wrong.append("includedPaths")
    if policy["excludedPaths"] != code["excludedPaths"] + always or policy["indexingMode"] != code["indexingMode"]:
        wrong.append("excludedPaths or indexingMode")
    return wrong + (["the own ttl"] if source.var("documentsExpireByTheirOwnTtl") != -1 else [])


def queues(infra: Infra) -> list[str]:
    """Find queues that differ from those of the code and of the teams that the shipped catalog names."""
    of_teams = {queue_of(team, priority) for team in (*TEAMS, SUPERVISORS) for priority in ("urgent", "normal")}
    return _differences(_queues(infra), {*TRIGGERED, *_poison_queues(), *of_teams})


def poison_queues(infra: Infra) -> list[str]:
    """Find triggered queues without their poison queue."""
    return [f"no {queue}" for queue in _poison_queues() - _queues(infra)]


def setting_names(infra: Infra) -> list[str]:
    """Find settings that differ from the sample's, with addresses and an identity for connection strings."""
    addresses = {f"{name}__{part}" for name, parts in BY_ADDRESS.items() for part in parts}
    return _differences(set(settings(infra)), set(SAMPLE) - set(BY_ADDRESS) - OF_A_DESK | OF_THE_PLATFORM | addresses)


def settings(infra: Infra) -> dict[str, Any]:
    """Return the settings of the app by name."""
    (site,) = made(infra, SITE)
    return {setting["name"]: setting["value"] for setting in at(site.body, "properties.siteConfig.appSettings")}


def address_header(infra: Infra) -> list[str]:
    """Find another header than the one that the last machine before the app writes.

    Behind Front Door that is not `x-azure-clientip`, which Front Door takes from what the client says of itself.
    """
    expected = Choice("empty(frontDoorId)", "x-forwarded-for", "x-azure-socketip")
    found = settings(infra)["ADDRESS_HEADER"]
    return [] if found == expected else [f"{found} is not {expected}"]


def traces_kept(infra: Infra) -> list[str]:
    """Find that not every trace is kept where no parameter says otherwise."""
    default = infra["main.bicep"].of("parameter")["tracesKept"].value
    percent = settings(infra)["OTEL_TRACES_SAMPLER_ARG"]
    is_all = isinstance(percent, Choice) and (percent.condition, percent.then) == ("tracesKept == 100", "1.0")
    return [] if is_all and default == 100 else [f"{percent} of {default}"]


def cosmos_regions(infra: Infra) -> list[str]:
    """Find that the app does not learn every region of Cosmos DB, its own first, by which it finds the next one."""
    regions = Choice(
        "empty(secondaryLocation)", [Expression("location")], [Expression("location"), Expression("secondaryLocation")]
    )
    given = infra["main.bicep"].of("module")["functionApp"].value["params"].get("cosmosRegions")
    wrong = [] if given == regions else [f"{given} is not {regions}"]
    setting = settings(infra)["COSMOS__regions"]
    return wrong + ([] if setting == Expression("join(cosmosRegions, ',')") else [f"{setting}"])


def body_limit(infra: Infra) -> list[str]:
    """Find that the host keeps back what a function would refuse in words, or hands on what fills the worker's memory.

    The host answers 500 with nothing. Whatever it takes is in the memory of the worker before the first line of ours
    runs. A desk has the same limit.
    """
    largest = max(MAX_BODY, MAX_FORM, MAX_DEFINITION, MOST_BYTES)
    of_host = int(settings(infra)["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"])
    if of_host != int(SAMPLE["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"]):
        return ["a desk has another limit"]
    return [] if 4 * largest < of_host <= 8 * largest else [f"{of_host} for bodies of {largest}"]


def always_ready(infra: Infra) -> list[str]:
    """Return the scaling groups of which instances stand ready."""
    (site,) = made(infra, SITE)
    groups = objects(at(site.body, "properties.functionAppConfig.scaleAndConcurrency.alwaysReady"))
    return [group["name"] for group in groups]


def private_endpoints(infra: Infra) -> list[str]:
    """Find stores that the app reaches without a private endpoint, and endpoints that nothing needs."""
    endpoints = infra["modules/private-endpoints.bicep"].var("endpoints")
    reached = {"hostStorage blob", "appStorage blob", "appStorage queue", "cosmos Sql", "vault vault"}
    return _differences({f"{e['target'].text.removesuffix('.id')} {e['group']}" for e in endpoints}, reached)


def web_test(infra: Infra) -> list[str]:
    """Find that the web test asks for another page than the one on readiness, or runs before anything is published."""
    (test,) = made(infra, "Microsoft.Insights/webtests")
    asked = at(test.body, "properties.Request.RequestUrl")
    wrong = [] if asked == Expression("'${address}/api/ready'") else [f"{asked}"]
    return wrong + (
        [] if "module webTest 'modules/web-test.bicep' = if (published) {" in infra["main.bicep"].text else ["on"]
    )


def _queues(infra: Infra) -> set[str]:
    return set(infra["main.bicep"].of("module")["appStorage"].value["params"]["queues"])


def _poison_queues() -> set[str]:
    return {f"{queue}-poison" for queue in TRIGGERED}


def _differences(found: set[str], expected: set[str]) -> list[str]:
    return sorted([f"no {name}" for name in expected - found] + [f"needless {name}" for name in found - expected])
