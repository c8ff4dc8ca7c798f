from typing import Any

import pytest

from functions.edge import fields
from functions.edge.fields import Field
from functions.edge.texts import Texts

JA = Texts("ja")
FORM: dict[str, Any] = {
    "type": "object",
    "required": ["household", "mustChoose", "consent"],
    "properties": {
        "household": {
            "type": "object",
            "required": ["members"],
            "x-text": {"label": {"ja": "世帯", "en": "Household"}},
            "properties": {
                "members": {"type": "integer", "x-text": {"label": {"ja": "人数"}}},
                "care": {
                    "type": "array",
                    "items": {"enum": ["elderly", "infant"]},
                    "x-text": {
                        "label": {"ja": "配慮"},
                        "options": {"elderly": {"ja": "高齢"}, "infant": {"ja": "乳児"}},
                    },
                },
            },
        },
        "pet": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}},
        "receive": {"enum": ["pickup", "delivery"], "x-text": {"options": {"pickup": {"ja": "取りに行く"}}}},
        "day": {"type": "string", "format": "date"},
        "note": {"type": "string", "maxLength": 500, "x-text": {"label": {"ja": "備考"}, "help": {"ja": "何でも"}}},
        "mustChoose": {"type": "boolean"},
        "mayChoose": {"type": "boolean"},
        "consent": {"const": True, "type": "boolean"},
    },
}


def drawn(typed: dict[str, list[str]] | None = None, errors: dict[str, str] | None = None) -> dict[str, Field]:
    form = fields.draw(FORM, "/answers", JA, typed or {}, errors or {})
    return {field.pointer: field for field in fields.walk(form)}


def answers(**typed: list[str]) -> dict[str, Any]:
    return fields.answers_in(FORM, "/answers", {f"/answers/{name.replace('__', '/')}": v for name, v in typed.items()})


def test_every_property_has_the_control_that_fits_it():
    kinds = {pointer.removeprefix("/answers/"): field.kind for pointer, field in drawn().items()}

    assert kinds == {
        "/answers": "section",
        "household": "section",
        "household/members": "number",
        "household/care": "checkboxes",
        "pet": "section",
        "pet/name": "text",
        "receive": "radios",
        "day": "date",
        "note": "long",
        "mustChoose": "radios",
        "mayChoose": "checkbox",
        "consent": "checkbox",
    }


def test_a_field_says_whether_it_must_be_filled_in_where_its_section_says_so():
    required = {pointer for pointer, field in drawn().items() if field.required}

    assert required == {
        "/answers",
        "/answers/household",
        "/answers/household/members",
        "/answers/mustChoose",
        "/answers/consent",
    }


def test_texts_are_those_of_the_language_else_japanese():
    form = fields.draw(FORM, "/answers", Texts("en"), {}, {})

    assert [f.label for f in fields.walk(form)][1:3] == ["Household", "人数"]


def test_an_option_without_a_text_shows_its_value():
    assert [o.label for o in drawn()["/answers/receive"].options] == ["取りに行く", "delivery"]


def test_what_was_typed_is_kept_whether_it_fits_or_not():
    typed = {
        "/answers/household/members": ["三人"],
        "/answers/household/care": ["infant"],
        "/answers/day": ["きのう"],
        "/answers/note": [" 一行目\r\n二行目"],
    }

    shown = drawn(typed)

    assert shown["/answers/household/members"].value == "三人"
    assert [o.value for o in shown["/answers/household/care"].options if o.chosen] == ["infant"]
    assert (shown["/answers/day"].value, shown["/answers/day"].is_iso_date) == ("きのう", False)
    assert shown["/answers/note"].value == " 一行目\r\n二行目"


def test_a_page_shows_answers_in_words():
    typed = {
        "/answers/household/care": ["elderly", "infant"],
        "/answers/receive": ["pickup"],
        "/answers/day": ["2026-11-03"],
        "/answers/consent": ["true"],
    }

    shown = {pointer: field.shown for pointer, field in drawn(typed).items() if field.shown}

    assert shown == {
        "/answers/household/care": "高齢、乳児",
        "/answers/receive": "取りに行く",
        "/answers/day": "令和8年11月3日（火）",
        "/answers/consent": "はい",
    }


