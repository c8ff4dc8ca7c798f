"""What must hold of infra/bicep by itself: each rule takes what was read and returns what is wrong."""

import re

from tests.infra.reading import Choice, Declaration, Expression, Infra, at, calls, names

STORAGE = "Microsoft.Storage/storageAccounts"
COSMOS = "Microsoft.DocumentDB/databaseAccounts"
VAULT = "Microsoft.KeyVault/vaults"
SITE = "Microsoft.Web/sites"
CREDENTIALS = f"{SITE}/basicPublishingCredentialsPolicies"
INSIGHTS = "Microsoft.Insights/components"
WORKSPACE = "Microsoft.OperationalInsights/workspaces"

FLAGS = [
    (STORAGE, "properties.allowSharedKeyAccess", False),
    (STORAGE, "properties.defaultToOAuthAuthentication", True),
    (STORAGE, "properties.allowBlobPublicAccess", False),
    (STORAGE, "properties.allowCrossTenantReplication", False),
    (STORAGE, "properties.isLocalUserEnabled", False),
    (STORAGE, "properties.supportsHttpsTrafficOnly", True),
    (STORAGE, "properties.minimumTlsVersion", "TLS1_2"),
    (f"{STORAGE}/blobServices/containers", "properties.publicAccess", "None"),
    (COSMOS, "properties.disableLocalAuth", True),
    (COSMOS, "properties.disableKeyBasedMetadataWriteAccess", True),
    (COSMOS, "properties.minimalTlsVersion", "Tls12"),
    (COSMOS, "properties.networkAclBypass", "None"),
    (VAULT, "properties.enableRbacAuthorization", True),
    (VAULT, "properties.enableSoftDelete", True),
    (SITE, "properties.httpsOnly", True),
    (SITE, "properties.siteConfig.scmIpSecurityRestrictionsUseMain", False),
    (SITE, "properties.siteConfig.scmIpSecurityRestrictionsDefaultAction", "Deny"),
    (SITE, "properties.siteConfig.minTlsVersion", "1.2"),
    (SITE, "properties.siteConfig.scmMinTlsVersion", "1.2"),
    (SITE, "properties.siteConfig.remoteDebuggingEnabled", False),
    (CREDENTIALS, "properties.allow", False),
    (INSIGHTS, "properties.DisableLocalAuth", True),
    (INSIGHTS, "properties.DisableIpMasking", False),
    (WORKSPACE, "properties.features.disableLocalAuth", True),
]
ALLOWED_ROLES = {
    "storageBlobDataOwner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "storageBlobDataContributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "storageQueueDataContributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "keyVaultSecretsUser": "4633458b-17de-408a-b874-0445c86b69e6",
    "monitoringMetricsPublisher": "3913510d-42f4-4e42-8a64-420c390055eb",
}
COSMOS_DATA_CONTRIBUTOR = "00000000-0000-0000-0000-000000000002"
GRANTS = {
    ("hostStorage", "storageBlobDataOwner"),
    ("appStorage", "storageQueueDataContributor"),
    ("appStorage::blobService::catalog", "storageBlobDataContributor"),
    ("vault", "keyVaultSecretsUser"),
    ("insights", "monitoringMetricsPublisher"),
    ("cosmos/dbs", "cosmosDataContributor"),
}
"""Who may what: the identity of the app, on these scopes, in these roles, and no more."""
REFUSED_BY_FLEX = {
    "properties.siteConfig": {
        *("alwaysOn", "ftpsState", "functionAppScaleLimit", "functionsRuntimeScaleMonitoringEnabled"),
        *("healthCheckPath", "linuxFxVersion", "netFrameworkVersion", "preWarmedInstanceCount"),
        "use32BitWorkerProcess",
    },
    "properties": {"endToEndEncryptionEnabled"},
}
"""Properties with which Azure refuses a site on Flex Consumption (error 51021 for most), or which do nothing there."""
SETTINGS_REFUSED_BY_FLEX = re.compile(
    "WEBSITE_(RUN_FROM_PACKAGE|CONTENT.*|TIME_ZONE|LOAD_CERTIFICATES)|TZ|ENABLE_ORYX_BUILD|SCM_DO_BUILD_DURING_DEPLOYMENT"
    "|FUNCTIONS_(EXTENSION_VERSION|WORKER_RUNTIME.*)"
)
HARMLESS = {"id", "name", "hostName", "defaultHostName", "frontDoorId", "principalId", "ipAddress", "validationToken"}
"""What an output may end in; `validationToken` stands in the DNS for everybody."""
NEVER_CALLED = {"listKeys", "listAccountSas", "listServiceSas", "listConnectionStrings", "utcNow", "newGuid"}
OF_SECRETS = re.compile("AccountKey=|SharedAccess|InstrumentationKey|ConnectionString|primaryKey|masterKey|getSecret")
THE_ADDRESS_OF_INSIGHTS = "insights.properties.ConnectionString"
"""An address and no secret, since the component takes no local authentication."""
GUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
WIDTH = 120
ONE_STRING = re.compile(r"^ *(?:[@\w.: =?(]+ )?[\w@?: (]*'(?:[^'\\]|\\.|\$\{[^}]*\})*'\)?$|^ *//")
PROD = {
    "privateNetwork": True,
    "zoneRedundant": True,
    "frontDoor": True,
    "secondaryLocation": "japanwest",
    "backupTier": "Continuous30Days",
}


