import copy
import re
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
        (lambda d: d.update(surprise=1), "surprise: 知らないキーです"),
        (lambda d: d.update(phone="a\x00"), "phone: 表示できない文字"),
        (lambda d: d["title"].update(ja="水\u202e"), "title.ja: 目に見えない文字"),
        (lambda d: d["cases"][0]["answers"].update(a=deep(80)), "入れ子が深すぎます"),
        (
            lambda d: d["form"]["properties"].update({f"p{n}": LINE for n in range(300)}),
            "form: 項目は300までです（今は303）",
        ),
        (
            lambda d: d["form"]["properties"]["note"].update(pattern=r"(\p{L}{1,50}){1,4}"),
            "form.properties.note.pattern: JSON Schema（2020-12）として使えません",
        ),
        (lambda d: d.update(routes=d["routes"] * 20), "routes: 数は50まで"),
        (lambda d: d["routes"][0].update(when="true" + " || true" * 300), "routes[0].when: 式は2000文字まで"),
        (lambda d: d.update(cases=d["cases"] * 100), "cases: 数は200まで"),
        (lambda d: d["cases"][0]["answers"].update(a=[1] * 500), "cases[0].answers: 答えは500まで"),
        (lambda d: d["form"].update(examples=[{"a": [1] * 490}] * 11), "例とケースの答えの合計は5000まで"),
        (lambda d: d.update(phone="0" * 101), "phone: 100文字まで"),
        (lambda d: d["title"].update(en="x" * 5001), "title.en: 文は5000文字まで"),
        (lambda d: d["form"].update(description="x" * 5001), "form.description: 文は5000文字まで"),
        (lambda d: d.update(id="Water!"), "id: 小文字、数字"),
        (lambda d: d["title"].pop("ja"), "title.ja: 日本語の文が必要です"),
        (lambda d: d.update(phone=" "), "phone: 住民が電話できる番号"),
        (lambda d: d.update(closes="2026-01-01T00:00:00"), "closes: 時差の付いた日時"),
        (lambda d: d.update(closes="9999-12-31T23:59:59+09:00"), "closes: 1970年から2999年まで"),
        (lambda d: d.update(opens=""), "opens: 時差の付いた日時"),
        (lambda d: d.update(opens="0001-01-01T00:00:00+14:00"), "opens: 1970年から2999年まで"),
        (
            lambda d: d.update(opens="2026-12-01T00:00:00Z", closes="2026-12-01T09:00:00+09:00"),
            "closes: opens より後",
        ),
        (lambda d: d["routes"][0].update(dueIn="PT59S"), "routes[0].dueIn: 1分（PT1M）から"),
        (lambda d: d["routes"][0].update(dueIn="P367D"), "routes[0].dueIn: 1分（PT1M）から"),
        (lambda d: d["routes"][0].update(dueIn="-P1D"), "routes[0].dueIn: 1分（PT1M）から"),
        (lambda d: d["routes"][0].update(dueIn="P999999999D"), "routes[0].dueIn: 1分（PT1M）から"),
        (lambda d: d["routes"][0].update(team="supplies-urgent"), "routes[0].team: チームの名前の終わり"),
        (lambda d: d["routes"][0].update(team="supplies-poison"), "routes[0].team: チームの名前の終わり"),
        (lambda d: d.update(routes=[]), "routes: 1つは必要です"),
        (lambda d: d["routes"][0].update(team="Supplies"), "routes[0].team: 小文字、数字"),
        (lambda d: d["routes"][0].update(id="review"), "routes[0].id: 「review」は、アプリが使う名前"),
        (lambda d: d["routes"][1].update(id="prepare"), "routes[1].id: 「prepare」が2度"),
        (lambda d: d["routes"][0].update(when="answers.members <"), "式として読めません"),
        (
            lambda d: d["routes"][0].update(when="[answers.note].map(x, x+x+x+x+x+x+x+x).exists(x, x == 'a')"),
            "routes[0].when: 文字や一覧をつなぐことはできません",
        ),
        (lambda d: d["routes"][1].update(priority="string(answers.note) + 'a'"), "routes[1].priority: 文字や一覧を"),
        (lambda d: d["routes"][0].update(when="answer.members < 11"), "「answer.members」という名前はありません"),
        (lambda d: d["routes"][0].update(when="answers.member < 11"), "ない項目を読んでいるか"),
        (lambda d: d["routes"][1].update(when="answers.atHome"), "（省ける答えをすべて省いたとき） で失敗します"),
        (lambda d: d["routes"][0].update(priority="'high'"), "「urgent」でも「normal」でもありません"),
        (lambda d: d["routes"][0].update(priority="1 + 1"), "文字ではありません"),
        (
            lambda d: d["form"].update(type="thing"),
            "form.type: JSON Schema（2020-12）として使えません（今は「thing」）",
        ),
        (
            lambda d: d["form"].update({"$ref": "http://127.0.0.1:1/form.json"}),
            "#/ で始まり、自分自身に戻らない $ref だけ",
        ),
        (
            lambda d: d["form"]["properties"]["note"].update(type=["string", "null"]),
            "form.properties.note: 画面に出せない",
        ),
        (
            lambda d: d["form"]["properties"]["note"].update({"x-options": "weather"}),
            "form.properties.note.x-options: 「weather」は",
        ),
        (
            lambda d: d["form"]["properties"]["note"].pop("x-text"),
            "form.properties.note.x-text.label.ja: 日本語の見出し",
        ),
        (
            lambda d: d["form"]["properties"]["note"]["x-text"].update(label={"en": "Note"}),
            "form.properties.note.x-text.label.ja: 日本語の見出し",
        ),
        (
            lambda d: d["form"]["properties"]["note"]["x-text"].update(help="何でも"),
            "form.properties.note.x-text.help: 項目のまとまりにします（今は文字）",
        ),
        (lambda d: d["form"].pop("properties"), "form: 画面に出せない"),
        (lambda d: d["form"].pop("examples"), "form.examples: 正しい答えの例"),
        (
            lambda d: d["form"]["examples"][0].update(members=0),
            "form.examples[0]: /members の答えがフォームに合いません（minimum）",
        ),
        (
            lambda d: d["cases"][0]["expect"]["tasks"][0].update(priority="urgent"),
            "cases[0].expect（two people come by themselves）: 結果は tasks: prepare/supplies/normal です",
        ),
        (
            lambda d: d["cases"][2]["expect"]["errors"][0].update(code="maximum"),
            "cases[2].expect（nobody）: 結果は errors: /members minimum です",
        ),
        (lambda d: d["cases"].pop(1), "routes[1]: 「deliver」に行くケースがありません"),
        (lambda d: d["cases"].pop(0), "routes[0]: 「prepare」に行くケースがありません"),
    ],
)
def test_a_broken_definition_is_refused_with_the_reason(change: Callable[[dict[str, Any]], object], reason: str):
    assert reason in refused(change)


