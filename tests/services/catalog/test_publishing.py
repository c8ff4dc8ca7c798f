import copy
from collections.abc import Callable
from typing import Any

import pytest

from services.catalog import publishing
from services.errors import DefinitionRefused
from tests.counter import DEFINITION
from wiring import SECTIONS

LINE = {"type": "string", "maxLength": 9, "x-text": {"label": {"ja": "見本"}}}


def deep(levels: int) -> object:
    return [deep(levels - 1)] if levels else 1


def refused(change: Callable[[dict[str, Any]], object]) -> str:
    raw = copy.deepcopy(DEFINITION)
    change(raw)
    with pytest.raises(DefinitionRefused) as refusal:
        publishing.check(publishing.read_definition(raw, SECTIONS), SECTIONS)
    return "\n".join(refusal.value.reasons)


def test_a_definition_that_stands_its_own_cases_is_published():
    publishing.check(publishing.read_definition(DEFINITION, SECTIONS), SECTIONS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d.update(surprise=1), "unknown field `surprise`"),
        (lambda d: d.update(phone="a\x00"), "/phone: control_character"),
        (lambda d: d["title"].update(ja="水\u202e"), "/title/ja: hidden_character"),
        (lambda d: d["cases"][0]["answers"].update(a=deep(80)), "nested too deeply"),
        (lambda d: d["form"]["properties"].update({f"p{n}": LINE for n in range(300)}), "form: fields: at most 300"),
        (lambda d: d["form"]["properties"]["note"].update(pattern=r"(\p{L}{1,50}){1,4}"), "not a JSON Schema"),
        (lambda d: d.update(routes=d["routes"] * 20), "routes: at most 50"),
        (lambda d: d["routes"][0].update(when="true" + " || true" * 300), "route 'prepare': a rule has at most 2000"),
        (lambda d: d.update(cases=d["cases"] * 100), "cases: at most 200"),
        (lambda d: d["cases"][0]["answers"].update(a=[1] * 500), "each has at most 500 answers"),
        (lambda d: d["form"].update(examples=[{"a": [1] * 490}] * 11), "answers in all: at most 5000"),
        (lambda d: d.update(phone="0" * 101), "phone: it has at most 100 characters"),
        (lambda d: d["title"].update(en="x" * 5001), "a text has at most 5000 characters"),
        (lambda d: d["form"].update(description="x" * 5001), "a text has at most 5000 characters"),
        (lambda d: d.update(id="Water!"), "id 'Water!'"),
        (lambda d: d["title"].pop("ja"), "title: the Japanese text"),
        (lambda d: d.update(phone=" "), "phone: a number to call"),
        (lambda d: d.update(closes="2026-01-01T00:00:00"), "closes: a time needs an offset"),
        (lambda d: d.update(closes="9999-12-31T23:59:59+09:00"), "closes: a time must lie between 1970 and 2999"),
        (lambda d: d.update(opens=""), "opens: Invalid isoformat string"),
        (lambda d: d.update(opens="0001-01-01T00:00:00+14:00"), "opens: a time must lie between 1970 and 2999"),
        (
            lambda d: d.update(opens="2026-12-01T00:00:00Z", closes="2026-12-01T09:00:00+09:00"),
            "closes: it must be later",
        ),
        (lambda d: d["routes"][0].update(dueIn="PT59S"), "route 'prepare': dueIn must be between"),
        (lambda d: d["routes"][0].update(dueIn="P367D"), "route 'prepare': dueIn must be between"),
        (lambda d: d["routes"][0].update(dueIn="-P1D"), "route 'prepare': dueIn must be between"),
        (lambda d: d["routes"][0].update(dueIn="P999999999D"), "route 'prepare': dueIn must be between"),
        (lambda d: d["routes"][0].update(team="supplies-urgent"), "team 'supplies-urgent': no team ends in"),
        (lambda d: d["routes"][0].update(team="supplies-poison"), "team 'supplies-poison': no team ends in"),
        (lambda d: d.update(routes=[]), "routes: at least one"),
        (lambda d: d["routes"][0].update(team="Supplies"), "team 'Supplies'"),
        (lambda d: d["routes"][0].update(id="review"), "route 'review': used twice or reserved"),
        (lambda d: d["routes"][1].update(id="prepare"), "route 'prepare': used twice or reserved"),
        (lambda d: d["routes"][0].update(when="answers.members <"), "式として読めません"),
        (lambda d: d["routes"][0].update(when="answer.members < 11"), "「answer.members」という名前はありません"),
        (lambda d: d["routes"][0].update(when="answers.member < 11"), "ない項目を読んでいるか"),
        (lambda d: d["routes"][1].update(when="answers.atHome"), "cut to the smallest valid answers"),
        (lambda d: d["routes"][0].update(priority="'high'"), "「urgent」でも「normal」でもありません"),
        (lambda d: d["routes"][0].update(priority="1 + 1"), "文字ではありません"),
        (lambda d: d["form"].update(type="thing"), "the form is not a JSON Schema"),
        (lambda d: d["form"].update({"$ref": "http://127.0.0.1:1/form.json"}), "is not fetched"),
        (
            lambda d: d["form"]["properties"]["note"].update(type=["string", "null"]),
            "form: /note is nothing that a page",
        ),
        (
            lambda d: d["form"]["properties"]["note"].update({"x-options": "weather"}),
            "form: /note is nothing that a page",
        ),
        (lambda d: d["form"]["properties"]["note"].pop("x-text"), "form: /note has no Japanese label"),
        (
            lambda d: d["form"]["properties"]["note"]["x-text"].update(label={"en": "Note"}),
            "form: /note has no Japanese",
        ),
        (
            lambda d: d["form"]["properties"]["note"]["x-text"].update(help="何でも"),
            "form: /note x-text: Expected `object`",
        ),
        (lambda d: d["form"].pop("properties"), "form: / is nothing that a page can draw"),
        (lambda d: d["form"].pop("examples"), "form.examples: one whole valid set"),
        (lambda d: d["form"]["examples"][0].update(members=0), "form.examples[0]: /members minimum"),
        (
            lambda d: d["cases"][0]["expect"]["tasks"][0].update(priority="urgent"),
            "case 'two people come by themselves'",
        ),
        (lambda d: d["cases"][2]["expect"]["errors"][0].update(code="maximum"), "case 'nobody'"),
        (lambda d: d["cases"].pop(1), "route 'deliver': no case leads to it"),
        (lambda d: d["cases"].pop(0), "route 'prepare': no case leads to it"),
    ],
)
def test_a_broken_definition_is_refused_with_the_reason(change: Callable[[dict[str, Any]], object], reason: str):
    assert reason in refused(change)


