"""The rules on a text with one thing broken: each must find it, or it holds nothing."""

from collections.abc import Callable

import pytest

from tests.infra import again, agreement, guarded, reading, rules, watching
from tests.infra.reading import Infra

TEXTS = reading.texts()
INFRA = reading.read_all(TEXTS)
WRITTEN = {False: "false", True: "true"}

MUTATIONS: dict[str, tuple[str, str, str, Callable[[Infra], object]]] = {
    "a bracket too few": ("modules/cosmos.bicep", "? [primary]", "? [primary", rules.syntax_errors),
    "a parameter without description": (
        "modules/cosmos.bicep",
        "@description('Most RU/s of the container `requests`.')\n",
        "",
        rules.without_description,
    ),
    "a misspelt name": ("modules/alerts.bicep", "[operators.id]", "[operator.id]", rules.unknown_names),
    "a second version of a type": (
        "modules/access.bicep",
        "'Microsoft.KeyVault/vaults@2025-05-01'",
        "'Microsoft.KeyVault/vaults@2024-11-01'",
        rules.versions,
    ),
    "a parameter that nothing reads": (
        "modules/monitoring.bicep",
        "    retentionInDays: logRetention\n",
        "",
        rules.unused_names,
    ),
    "a module without a parameter": ("main.bicep", "    keepVersions: true\n", "", rules.module_calls),
    "a module with a parameter too many": (
        "main.bicep",
        "    queues: []\n",
        "    queues: []\n    x: 1\n",
        rules.module_calls,
    ),
    "an output that is not there": (
        "main.bicep",
        "cosmos.outputs.databaseName",
        "cosmos.outputs.db",
        rules.module_calls,
    ),
    "a property that Flex Consumption refuses": (
        "modules/function-app.bicep",
        "      minTlsVersion: '1.2'\n",
        "      minTlsVersion: '1.2'\n      ftpsState: 'Disabled'\n",
        rules.refused_by_flex,
    ),
    "a setting that Flex Consumption refuses": (
        "modules/function-app.bicep",
        "'COSMOS_DATABASE'",
        "'WEBSITE_TIME_ZONE'",
        rules.refused_by_flex,
    ),
    "a network with a list of its subnets": (
        "modules/network.bicep",
        "addressPrefixes: ['10.0.0.0/16'] } }",
        "addressPrefixes: ['10.0.0.0/16'] }, subnets: [{ name: 'x' }] }",
        again.half_ours,
    ),
    "a subnet whose way out is left to the next hand": (
        "modules/network.bicep",
        "    natGateway: natGateway ? { id: wayOut!.id } : null\n",
        "",
        again.half_ours,
    ),
    "a route that drops the own name": (
        "modules/front-door-route.bicep",
        "    customDomains: empty(domainId) ? [] : [{ id: domainId }]\n",
        "",
        again.domains,
    ),
    "an own name that no firewall covers": (
        "modules/front-door.bicep",
        ", { id: domain!.id }]",
        "]",
        again.domains,
    ),
    "a resource that somebody else makes": (
        "modules/private-endpoints.bicep",
        "'Microsoft.KeyVault/vaults@2025-05-01'",
        "'Microsoft.KeyVault/managedHSMs@2025-05-01'",
        again.strangers,
    ),
    "a web test of another page": (
        "modules/web-test.bicep",
        "/api/ready",
        "/api/health",
        agreement.web_test,
    ),
    "a web test of what is not published": ("main.bicep", "= if (published) {", "= {", agreement.web_test),
    "a deployment site that is open": (
        "modules/function-app.bicep",
        "for (address, index) in publishingAddresses",
        "for (address, index) in ['0.0.0.0']",
        guarded.doors,
    ),
    "an app that any Front Door reaches": ("modules/function-app.bicep", "[frontDoorId] }", "[] }", guarded.doors),
    "addresses that may always publish": (
        "main.bicep",
        "param publishingAddresses array = []",
        "param publishingAddresses array = ['203.0.113.4']",
        guarded.doors,
    ),
    "documents without a lock": ("modules/cosmos.bicep", "'CanNotDelete'", "'NotSpecified'", guarded.unlocked),
    "a lock that is always off": ("main.bicep", "locked: locks", "locked: false", guarded.unlocked),
    "a lock that is always on": ("modules/key-vault.bicep", "= if (locked) {", "= {", guarded.unlocked),
    "a vault that can be purged in prod": (
        "main.bicep",
        "param purgeProtection bool = stage == 'prod'",
        "param purgeProtection bool = false",
        guarded.again_the_same_day,
    ),
    "a vault that takes away its protection": (
        "modules/key-vault.bicep",
        "purgeProtection ? true : null",
        "purgeProtection ? true : false",
        guarded.again_the_same_day,
    ),
    "an alert on a table that is not there yet": (
        "modules/alerts.bicep",
        "enabled: published",
        "enabled: true",
        guarded.alerts_before_their_tables,
    ),
    "grants that a new identity would collide with": (
        "modules/access.bicep",
        "guid(cosmos.id, principalId,",
        "guid(cosmos.id, 'app',",
        rules.assignments,
    ),
    "a line that is too long": (
        "modules/network.bicep",
        "['10.0.0.0/16'] } }",
        "['10.0.0.0/16', '10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16', '10.4.0.0/16', '10.5.0.0/16'] } }",
        rules.unformatted,
    ),
    "a choice that fits on one line": (
        "modules/network.bicep",
        "natGateway ? { id: wayOut!.id } : null",
        "natGateway\n      ? { id: wayOut!.id }\n      : null",
        rules.unformatted,
    ),
    "an account key": (
        "modules/function-app.bicep",
        "value: hostStorage.properties.primaryEndpoints.blob }",
        "value: hostStorage.listKeys().keys[0].value }",
        rules.secrets,
    ),
    "a connection string": (
        "modules/function-app.bicep",
        "value: cosmos.properties.documentEndpoint",
        "value: 'AccountEndpoint=${cosmos.properties.documentEndpoint};AccountKey=x'",
        rules.secrets,
    ),
    "a secret as a parameter": ("main.bicep", "@minLength(36)", "@secure()", rules.secrets),
    "a name that is new each time": (
        "main.bicep",
        "uniqueString(resourceGroup().id, stage)",
        "newGuid()",
        rules.secrets,
    ),
    "an output with the address and key of Application Insights": (
        "modules/monitoring.bicep",
        "string = insights.name",
        "string = insights.properties.ConnectionString",
        rules.outputs_of_secrets,
    ),
    "a missing role": ("modules/access.bicep", "  scope: vault\n", "  scope: insights\n", rules.roles),
    "a role too many": (
        "modules/access.bicep",
        "  scope: appStorage::blobService::catalog\n",
        "  scope: appStorage\n",
        rules.roles,
    ),
    "a role that is not allowed": (
        "modules/access.bicep",
        "4633458b-17de-408a-b874-0445c86b69e6",
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",
        rules.roles,
    ),
    "documents of the whole account": ("modules/access.bicep", "/dbs/${databaseName}", "", rules.roles),
    "an assignment without the kind of its principal": (
        "modules/access.bicep",
        "    principalType: 'ServicePrincipal'\n",
        "",
        rules.assignments,
    ),
    "an assignment named after another scope": (
        "modules/access.bicep",
        "name: guid(vault.id,",
        "name: guid(insights.id,",
        rules.assignments,
    ),
    "another partition key": ("modules/cosmos.bicep", "'/reference'", "'/id'", agreement.containers),
    "a container that keeps what should expire": (
        "modules/cosmos.bicep",
        "'/queue'\n    expires: true",
        "'/queue'\n    expires: false",
        agreement.containers,
    ),
    "a path that is not indexed": ("modules/cosmos.bicep", "      '/deadline/?'\n", "", agreement.containers),
    "a missing container": ("modules/cosmos.bicep", "name: 'sites'", "name: 'places'", agreement.containers),
    "everything indexed": ("modules/cosmos.bicep", "{ path: '/*' }, ", "", agreement.container_policy),
    "everything expires in a second": ("modules/cosmos.bicep", "OwnTtl = -1", "OwnTtl = 1", agreement.container_policy),
    "a queue without its poison queue": ("main.bicep", "      'requests-intake-poison'\n", "", agreement.poison_queues),
    "a team without its urgent queue": ("main.bicep", "      'tasks-welfare-urgent'\n", "", agreement.queues),
    "a queue that nobody reads": ("main.bicep", "      'tasks-welfare'\n", "      'tasks-x'\n", agreement.queues),
    "a misspelt setting": ("modules/function-app.bicep", "'COSMOS_DATABASE'", "'COSMOS_DB'", agreement.setting_names),
    "a setting that nothing reads": (
        "modules/function-app.bicep",
        "      appSettings: [\n",
        "      appSettings: [\n        { name: 'FUNCTIONS_WORKER_RUNTIME', value: 'python' }\n",
        agreement.setting_names,
    ),
    "bodies that no function takes": ("modules/function-app.bicep", "'8388608'", "'104857600'", agreement.body_limit),
    "bodies that a function would take": ("modules/function-app.bicep", "'8388608'", "'2097152'", agreement.body_limit),
    "a header that a client writes": (
        "modules/function-app.bicep",
        "x-azure-socketip",
        "x-azure-clientip",
        agreement.address_header,
    ),
    "a second region that the app does not learn of": (
        "main.bicep",
        "[location, secondaryLocation]",
        "[location]",
        agreement.cosmos_regions,
    ),
    "a store without its private endpoint": (
        "modules/private-endpoints.bicep",
        "target: vault.id",
        "target: cosmos.id",
        agreement.private_endpoints,
    ),
    "a parameter file of another template": (
        "main.dev.bicepparam",
        "./main.bicep",
        "./other.bicep",
        rules.parameter_files,
    ),
    "a parameter that main does not take": (
        "main.prod.bicepparam",
        "param privateNetwork",
        "param privateNet",
        rules.parameter_files,
    ),
    "a parameter file without the audience": (
        "main.dev.bicepparam",
        "param tokenAudience = readEnvironmentVariable('TOKEN_AUDIENCE')\n",
        "",
        rules.parameter_files,
    ),
    "prod in public": ("main.prod.bicepparam", "privateNetwork = true", "privateNetwork = false", rules.prod),
    "prod in one zone": ("main.prod.bicepparam", "param zoneRedundant = true\n", "", rules.prod),
    "prod in one region": ("main.prod.bicepparam", "'japanwest'", "''", rules.prod),
    "an alert on a metric that nothing emits": (
        "modules/alerts.bicep",
        'Name == "madoguchi.oldest_pending"',
        'Name == "madoguchi.poison"',
        watching.alert_metrics,
    ),
    "an alert on a dimension that the metric does not have": (
        "modules/alerts.bicep",
        "tostring(Properties.queue)",
        "tostring(Properties.name)",
        watching.alert_metrics,
    ),
    "an alert on all metrics at once": (
        "modules/alerts.bicep",
        'Name == "madoguchi.oldest_pending" and ',
        "",
        watching.alert_metrics,
    ),
    "an alert that does not lead to its runbook": (
        "modules/alerts.bicep",
        "#alert-throttled.",
        "#throttled.",
        watching.unanswered,
    ),
    "prod asleep": ("main.prod.bicepparam", "alwaysReadyInstances = 2", "alwaysReadyInstances = 0", rules.prod),
}


