import json
from importlib import import_module
from pathlib import Path

import pytest

from functions.edge import problems
from functions.edge.texts import FOLDER as TEXTS
from functions.edge.texts import LANGUAGES
from services.errors import MadoguchiError, Refusal

ROOT = Path(__file__).parent.parent.parent
MODULES = [
    import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in ROOT.glob("services/**/errors.py")
]
STATUS_OF_CODE = {
    "bad_form": 400,
    "bad_request": 400,
    "idempotency_key": 400,
    "access_code_missing": 401,
    "unauthenticated": 401,
    "forbidden": 403,
    "from_elsewhere": 403,
    "service_closed": 403,
    "unknown_request": 404,
    "unknown_service": 404,
    "unknown_site": 404,
    "unknown_slot": 404,
    "unknown_task": 404,
    "access_code_shown": 409,
    "already_decided": 409,
    "already_handed_over": 409,
    "conflict": 409,
    "document_full": 409,
    "handed_over": 409,
    "idempotency_key_reused": 409,
    "look_again": 409,
    "not_enough_stock": 409,
    "not_for_split": 409,
    "nothing_due": 409,
    "place_changed_too_often": 409,
    "place_gone": 409,
    "send_again_with_new_key": 409,
    "slot_closed": 409,
    "stale_token": 409,
    "task_closed": 409,
    "task_held": 409,
    "too_many_corrections": 409,
    "withdrawn": 409,
    "length_missing": 411,
    "too_large": 413,
    "not_csv": 415,
    "unsupported_media_type": 415,
    "definition_refused": 422,
    "invalid": 422,
    "never_possible": 422,
    "no_such_slot": 422,
    "receipt_incomplete": 422,
    "sheet_refused": 422,
    "unknown_outcome": 422,
    "too_many_requests": 429,
    "too_many_tries": 429,
    "document_damaged": 503,
    "document_newer": 503,
    "edition_damaged": 503,
    "not_yet_processed": 503,
    "service_paused": 503,
    "unavailable": 503,
}


def all_errors(root: type = MadoguchiError) -> list[type[MadoguchiError]]:
    return [e for child in root.__subclasses__() for e in (child, *all_errors(child))]


ERRORS = [e for e in all_errors() if hasattr(e, "code")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_every_error_is_of_one_kind_and_its_owner_has_a_text_in_every_language(error: type[MadoguchiError]):
    package = error.__module__.split(".")[1]
    owner = package if (TEXTS / package).is_dir() else "core"

    assert len([kind for kind in error.__mro__ if kind in problems.STATUS]) == 1
    for language in LANGUAGES:
        texts = json.loads((TEXTS / owner / f"{language}.json").read_text(encoding="utf-8"))
        assert texts[f"problem.{error.code}.title"]
        assert texts[f"problem.{error.code}.detail"]


def test_only_kinds_have_no_code():
    assert {e for e in all_errors() if e not in ERRORS} <= {Refusal, *problems.STATUS}


def test_a_code_keeps_its_status():
    found = {error.code: problems.status_of(error) for error in ERRORS}

    assert {code: found.get(code) for code in STATUS_OF_CODE} == STATUS_OF_CODE


def test_errors_stand_in_the_module_of_their_package_which_shows_every_one_of_them():
    modules = {module.__name__: module.__doc__ or "" for module in MODULES}
    ours = [e for e in all_errors() if e.__module__ != problems.__name__]

    assert [e.__name__ for e in ours if f"─ {e.__name__} " not in modules.get(e.__module__, "")] == []


def test_codes_are_stable_words_and_only_kin_share_one():
    by_code: dict[str, list[type]] = {}
    for error in ERRORS:
        by_code.setdefault(error.code, []).append(error)

    assert {code for code, found in by_code.items() if len(found) > 1} == {"too_large"}
    assert all(code.isidentifier() for code in by_code)
