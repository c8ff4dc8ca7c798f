"""The door: what comes from outside is bounded before anything is done with it."""

from itertools import islice

import pytest

from services import door
from services.errors import FieldError, InvalidSubmission


def test_a_line_is_compared_without_width_and_without_what_nobody_sees():
    assert door.plain("Ｋ７\u200bＭ２\u3164") == "K7M2"


def test_a_text_that_is_longer_than_a_line_is_not_normalised():
    marks = "a" + "\u0300" * door.LONGEST_LINE

    assert door.plain(marks) == marks


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100 + b"]" * 100, b"{'a': 1}", b"9" * 5000])
def test_what_is_no_json_of_bounded_depth_is_unreadable(content: bytes):
    with pytest.raises(door.Unreadable):
        door.json(content)


def test_json_of_more_values_than_anybody_sends_is_too_much():
    assert len(door.json(b"[" + b",".join([b"1"] * (door.MOST_VALUES - 1)) + b"]")) == door.MOST_VALUES - 1

    with pytest.raises(door.TooMuch):
        door.json(b"[" + b",".join([b"1"] * door.MOST_VALUES) + b"]")


def test_a_form_of_too_many_controls_or_of_no_text_is_unreadable():
    assert door.form("a=見&a=本".encode()) == {"a": ["見", "本"]}

    for content in (b"&".join([b"a=1"] * (door.MOST_CONTROLS + 1)), b"a=\xff", b"a=%ff"):
        with pytest.raises(door.Unreadable):
            door.form(content)


def test_a_table_is_read_no_further_than_anybody_needs_it():
    lines = door.records("a,b\n" * 1000, 10)

    assert len(list(islice(lines, 20))) == 20
    with pytest.raises(door.TooMuch):
        next(lines)
    assert len(list(door.records("a,b\n" + ",\n" * 100, 10))) == 101


def test_what_a_refusal_repeats_of_a_name_is_short():
    assert door.step("members") == "members"
    assert len(door.step("x" * 50_000)) == door.LONGEST_STEP + 1


def test_a_refusal_names_a_hundred_places_at_most():
    fields = InvalidSubmission(tuple(FieldError(f"/{n}", "required") for n in range(500)))

    assert len(fields.errors) == door.MOST_PLACES
