"""What looks the same is the same: one table of what nobody sees."""

import re
import unicodedata

import pytest

from services import invisible

FILLERS = ("\u3164", "\u115f", "\u1160", "\uffa0", "\u180b", "\u17b4", "\u034f", "\u00ad")
DIRECTIONS = ("\u202e", "\u2066", "\u200e", "\u200b", "\ufeff")


@pytest.mark.parametrize("hidden", [*FILLERS, *DIRECTIONS, "\ufe0f", "\U000e0100", "\x07", "\x9b"])
def test_what_nobody_sees_is_dropped(hidden):
    assert invisible.without_unseen(f"見{hidden}本") == "見本"


@pytest.mark.parametrize("hidden", [*FILLERS, *DIRECTIONS])
def test_fillers_and_directions_hide_in_a_text(hidden):
    assert invisible.hides(f"見{hidden}本")


@pytest.mark.parametrize(
    "text", ["渡邉\U000e0101", "葛\U000e0100城", "家族です👨\u200d👩\u200d👧", "❤\ufe0f", "می\u200cخواهم"]
)
def test_selectors_and_joiners_that_writing_needs_hide_nothing(text):
    assert not invisible.hides(text)


def test_directions_that_a_phone_pastes_around_a_number_are_trimmed():
    assert invisible.trimmed("\u202a 090-0000-0000\u202c\n") == "090-0000-0000"
    assert invisible.trimmed("\u200b \u200b") == ""


@pytest.mark.parametrize("name", ["渡邉\U000e0101", "❤\ufe0f", "渡\u200b邉"])
def test_what_shapes_the_last_character_and_what_is_within_is_not_trimmed(name):
    assert invisible.trimmed(f" {name}\u202c\u200d ") == name


def test_every_format_character_that_is_no_sign_of_a_script_is_in_the_table():
    listed = re.compile(f"[{invisible.DEFAULT_IGNORABLE}]")
    formats = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) == "Cf"]
    seen = [c for c in formats if not listed.fullmatch(c)]

    assert all(re.search("ARABIC|SYRIAC|KAITHI|EGYPTIAN|INTERLINEAR", unicodedata.name(c)) for c in seen)