def test_a_route_that_every_case_takes_is_refused():
    def widen(raw: dict[str, Any]) -> None:
        raw["routes"][0]["when"] = "answers.members < 40"
        raw["cases"][1]["expect"]["tasks"].append({"route": "prepare", "team": "supplies", "priority": "urgent"})

    assert "route 'prepare': every valid case leads to it" in refused(widen)


@pytest.mark.parametrize("due_in", ["PT1M", "P366D"])
def test_a_task_may_be_due_within_a_minute_to_a_leap_year(due_in: str):
    raw = copy.deepcopy(DEFINITION)
    raw["routes"][0]["dueIn"] = due_in

    publishing.check(publishing.read_definition(raw, SECTIONS), SECTIONS)


def test_a_service_and_a_route_may_be_called_urgent():
    raw = copy.deepcopy(DEFINITION) | {"id": "water-urgent"}
    raw["routes"][1]["id"] = raw["cases"][1]["expect"]["tasks"][0]["route"] = "deliver-urgent"

    publishing.check(publishing.read_definition(raw, SECTIONS), SECTIONS)


def test_every_field_of_a_section_and_the_section_need_a_label():
    def group(raw: dict[str, Any]) -> None:
        raw["form"]["properties"]["pet"] = {"type": "object", "properties": {"name": {"type": "string"}}}

    reasons = refused(group)

    assert "form: /pet has no Japanese label" in reasons
    assert "form: /pet/name has no Japanese label" in reasons


def test_a_broken_form_and_every_broken_rule_are_told_at_once():
    def break_all(raw: dict[str, Any]) -> None:
        raw["form"]["type"] = "thing"
        raw["routes"][0]["when"] = "answers.members <"
        raw["routes"][1]["priority"] = "1 + 1"

    reasons = refused(break_all)

    assert "the form is not a JSON Schema" in reasons
    assert "route 'prepare': 「answers.members <」は式として読めません" in reasons
    assert "route 'deliver': 「1 + 1」の答えが、文字ではありません" in reasons


def test_a_refusal_names_a_hundred_reasons_at_most_and_quotes_little_of_the_definition():
    def change(definition: dict[str, Any]) -> None:
        definition["cases"] = [{**definition["cases"][0], "expect": {"valid": False}, "name": "x" * 4000}] * 150

    reasons = refused(change).split("\n")

    assert len(reasons) == 100
    assert max(len(reason) for reason in reasons) <= 500