def test_a_route_that_every_case_takes_is_refused():
    def widen(raw: dict[str, Any]) -> None:
        raw["routes"][0]["when"] = "answers.members < 40"
        raw["cases"][1]["expect"]["tasks"].append({"route": "prepare", "team": "supplies", "priority": "urgent"})

    assert "routes[0].when: 正しいケースがすべて「prepare」に行きます" in refused(widen)


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

    assert "form.properties.pet.x-text.label.ja: 日本語の見出し" in reasons
    assert "form.properties.pet.properties.name.x-text.label.ja: 日本語の見出し" in reasons


def test_a_broken_form_and_every_broken_rule_are_told_at_once():
    def break_all(raw: dict[str, Any]) -> None:
        raw["form"]["type"] = "thing"
        raw["routes"][0]["when"] = "answers.members <"
        raw["routes"][1]["priority"] = "1 + 1"

    reasons = refused(break_all)

    assert "form.type: JSON Schema（2020-12）として使えません" in reasons
    assert "routes[0].when: 「answers.members <」は式として読めません" in reasons
    assert "routes[1].priority: 「1 + 1」の答えが、文字ではありません" in reasons


def test_a_refusal_names_a_hundred_reasons_at_most_and_quotes_little_of_the_definition():
    def change(definition: dict[str, Any]) -> None:
        definition["cases"] = [{**definition["cases"][0], "expect": {"valid": False}, "name": "x" * 4000}] * 150

    reasons = refused(change).split("\n")

    assert len(reasons) == 100
    assert max(len(reason) for reason in reasons) <= 500


def test_every_fault_of_the_shape_is_told_at_once_at_its_place():
    def break_all(raw: dict[str, Any]) -> None:
        raw["routes"][0]["dueIn"] = "soon"
        raw["routes"][1].pop("team")
        raw["cases"][0]["expect"]["tasks"][0]["priority"] = "high"
        raw["title"] = 3

    assert refused(break_all).split("\n") == [
        "title: 項目のまとまりにします（今は整数）",
        "routes[0].dueIn: 期間の書きかたではありません（PT4H、P1D など）",
        "routes[1].team: 必要なキーがありません",
        "cases[0].expect.tasks[0].priority: 「high」という値はありません",
    ]


def test_every_broken_field_of_a_form_is_told_at_its_place():
    def break_all(raw: dict[str, Any]) -> None:
        raw["form"]["properties"]["note"]["pattern"] = "(?=a)"
        raw["form"]["properties"]["members"]["minimum"] = "one"

    reasons = refused(break_all).split("\n")

    assert reasons == [
        "form.properties.members.minimum: JSON Schema（2020-12）として使えません（今は「one」）",
        "form.properties.note.pattern: JSON Schema（2020-12）として使えません（今は「(?=a)」）",
    ]