def test_an_error_stands_at_its_field_and_not_at_the_section_around_it():
    errors = {"/answers/household/members": "人数を", "/answers/household/care/1": "選択肢から"}

    wrong = {pointer: field.error for pointer, field in drawn(errors=errors).items() if field.error}

    assert wrong == {"/answers/household/members": "人数を", "/answers/household/care": "選択肢から"}


@pytest.mark.parametrize(
    ("pointer", "anchor"),
    [
        ("/answers/household/members", "answers-household-members"),
        ("/answers/household/care/0", "answers-household-care-0"),
        ("/answers/household", "answers-household-members"),
        ("/answers/receive", "answers-receive-0"),
    ],
)
def test_a_link_to_a_field_leads_to_a_control(pointer: str, anchor: str):
    found = fields.field_at(fields.draw(FORM, "/answers", JA, {}, {}), pointer)

    assert found is not None
    assert found.anchor == anchor


def test_a_pointer_to_nothing_that_is_drawn_has_no_field():
    assert fields.field_at(fields.draw(FORM, "/answers", JA, {}, {}), "/version") is None


def test_answers_have_the_types_of_the_form():
    read = answers(
        household__members=["３"],
        household__care=["infant", "elderly"],
        receive=["delivery"],
        day=["2026/11/3"],
        note=[" 3階です\r\n呼び鈴なし "],
        mustChoose=["true"],
        consent=["true"],
    )

    assert read == {
        "household": {"members": 3, "care": ["infant", "elderly"]},
        "receive": "delivery",
        "day": "2026-11-03",
        "note": "3階です\n呼び鈴なし",
        "mustChoose": True,
        "consent": True,
    }


def test_what_was_left_empty_is_left_out_but_a_required_section_says_so():
    assert answers(note=["　 "], receive=[""]) == {"household": {}}


@pytest.mark.parametrize(("typed", "answer", "shown"), [("true", True, "はい"), ("false", False, "いいえ")])
def test_a_yes_or_no_that_is_needed_is_answered_only_where_somebody_chose(typed: str, answer: bool, shown: str):
    field = drawn({"/answers/mustChoose": [typed]})["/answers/mustChoose"]

    assert answers(mustChoose=[typed])["mustChoose"] is answer
    assert [option.value for option in field.options] == ["true", "false"]
    assert field.shown == shown
    assert "mustChoose" not in answers()
    assert not any(option.chosen for option in drawn()["/answers/mustChoose"].options)


def test_a_yes_or_no_that_only_an_optional_section_needs_does_not_fill_it_in():
    section = {"type": "object", "required": ["old"], "properties": {"old": {"type": "boolean"}}}

    assert fields.answers_in({"type": "object", "properties": {"pet": section}}, "", {}) == {}


def test_what_cannot_be_read_as_its_type_stays_text_for_the_form_to_refuse():
    read = answers(household__members=["三人"], household__care=["dragon"], receive=["fly"], day=["きのう"])

    assert read["household"] == {"members": "三人", "care": ["dragon"]}
    assert (read["receive"], read["day"]) == ("fly", "きのう")


@pytest.mark.parametrize("around", [" ", "\u202a", "\u200b\u3164", "\ufeff\r\n"])
def test_what_nobody_sees_around_an_answer_is_dropped(around: str):
    form = {"type": "object", "properties": {"phone": {"type": "string"}}}

    assert fields.answers_in(form, "", {"/phone": [f"{around}090-0000-0000{around}"]}) == {"phone": "090-0000-0000"}


def test_a_number_with_commas_stays_text():
    assert answers(household__members=["1,000"])["household"]["members"] == "1,000"


def test_a_number_too_long_to_be_one_stays_text():
    assert answers(household__members=["9" * 5000])["household"]["members"] == "9" * 5000
