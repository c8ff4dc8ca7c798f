import pytest

from services.catalog.rules import Rule, RuleError

TODAY = "2026-11-24"


@pytest.mark.parametrize(
    ("expression", "answers", "value"),
    [
        ("answers.members >= 5", {"members": 5}, True),
        ("answers.members >= 5", {"members": 4.0}, False),
        ("has(answers.atHome) && answers.atHome", {}, False),
        ("'blanket' in answers.items", {"items": ["food", "blanket"]}, True),
        ("answers.household.infants > 0", {"household": {"infants": 1}}, True),
    ],
)
def test_a_rule_returns_its_value(expression: str, answers: dict, value: bool):
    assert Rule(expression, bool)(answers, TODAY) is value


@pytest.mark.parametrize("answers", [{}, {"members": None}, {"members": "five"}])
def test_a_missing_key_or_another_type_raises_instead_of_being_true(answers: dict):
    with pytest.raises(RuleError):
        Rule("answers.members >= 5", bool)(answers, TODAY)


def test_a_rule_that_takes_too_many_steps_is_a_rule_that_failed():
    with pytest.raises(RuleError, match="手間がかかりすぎます"):
        Rule("answers.items.all(item, answers.items.all(other, other == item))", bool)(
            {"items": ["water"] * 1000}, TODAY
        )


def test_a_dynamic_value_of_another_type_is_refused():
    with pytest.raises(RuleError):
        Rule("answers.members", bool)({"members": 1}, TODAY)


def test_an_error_names_the_rule_and_no_answer():
    with pytest.raises(RuleError) as error:
        Rule("answers.name > 3", bool)({"name": "見本 花子"}, TODAY)

    assert "answers.name > 3" in str(error.value)
    assert "花子" not in str(error.value)


def test_a_day_is_compared_as_it_is_written():
    rule = Rule("answers.day > today", bool)

    assert [rule({"day": day}, TODAY) for day in ("2026-11-24", "2026-11-25")] == [False, True]


@pytest.mark.parametrize(
    "expression",
    [
        "[answers.a]" + ".map(x, x+x+x+x+x+x+x+x+x+x)" * 7 + ".exists(y, y == 'a')",
        "answers.a + answers.b == 'a'",
        "answers.a.map(x, [x, x]) == []",
        "[answers.a, answers.a].exists(x, x == 'a')",
        "{'a': answers.a} == {'a': 'b'}",
        "answers.a.contains(answers.b)",
        "answers.a.matches('(a+)+')",
    ],
)
def test_a_rule_that_builds_what_can_grow_may_not_be_published_and_is_not_evaluated(expression: str):
    rule = Rule(expression, bool)

    assert rule.faults
    with pytest.raises(RuleError):
        rule({"a": "x" * 100, "b": "x"}, TODAY)


@pytest.mark.parametrize(
    "expression",
    [
        "size(answers.items.filter(item, item != 'water')) > 1",
        "answers.items.exists_one(item, item in ['water', 'food'])",
        "int(answers.a) + int(answers.b) > 3 && answers.a + 1 < 9",
        "answers.all(name, name.startsWith('a') || name.contains('b'))",
        "timestamp('2026-11-24T00:00:00Z') + duration('24h') > timestamp('2026-11-24T00:00:00Z')",
    ],
)
def test_a_rule_may_count_choose_and_compare(expression: str):
    assert Rule(expression, bool).faults == ()


def test_what_a_rule_looks_at_is_bounded_before_it_is_evaluated():
    rule = Rule("answers.items.all(item, answers.items.all(other, answers.note == answers.note))", bool)

    assert rule({"items": ["water"] * 10, "note": "x" * 1000}, TODAY)
    with pytest.raises(RuleError, match="手間がかかりすぎます"):
        rule({"items": ["water"] * 90, "note": "x" * 30_000}, TODAY)
