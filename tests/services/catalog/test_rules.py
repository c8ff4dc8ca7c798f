import pytest

from services.catalog.rules import Rule, RuleError


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
    assert Rule(expression, bool)(answers) is value


@pytest.mark.parametrize("answers", [{}, {"members": None}, {"members": "five"}])
def test_a_missing_key_or_another_type_raises_instead_of_being_true(answers: dict):
    with pytest.raises(RuleError):
        Rule("answers.members >= 5", bool)(answers)


def test_a_rule_that_takes_too_many_steps_is_a_rule_that_failed():
    with pytest.raises(RuleError, match="more steps than a rule may"):
        Rule("answers.items.all(item, answers.items.all(other, other == item))", bool)({"items": ["water"] * 1000})


def test_a_dynamic_value_of_another_type_is_refused():
    with pytest.raises(RuleError):
        Rule("answers.members", bool)({"members": 1})


def test_an_error_names_the_rule_and_no_answer():
    with pytest.raises(RuleError) as error:
        Rule("answers.name > 3", bool)({"name": "見本 花子"})

    assert "answers.name > 3" in str(error.value)
    assert "花子" not in str(error.value)
