from typing import Any

import pytest

from functions.edge.problems import message
from functions.edge.texts import LANGUAGES, Texts
from services.errors import FieldError

FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "members": {"type": "integer"},
        "receive": {"enum": ["pickup", "delivery"]},
        "items": {"type": "array", "items": {"enum": ["water", "food"]}},
        "consent": {"type": "boolean", "const": True},
        "own": {"type": "boolean", "const": True, "x-text": {"errors": {"required": {"ja": "同意が要ります。"}}}},
        "phone": {"enum": ["a", "b"]},
        "a/b": {"type": "integer"},
        "house": {"type": "object", "properties": {"floor": {"type": "integer"}}},
    },
}


def told(pointer: str, code: str, language: str = "ja") -> str:
    return message(FieldError(pointer, code).mistake, FORM, Texts(language))


@pytest.mark.parametrize(
    ("pointer", "code", "text"),
    [
        ("/answers/name", "required", "入力してください。"),
        ("/answers/members", "required", "入力してください。"),
        ("/answers/receive", "required", "選んでください。"),
        ("/answers/items", "required", "選んでください。"),
        ("/answers/consent", "required", "確認して、チェックを付けてください。"),
        ("/answers/consent", "const", "確認して、チェックを付けてください。"),
        ("/answers/own", "required", "同意が要ります。"),
        ("/answers/members", "type", "コンマや単位を付けずに、整数を数字で入力してください（例：12）。"),
        ("/answers/house/floor", "type", "コンマや単位を付けずに、整数を数字で入力してください（例：12）。"),
        ("/answers/name", "type", "入力の形が違います。"),
        ("/answers/a~1b", "type", "コンマや単位を付けずに、整数を数字で入力してください（例：12）。"),
        ("/answers/nothing", "required", "入力してください。"),
        ("/answers/name", "never_heard_of", "入力を確かめてください。"),
    ],
)
def test_a_mistake_is_told_as_its_control_is_used(pointer: str, code: str, text: str):
    assert told(pointer, code) == text


def test_a_contact_is_not_taken_for_an_answer_of_the_same_name():
    assert told("/contact/phone", "required") == "入力してください。"


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_choice_and_consent_are_told_apart_in_every_language(language: str):
    said = {told(f"/answers/{name}", "required", language) for name in ("name", "receive", "consent")}

    assert len(said) == 3