def test_no_word_of_a_library_stands_in_a_refusal():
    def break_all(raw: dict[str, Any]) -> None:
        raw["form"]["properties"]["note"]["pattern"] = "(?=a)"
        raw["opens"] = "soon"
        raw["routes"][0]["when"] = "answer.members <"
        raw["cases"][0]["today"] = "tomorrow"

    for reason in refused(break_all).split("\n"):
        place, _, told = reason.partition(": ")
        assert place, reason
        assert re.search("[ぁ-ん]", told), reason
        assert not re.search("[a-z]+ [a-z]+ [a-z]+", told), reason


def doubling(levels: int) -> dict[str, Any]:
    part = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n - 1}"}] * 2} for n in range(1, levels)}
    return {"$defs": {"a0": {"minLength": 1}, **part}, "allOf": [{"$ref": f"#/$defs/a{levels - 1}"}]}


@pytest.mark.parametrize(
    "schema",
    [
        doubling(26),
        {"allOf": [{"$ref": "#"}]},
        {"$defs": {"a": {"items": {"$ref": "#/%24defs/a"}}}, "allOf": [{"$ref": "#/$defs/a"}]},
        {"$defs": {"a": {"$id": "a"}}, "allOf": [{"$ref": "a"}]},
    ],
    ids=["doubling", "whole", "itself", "named"],
)
def test_references_that_unfold_to_too_much_are_refused(schema: dict[str, Any]):
    assert "form: $ref をすべて開いた大きさ" in refused(lambda raw: raw["form"].update(schema))


def test_a_form_may_refer_to_its_own_parts():
    raw = copy.deepcopy(DEFINITION)
    raw["form"] |= doubling(3)

    publishing.checked(raw, SECTIONS)


def test_a_form_of_more_controls_than_its_page_can_send_is_refused():
    def widen(raw: dict[str, Any]) -> None:
        chosen = [f"v{n}" for n in range(163)]
        field = {"type": "array", "items": {"enum": chosen}, "x-text": {"label": {"ja": "見本"}}}
        raw["form"]["properties"] |= {f"p{n}": field for n in range(3)}

    assert "一度に送る欄（複数選択は選択肢ごと）は490までです（今は492）" in refused(widen)


@pytest.mark.parametrize("when", [{}, {"when": "true"}])
def test_a_service_may_have_one_route_that_every_request_takes(when: dict[str, str]):
    raw = copy.deepcopy(DEFINITION)
    del raw["routes"][1:], raw["cases"][1], raw["routes"][0]["when"]
    raw["routes"][0] |= when

    publishing.checked(raw, SECTIONS)


RULE = {
    "when": "has(answers.note) && answers.note > today && answers.members > 2",
    "field": "/note",
    "text": {"ja": "これからの日は書けません。"},
}


def with_rule(raw: dict[str, Any], **changes: Any) -> None:
    refused_case = {
        "name": "a day to come",
        "answers": {"members": 3, "note": "2026-12-25"},
        "expect": {"valid": False, "errors": [{"pointer": "/note", "code": "rule"}]},
    }
    raw["rules"] = [{**RULE, **changes}]
    raw["cases"] = [{**case, "today": "2026-11-24"} for case in (*raw["cases"], refused_case)]


def test_a_rule_over_fields_and_the_day_of_the_receipt_is_published():
    raw = copy.deepcopy(DEFINITION)
    with_rule(raw)

    publishing.checked(raw, SECTIONS)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: with_rule(d, field="/nothing"), "rules[0].field: 「/nothing」という項目は form にありません"),
        (lambda d: with_rule(d, text={"en": "Not yet."}), "rules[0].text.ja: 日本語の文が必要です"),
        (lambda d: with_rule(d, when="answers.note <"), "rules[0].when: 「answers.note <」は式として読めません"),
        (lambda d: with_rule(d, when="answers.note > today"), "rules[0].when: cases[0].answers で失敗します"),
        (lambda d: with_rule(d, when="answers.note.matches('a')"), "rules[0].when: matches は使えません"),
        (lambda d: (with_rule(d), d["cases"].pop()), "rules[0]: この決まりで断るケース"),
        (lambda d: (with_rule(d), d["cases"][0].pop("today")), "cases[0].today: 式が today を使う"),
        (lambda d: (with_rule(d), d["cases"][0].update(today="2026-11-31")), "cases[0].today: 日付にします"),
    ],
)
def test_a_broken_rule_is_refused_with_the_reason(change: Callable[[dict[str, Any]], object], reason: str):
    assert reason in refused(change)
