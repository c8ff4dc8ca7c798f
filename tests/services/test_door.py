"""The door: what comes from outside is bounded before anything is done with it."""

from services import door


def test_a_line_is_compared_without_width_and_without_what_nobody_sees():
    assert door.plain("Ｋ７\u200bＭ２\u3164") == "K7M2"


def test_a_text_that_is_longer_than_a_line_is_not_normalised():
    marks = "a" + "\u0300" * door.LONGEST_LINE

    assert door.plain(marks) == marks
