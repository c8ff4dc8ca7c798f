"""What main.bicep refuses before anything is deployed: combinations that Azure would refuse late, or take in vain."""

from typing import Any

import pytest

from tests.infra import reading
from tests.infra.reading import Expression
from tests.infra.reckoning import Names, Unknown, worked_out

INFRA = reading.read_all(reading.texts())
MAIN = INFRA["main.bicep"]
GIVEN = {
    "municipality": "見本市",
    "municipalityPhone": "0000-00-0000",
    "tokenAudience": "01234567-89ab-CDEF-0123-456789abcdef",
    "alertAddress": "operators@example.com",
    "ownDomain": "madoguchi.example.lg.jp",
}
"""What the environment gives to the parameter files."""
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "serverless in two regions": ({"cosmosServerless": True, "secondaryLocation": "japanwest"}, "cosmosServerless"),
    "one region twice": ({"location": "japanwest", "secondaryLocation": "japanwest"}, "secondaryLocation"),
    "steps of autoscale": ({"requestsThroughput": 4500}, "requestsThroughput"),
    "steps of autoscale, shared": ({"sharedThroughput": 1001}, "sharedThroughput"),
    "nobody to wake": ({"alertAddress": ""}, "alertAddress"),
    "addresses without a network": (
        {"privateNetwork": False, "natGateway": False, "allowedAddresses": ["203.0.113.4"]},
        "no effect",
    ),
    "two addresses": ({"allowedAddresses": ["203.0.113.4/31"]}, "203.0.113.4/31"),
    "one address as a network": ({"allowedAddresses": ["203.0.113.4", "203.0.113.5/32"]}, ": 203.0.113.5/32."),
    "a network that publishes": ({"publishingAddresses": ["203.0.113.4/32"]}, "publishingAddresses"),
    "version 6": ({"allowedAddresses": ["2001:db8::1"]}, "2001:db8::1"),
    "ten": ({"allowedAddresses": ["10.1.2.3"]}, "10.1.2.3"),
    "172.16": ({"allowedAddresses": ["172.16.0.1"]}, "172.16.0.1"),
    "172.31": ({"allowedAddresses": ["172.31.255.1/24"]}, "172.31.255.1/24"),
    "192.168": ({"allowedAddresses": ["192.168.0.1"]}, "192.168.0.1"),
    "a name in capitals": ({"cosmosAccount": "Cosmos-restored"}, "cosmosAccount"),
    "a short name": ({"cosmosAccount": "c1"}, "cosmosAccount"),
    "an audience that is an address": ({"tokenAudience": "api://01234567-89ab-cdef-0123-456789"}, "tokenAudience"),
    "an audience with a letter too far": ({"tokenAudience": "0123456g-89ab-cdef-0123-456789abcdef"}, "tokenAudience"),
    "an audience without groups": ({"tokenAudience": "0" * 36}, "tokenAudience"),
    "a way out of no network": ({"privateNetwork": False, "allowedAddresses": []}, "natGateway"),
    "a name without a door": ({"frontDoor": False}, "ownDomain"),
    "no name that answers": ({"ownDomain": "", "ownDomainAnswers": True}, "ownDomainAnswers"),
    "an address as a name": ({"ownDomain": "https://madoguchi.example.lg.jp"}, "ownDomain"),
    "a name in capitals of its own": ({"ownDomain": "Madoguchi.example.lg.jp"}, "ownDomain"),
}


def values(stage: str, **changed: Any) -> dict[str, Any]:
    """Return the parameters of a parameter file, with those of the environment and the defaults."""
    file = {d.symbol: d.value for d in INFRA[f"main.{stage}.bicepparam"].declarations}
    fixed = {name: value for name, value in file.items() if not isinstance(value, Expression)}
    defaults = {name: parameter.value for name, parameter in MAIN.of("parameter").items()}
    known = {name: value for name, value in defaults.items() if not isinstance(value, Expression)}
    of_environment = {**GIVEN, "ownDomain": ""} if stage == "dev" else GIVEN
    return {**known, **of_environment, **fixed, **changed}


def refused(stage: str, **changed: Any) -> list[str]:
    variables = {name: d.value for name, d in MAIN.of("variable").items()}
    return worked_out(Expression("refused"), Names(values(stage, **changed), variables))


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_parameter_files_are_taken(stage: str):
    assert refused(stage) == []


def test_a_second_counter_is_taken_only_with_the_name_of_its_copy():
    assert [sentence.partition(":")[0] for sentence in refused("west")] == ["cosmosAccount"]
    assert refused("west", cosmosAccount="cosmos-madoguchi-west-1128-0a1b2c3d") == []


def test_a_second_counter_differs_from_prod_in_its_region_and_its_copy_alone():
    prod, west = (values(stage) for stage in ("prod", "west"))
    differs = {name for name in prod | west if prod.get(name) != west.get(name)}

    assert differs == {
        "location",
        "secondaryLocation",
        "zoneRedundant",
        "cosmosHome",
        "cosmosZoneRedundant",
        "cosmosAccount",
    }
    assert (west["location"], west["cosmosHome"]) == (prod["secondaryLocation"], prod["location"])


def test_the_counter_answers_under_its_own_name_once_that_is_said():
    names = {"ownDomain": "own.example.jp", "platformHost": "fde.example.net"}

    assert worked_out(MAIN.var("address"), {**names, "ownDomainAnswers": False}) == "https://fde.example.net"
    assert worked_out(MAIN.var("address"), {**names, "ownDomainAnswers": True}) == "https://own.example.jp"


@pytest.mark.parametrize(
    "changed",
    [
        {"allowedAddresses": ["203.0.113.4", "198.51.100.0/30", "172.32.0.1", "172.15.0.1", "11.0.0.1"]},
        {"cosmosAccount": "cosmos-madoguchi-202611250300"},
        {"secondaryLocation": ""},
        {"ownDomain": ""},
    ],
)
def test_what_may_stand_is_taken(changed: dict[str, Any]):
    assert refused("prod", **changed) == []


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_one_sentence(what: str):
    changed, told = REFUSED[what]

    (sentence,) = refused("prod", **changed)

    assert told in sentence
    assert sentence.endswith(".")


def test_each_sentence_is_told_by_a_test():
    told = {told for changed, _ in REFUSED.values() for told in refused("prod", **changed)}
    starts = {sentence.partition(".")[0].partition(" Not:")[0] for sentence in told}

    assert len(starts) == len(MAIN.var("sentences"))


def test_every_resource_waits_for_the_checks():
    modules = MAIN.of("module").values()
    wanted = Expression("checkedTags")

    assert [m.symbol for m in modules if m.value["params"].get("tags", wanted) != wanted] == []
    assert MAIN.of("module")["monitoring"].value["params"]["tags"] == wanted
    assert MAIN.var("checkedTags").otherwise == Expression("fail(join(refused, ' '))")


@pytest.mark.parametrize("expression", ["uniqueString('x')", "1 + 1", "a ?? b", "a[0]", "a <= 1"])
def test_what_a_test_cannot_work_out_is_no_check(expression: str):
    with pytest.raises(Unknown):
        worked_out(Expression(expression), {"a": 1, "b": 2})