def made(infra: Infra, type_: str) -> list[Declaration]:
    """Return the resources of a type that are made here."""
    found = [d for source in infra.values() for d in source.of("resource").values() if not d.is_existing]
    return [d for d in found if d.type.partition("@")[0] == type_]


def syntax_errors(infra: Infra) -> list[str]:
    """Find what the grammar does not know."""
    return [f"{path}:{line}" for path, source in infra.items() for line in source.errors]


def unformatted(infra: Infra) -> list[str]:
    """Find lines over 120 columns that `bicep format` would break, and expressions over several that it would join.

    Only the compiler knows the format whole (infra/compile.sh asks it); this is what it changed in these files.
    """
    wrong = []
    for path, source in infra.items():
        lines = source.text.splitlines()
        wrong += [f"{path}:{n}" for n, line in enumerate(lines, 1) if len(line) > WIDTH and not ONE_STRING.match(line)]
        for n in range(len(lines) - 2):
            first, then, otherwise = lines[n : n + 3]
            whole = f"{first} {then.strip()} {otherwise.strip()}"
            is_choice = then.strip().startswith("? ") and otherwise.strip().startswith(": ")
            wrong += [f"{path}:{n + 1}"] if is_choice and len(whole) <= WIDTH and whole[-1] not in "[{(" else []
    return wrong


def without_description(infra: Infra) -> list[str]:
    """Find parameters and outputs that do not say what they are."""
    return [
        f"{path}: {d.symbol}"
        for path, source in infra.items()
        for d in source.declarations
        if d.kind in ("parameter", "output") and not d.decorators.get("description", [""])[0]
    ]


def unknown_names(infra: Infra) -> list[str]:
    """Find names that nothing declares, which the compiler would refuse."""
    sources = {path: source for path, source in infra.items() if path.endswith(".bicep")}
    return [f"{path}: {name}" for path, s in sources.items() for name in names(s) - {d.symbol for d in s.declarations}]


def versions(infra: Infra) -> list[str]:
    """Find types of resources that are written with more than one API version."""
    written = {d.type for source in infra.values() for d in source.of("resource").values()}
    types = [type_.partition("@")[0] for type_ in written]
    return sorted({type_ for type_ in types if types.count(type_) > 1})


def unused_names(infra: Infra) -> list[str]:
    """Find parameters and variables that nothing reads."""
    return [
        f"{path}: {name}"
        for path, source in infra.items()
        if path.endswith(".bicep")
        for name in {*source.of("parameter"), *source.of("variable")} - names(source)
    ]


def module_calls(infra: Infra) -> list[str]:
    """Find parameters that a module lacks or does not know, and outputs that it does not have."""
    main, wrong = infra["main.bicep"], []
    for module in main.of("module").values():
        taken, given = infra[module.type].of("parameter"), set(module.value["params"])
        required = {name for name, parameter in taken.items() if parameter.value is None}
        wrong += [f"{module.symbol} lacks {name}" for name in required - given]
        wrong += [f"{module.symbol} does not know {name}" for name in given - set(taken)]
        asked = set(re.findall(rf"\b{module.symbol}!?\.outputs\.(\w+)", main.text))
        wrong += [f"{module.symbol} has no output {name}" for name in asked - set(infra[module.type].of("output"))]
    return wrong


def flag(infra: Infra, type_: str, path: str, wanted: object) -> list[str]:
    """Find resources of a type whose flag is not what it must be, or that none of the type is made."""
    resources = made(infra, type_)
    wrong = [f"{d.symbol}: {path} is {at(d.body, path)}" for d in resources if at(d.body, path) != wanted]
    return wrong if resources else [f"no {type_}"]


def refused_by_flex(infra: Infra) -> list[str]:
    """Find what a site on Flex Consumption must not carry: a deployment with it ends in an error."""
    wrong = []
    for site in made(infra, SITE):
        for path, names_ in REFUSED_BY_FLEX.items():
            refused = {name.lower() for name in names_}
            wrong += [f"{path}.{name}" for name in at(site.body, path) if name.lower() in refused]
        settings = [setting["name"] for setting in at(site.body, "properties.siteConfig.appSettings")]
        wrong += [name for name in settings if SETTINGS_REFUSED_BY_FLEX.fullmatch(name)]
    return wrong


