import json
from pathlib import Path

import pytest

from functions import problems
from services import errors
from services.errors import MadoguchiError

TEXTS = Path(__file__).parent.parent.parent / "web" / "texts"


def all_errors(root: type = MadoguchiError) -> list[type[MadoguchiError]]:
    return [e for child in root.__subclasses__() for e in (child, *all_errors(child))]


@pytest.mark.parametrize("error", [e for e in all_errors() if e is not errors.Refusal], ids=lambda e: e.__name__)
def test_every_error_has_a_status_a_code_and_a_text_in_every_language(error: type[MadoguchiError]):
    assert 400 <= problems.STATUS[error] <= 503
    for language in ("ja", "ja-easy", "en"):
        texts = json.loads((TEXTS / f"{language}.json").read_text(encoding="utf-8"))
        assert texts[f"problem.{error.code}.title"]
        assert texts[f"problem.{error.code}.detail"]


def test_the_docstring_of_the_errors_shows_every_one_of_them():
    ours = {e.__name__ for e in all_errors() if e.__module__ == "services.errors"}

    assert {name for name in ours if name not in (errors.__doc__ or "")} == set()


def test_codes_are_stable_words_and_only_kin_share_one():
    by_code: dict[str, list[type]] = {}
    for error in all_errors():
        if error is not errors.Refusal:
            by_code.setdefault(error.code, []).append(error)

    assert {code for code, found in by_code.items() if len(found) > 1} == {"too_large"}
    assert all(code.isidentifier() for code in by_code)