def broken(path: str, old: str, new: str) -> Infra:
    """Read everything with the first of these words replaced."""
    assert old in TEXTS[path]
    return changed({path: TEXTS[path].replace(old, new, 1)})


def changed(files: dict[str, str]) -> Infra:
    """Read the files that are another text now."""
    return INFRA | reading.read_all({path: text for path, text in files.items() if text != TEXTS[path]})


@pytest.mark.parametrize("what", MUTATIONS)
def test_a_rule_finds(what: str):
    path, old, new, rule = MUTATIONS[what]

    assert rule(broken(path, old, new))


@pytest.mark.parametrize(("type_", "path", "wanted"), rules.FLAGS, ids=[f"{t}:{p}" for t, p, _ in rules.FLAGS])
def test_a_rule_finds_an_open_flag(type_: str, path: str, wanted: object):
    name = path.rpartition(".")[2]
    written = WRITTEN.get(wanted, f"'{wanted}'") if isinstance(wanted, bool) else f"'{wanted}'"
    opened = WRITTEN[not wanted] if isinstance(wanted, bool) else "'open'"
    files = {p: text.replace(f"{name}: {written}", f"{name}: {opened}") for p, text in TEXTS.items()}

    assert files != TEXTS
    assert rules.flag(changed(files), type_, path, wanted)


@pytest.mark.parametrize(("type_", "path", "wanted"), rules.FLAGS, ids=[f"{t}:{p}" for t, p, _ in rules.FLAGS])
def test_a_rule_finds_a_flag_left_out(type_: str, path: str, wanted: object):
    name = path.rpartition(".")[2]
    files = {p: text.replace(f"{name}:", f"{name}Not:") for p, text in TEXTS.items()}

    assert rules.flag(changed(files), type_, path, wanted)
