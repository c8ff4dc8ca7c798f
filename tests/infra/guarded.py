"""Who may reach the app and publish it, and what nobody may delete: each rule returns what is wrong."""

import re

from tests.infra.reading import Choice, Expression, Infra, at
from tests.infra.rules import COSMOS, SITE, STORAGE, VAULT, made

LOCK = "Microsoft.Authorization/locks"
HOLDING = (COSMOS, STORAGE, VAULT)
LOCKED = {"hostStorage": False, "appStorage": Expression("locks"), "cosmos": Expression("locks")}
LOCKED |= {"keyVault": Expression("locks")}
"""Every module that holds something; the host's account holds what a publication makes again."""


def doors(infra: Infra) -> list[str]:
    """Find a way to the app past Front Door, or to its deployment site, for addresses that no parameter names."""
    source, (site,) = infra["modules/function-app.bicep"], made(infra, SITE)
    config = at(site.body, "properties.siteConfig")
    expected = {
        "ipSecurityRestrictionsDefaultAction": Choice("empty(frontDoorId)", "Allow", "Deny"),
        "ipSecurityRestrictions": Choice("empty(frontDoorId)", [], Expression("concat([fromFrontDoor], publishing)")),
        "scmIpSecurityRestrictions": Expression("publishing"),
    }
    wrong = [f"{name} is {config.get(name)}" for name, value in expected.items() if config.get(name) != value]
    if source.var("publishing").over != Expression("publishingAddresses"):
        wrong.append("publishing lets others in")
    if at(source.var("fromFrontDoor"), "headers") != {"x-azure-fdid": [Expression("frontDoorId")]}:
        wrong.append("any Front Door is let in")
    return wrong + ([] if infra["main.bicep"].of("parameter")["publishingAddresses"].value == [] else ["always open"])


def unlocked(infra: Infra) -> list[str]:
    """Find what holds data and may be deleted by mistake in prod."""
    wrong = []
    for path, source in infra.items():
        resources = [d for d in source.of("resource").values() if not d.is_existing]
        of_type = {type_: [d for d in resources if d.type.partition("@")[0] == type_] for type_ in (*HOLDING, LOCK)}
        never = {d.body["scope"].text for d in of_type[LOCK] if at(d.body, "properties.level") == "CanNotDelete"}
        wrong += [f"{path}: {d.symbol}" for type_ in HOLDING for d in of_type[type_] if d.symbol not in never]
        wrong += [path] if re.search(rf"'{LOCK}@\S+' = (?!if \(locked\) \{{)", source.text) else []
    modules, main = infra["main.bicep"].of("module"), infra["main.bicep"].of("parameter")
    wrong += [name for name, value in LOCKED.items() if modules[name].value["params"]["locked"] != value]
    return wrong + ([] if main["locks"].value == Expression("stage == 'prod'") else ["locks"])


def deployer(infra: Infra, page: str) -> list[str]:
    """Find that whoever deploys from a forge may give other roles than those that the files give, or to people."""
    condition = page.partition("--condition ")[2].partition("\n```")[0]
    named = set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", page.partition("ROLES=")[2].partition("\n")[0]))
    given = set(infra["modules/access.bicep"].var("roles").values())
    wrong = [f"may give {role}" for role in named - given] + [f"may not give {role}" for role in given - named]
    asked = ("roleAssignments/write", "roleAssignments/delete", "@Request", "@Resource", "{'ServicePrincipal'}")
    return wrong + [f"the condition leaves out {word}" for word in asked if word not in condition]


def again_the_same_day(infra: Infra) -> list[str]:
    """Find that a trial leaves a vault that blocks its name, or that prod leaves none."""
    (vault,) = made(infra, VAULT)
    properties, main = vault.body["properties"], infra["main.bicep"].of("parameter")
    expected = {
        "enablePurgeProtection": Choice("purgeProtection", True, None),
        "softDeleteRetentionInDays": Choice("purgeProtection", 90, 7),
        "createMode": Choice("recover", "recover", "default"),
    }
    wrong = [name for name, value in expected.items() if properties.get(name) != value]
    wrong += [] if main["purgeProtection"].value == Expression("stage == 'prod'") else ["purgeProtection"]
    return wrong + ([] if main["recoverVault"].value is False else ["recoverVault"])


def alerts_before_their_tables(infra: Infra) -> list[str]:
    """Find alerts on logs that are on before anything logs: they fail, and after a week Azure switches them off."""
    rules_ = made(infra, "Microsoft.Insights/scheduledQueryRules")
    wrong = [d.symbol for d in rules_ if at(d.body, "properties.enabled") != Expression("published")]
    wrong += [d.symbol for d in rules_ if at(d.body, "properties.skipQueryValidation") is not True]
    given = infra["main.bicep"].of("module")["alerts"].value["params"].get("published")
    return wrong + ([] if given == Expression("published") else ["the parameter"])