def secrets(infra: Infra) -> list[str]:
    """Find keys, connection strings, secrets as resources or parameters, and what changes on every deployment."""
    wrong = [f"{path} calls {name}" for path, source in infra.items() for name in calls(source) & NEVER_CALLED]
    for path, source in infra.items():
        text = source.text.replace("APPLICATIONINSIGHTS_CONNECTION_STRING", "").replace(THE_ADDRESS_OF_INSIGHTS, "")
        wrong += [f"{path} has {found}" for found in OF_SECRETS.findall(text)]
        wrong += [f"{path}: {d.symbol} is secure" for d in source.declarations if "secure" in d.decorators]
    return wrong + [f"{d.symbol} is a secret" for d in made(infra, f"{VAULT}/secrets")]


def outputs_of_secrets(infra: Infra) -> list[str]:
    """Find outputs that hand on more than names, ids and hosts."""
    return [
        f"{path}: {d.symbol} is {last}"
        for path, source in infra.items()
        for d in source.of("output").values()
        for text in _ends(d.value)
        for last in re.findall(r"\b[a-z]\w*[!?.]*(?:\.\??\w+!?)*\.\??(\w+)", text)
        if last not in HARMLESS and ".outputs." not in text
    ]


def _ends(value: object) -> list[str]:
    """Return the expressions that a value may end in, strings left out."""
    if isinstance(value, Choice):
        return _ends(value.then) + _ends(value.otherwise)
    return [value.text] if isinstance(value, Expression) else []


def grants(infra: Infra) -> set[tuple[str, str]]:
    """Return who may what: scope and role of every assignment."""
    found = set()
    for d in made(infra, "Microsoft.Authorization/roleAssignments"):
        found.add((d.body["scope"].text, _role(at(d.body, "properties.roleDefinitionId").text)))
    for d in made(infra, f"{COSMOS}/sqlRoleAssignments"):
        is_whole = "/dbs/${databaseName}" in at(d.body, "properties.scope").text
        found.add((d.body["parent"].text + "/dbs" * is_whole, _role(at(d.body, "properties.roleDefinitionId").text)))
    return found


def roles(infra: Infra) -> list[str]:
    """Find grants that are missing or needless, role ids that are not allowed, and ids outside the one list."""
    access = infra["modules/access.bicep"]
    wrong = [f"{scope} lacks {role}" for scope, role in GRANTS - grants(infra)]
    wrong += [f"{scope} needs no {role}" for scope, role in grants(infra) - GRANTS]
    wrong += [f"{name} is not {id_}" for name, id_ in access.var("roles").items() if ALLOWED_ROLES.get(name) != id_]
    listed = {*access.var("roles").values(), access.var("cosmosDataContributor")}
    written = [id_ for source in infra.values() for id_ in GUID.findall(source.text)]
    wrong += [
        f"{id_} is on no list" for id_ in written if id_ not in {*ALLOWED_ROLES.values(), COSMOS_DATA_CONTRIBUTOR}
    ]
    return wrong + [f"{id_} is written twice" for id_ in listed if written.count(id_) != 1]


def assignments(infra: Infra) -> list[str]:
    """Find role assignments whose name is not derived, or that do not say what kind of principal they are for."""
    wrong = []
    for d in made(infra, "Microsoft.Authorization/roleAssignments"):
        name = d.body["name"].text
        role = _role(at(d.body, "properties.roleDefinitionId").text)
        if name != f"guid({d.body['scope'].text}.id, principalId, roles.{role})":
            wrong.append(f"{d.symbol}: {name}")
        if at(d.body, "properties.principalType") != "ServicePrincipal":
            wrong.append(f"{d.symbol}: principalType")
    for d in made(infra, f"{COSMOS}/sqlRoleAssignments"):
        wrong += [] if "principalId" in d.body["name"].text else [f"{d.symbol}: {d.body['name'].text}"]
    return wrong


def parameter_files(infra: Infra) -> list[str]:
    """Find parameter files that do not use main.bicep, set what it does not have, or leave out what it needs."""
    taken, wrong = infra["main.bicep"].of("parameter"), []
    required = {name for name, parameter in taken.items() if parameter.value is None}
    for path, source in infra.items():
        if not path.endswith(".bicepparam"):
            continue
        given = set(source.of("variable"))
        wrong += [f"{path} sets {name}" for name in given - set(taken)]
        wrong += [f"{path} leaves out {name}" for name in required - given]
        wrong += [f"{path} uses {source.using}"] if source.using != ["./main.bicep"] else []
    return wrong


def prod(infra: Infra) -> list[str]:
    """Find what prod must turn on and does not."""
    source = infra["main.prod.bicepparam"]
    given = {d.symbol: d.value for d in source.declarations}
    wrong = [f"{name} is {given.get(name)}" for name, wanted in PROD.items() if given.get(name) != wanted]
    return wrong + (["alwaysReadyInstances is below 2"] if given.get("alwaysReadyInstances", 0) < 2 else [])


def _role(text: str) -> str:
    return re.findall(r"(?:roles\.)?(\w+)\W*$", text)[0]
