"""One reading of phone numbers: what a contact may hold, what a link dials, and by what households are compared."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services import phones

SPELLINGS = [
    *("090-0000-0001", "09000000001", "090 0000 0001", "(090)0000-0001", "（090）0000-0001", "090.0000.0001"),
    *(
        "０９０－００００－０００１",
        "０９０ー００００ー０００１",
        "090‐0000‐0001",
        "090−0000−0001",
        "090–0000–0001",
        "090—0000—0001",
    ),
    *("\u202a090-0000-0001\u202c", "+81 90 0000 0001", "+81(0)90-0000-0001", "＋８１　９０　００００　０００１"),
]


@pytest.mark.parametrize("typed", SPELLINGS)
def test_a_number_is_one_number_however_it_is_typed(typed: str):
    assert phones.is_number(typed)
    assert phones.within_japan(typed) == "09000000001"


@pytest.mark.parametrize("typed", ["119", "110", "03-0000-0000", "000-0000-0000", "+49 30 000000"])
def test_short_numbers_landlines_and_numbers_of_other_countries_are_numbers(typed: str):
    assert phones.is_number(typed)


@pytest.mark.parametrize(
    "typed", ["", "なし", "12", "0900", "090-0000-0001 内線 12", "090-0000-0001 母", "1900", "９" * 301]
)
def test_words_and_parts_of_numbers_are_none(typed: str):
    assert not phones.is_number(typed)


@pytest.mark.parametrize("typed", ["", "119", "110", "000-0000-0000", "０００ー００００ー００００", "なし", "0000-00"])
def test_a_number_that_is_nobodys_tells_no_household_from_another(typed: str):
    assert phones.within_japan(typed) == ""


@given(st.text(st.sampled_from("0189+-()（０９＋－\u200e\u0300ー½①\n 母"), max_size=40) | st.text(max_size=300))
@example("+81 (0)90-0000-0001")
@example("+81+90-0000-0001")
def test_the_digits_that_stored_keys_derive_from_stay_the_same(typed: str):
    """Spell out what folding 1 and 2 took for a number: with others, stored blocks would find nobody."""
    kept = re.sub("[^0-9+]", "", unicodedata.normalize("NFKC", typed))
    national = re.sub(r"\+", "", re.sub(r"^\+810?", "0", kept))

    assert phones.within_japan(typed) == (national if len(national) >= 9 and len(set(national)) > 1 else "")


@pytest.mark.parametrize(
    ("text", "number", "dialled"),
    [
        ("防災課 0000-00-0001（内線 12）", "0000-00-0001", "0000000001"),
        ("＋81 0-0000-0001", "＋81 0-0000-0001", "+81000000001"),
        ("（0000）00ー0001", "（0000）00ー0001", "0000000001"),
        ("0000-00-0001　0000-00-0002", "0000-00-0001", "0000000001"),
    ],
)
def test_the_first_number_in_a_text_is_found_and_can_be_dialled(text: str, number: str, dialled: str):
    found = phones.first_in(text)

    assert found is not None
    assert (found[0], phones.digits(found[0])) == (number, dialled)


def test_a_text_without_a_number_has_none():
    assert phones.first_in("役場へ") is None
