import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.forms import Form, FormError, canonical, hidden, unsendable
from services.door import LONGEST_STEP, MOST_PLACES, is_too_deep

FORM = Form(
    {
        "type": "object",
        "required": ["applicant", "date"],
        "additionalProperties": False,
        "properties": {
            "applicant": {
                "type": "object",
                "required": ["name", "kana"],
                "additionalProperties": False,
                "properties": {"name": {"type": "string"}, "kana": {"type": "string"}, "a/b": {"type": "integer"}},
            },
            "date": {"type": "string", "format": "date"},
            "items": {"type": "array", "items": {"enum": ["food"]}},
        },
    }
)
GOOD = {"applicant": {"name": "花子", "kana": "ハナコ", "a/b": 1}, "date": "2026-11-23", "items": ["food"]}

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_every_error_names_the_field_itself_in_the_order_of_the_form():
    errors = FORM.errors({"applicant": {"a/b": "x"}, "date": "tomorrow", "items": ["gold"], "other": 1})

    assert [(e.pointer, e.code) for e in errors] == [
        ("/applicant/name", "required"),
        ("/applicant/kana", "required"),
        ("/applicant/a~1b", "type"),
        ("/date", "format"),
        ("/items/0", "enum"),
        ("/other", "unknown_field"),
    ]


def test_a_field_stands_in_its_order_whatever_its_name():
    form = Form({"required": ["c", "a/b", "a~b"], "properties": {"a~b": {}, "a/b": {}, "c": {}}})

    assert [e.pointer for e in form.errors({})] == ["/a~0b", "/a~1b", "/c"]


def test_good_answers_have_no_errors():
    assert FORM.errors(GOOD) == ()


def test_sixty_four_levels_are_kept():
    value: object = 1
    for _ in range(64):
        value = [value]

    assert not is_too_deep(value)
    assert is_too_deep([value])


@given(json)
def test_any_json_is_judged_without_an_error(value: object):
    FORM.errors(value)
    list(unsendable(value))
    list(hidden(value))


def test_a_form_never_fetches_anything():
    with pytest.raises(FormError, match="is not fetched"):
        Form({"$ref": "http://127.0.0.1:1/elsewhere.json"})


@pytest.mark.parametrize("pattern", ["^(?=.*[0-9])", r"^(a|aa)+\1$", "(?<!0)1"])
def test_a_pattern_that_could_take_for_ever_is_no_part_of_a_form(pattern: str):
    with pytest.raises(FormError, match='is not a "regex"'):
        Form({"type": "string", "pattern": pattern})


def test_a_pattern_of_nested_repeats_judges_a_long_answer():
    assert [error.code for error in Form({"type": "string", "pattern": "^(a+)+$"}).errors("a" * 40_000 + "!")] == [
        "pattern"
    ]


def test_the_smallest_answers_leave_out_all_that_can_be_left_out():
    assert FORM.smallest(GOOD) == {"applicant": {"name": "花子", "kana": "ハナコ"}, "date": "2026-11-23"}


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"a": ["x", "b\x00"]}, "/a/1"),
        ({"a~/b": "\ufffe"}, "/a~0~1b"),
        ({"bad\x1bkey": 1}, ""),
        ({"n": -(2**53) - 1}, "/n"),
    ],
)
def test_what_cannot_be_kept_is_found_wherever_it_stands(value: object, pointer: str):
    assert [e.pointer for e in unsendable(value)] == [pointer]


def test_a_refusal_names_a_hundred_places_at_most_and_cuts_the_names_it_repeats():
    many = FORM.errors({**GOOD, **{f"{n}{'x' * 1000}": 1 for n in range(500)}})

    assert len(many) == MOST_PLACES
    assert max(len(error.pointer) for error in many) <= LONGEST_STEP + 2


def test_a_value_too_deep_to_judge_is_found_before_anything_recurses_into_it():
    value: object = "bottom"
    for _ in range(900):
        value = {"a": [value]}

    assert is_too_deep(value)
    assert not is_too_deep({"a": [{"b": "bottom"}]})


def test_text_of_the_whole_of_unicode_can_be_kept():
    assert not list(unsendable({"name": "髙橋﨑𠮷野家 🏠\r\n\tÅ"}))


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"a": ["x", "b\u3164"]}, "/a/1"),
        ({"a~/b": "\u202ex"}, "/a~0~1b"),
        ({"bad\u200bkey": "\u200b"}, ""),
        ({"name": "見\x9b本"}, "/name"),
    ],
)
def test_what_nobody_sees_is_found_wherever_it_stands_and_can_still_be_kept(value: object, pointer: str):
    assert [(e.pointer, e.code) for e in hidden(value)] == [(pointer, "hidden_character")]
    assert not list(unsendable(value))


def test_variants_of_kanji_emoji_and_lines_hide_nothing():
    assert not list(hidden({"name": "渡邉\U000e0102", "note": "👨\u200d👩\u200d👧 ❤\ufe0f\r\n\tÅ", "members": 2}))


def test_equal_json_is_one_canonical_text():
    assert canonical({"b": 3.0, "a": [1, "あ"]}) == canonical({"a": [1.0, "あ"], "b": 3})
    assert canonical({"a": 1}) != canonical({"a": True})
    assert canonical({"a": 1}) != canonical({"a": "1"})
