"""What looks the same is the same household, and what was folded before is found.

`keys_of_folding_1.json` holds the households of test_households.py and a few more with the key and the blocks that
commit 2f2b285, the last one of folding 1, gave them (`key_of` with SECRET, `blocks_of`).
"""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import door, invisible
from services.pickup.households import households
from services.pickup.households.households import (
    FOLDING,
    Household,
    blocks_of,
    blocks_of_every_folding,
    former_keys,
    key_of,
    likeness,
)
from tests.services.pickup.people import HOUSEHOLDS, MIHON, SECRET

BEFORE: list[dict[str, Any]] = json.loads((Path(__file__).parent / "keys_of_folding_1.json").read_text("utf-8"))
_IN_TABLE = re.compile(f"[{invisible.DEFAULT_IGNORABLE}{invisible.CONTROLS}]")
UNSEEN = [chr(code) for code in range(0x110000) if _IN_TABLE.fullmatch(chr(code))]
HIDDEN = msgspec.structs.replace(
    MIHON, kana="ミホン\u3164 ハナコ", address="見本市中央一丁目\u115f2番3号 見本荘201号室"
)


def household_of(stored: dict[str, Any]) -> Household:
    return Household(**{name: stored[name] for name in Household.__struct_fields__})


@pytest.mark.parametrize("stored", BEFORE, ids=lambda stored: stored["key"][:8])
@pytest.mark.parametrize("folding", [1, FOLDING])
def test_a_household_without_hidden_characters_has_the_key_and_the_blocks_it_always_had(
    stored: dict[str, Any], folding: int
):
    household = household_of(stored)

    assert key_of(household, SECRET, folding) == stored["key"]
    assert blocks_of(household, folding) == tuple(stored["blocks"])
    assert former_keys(household, SECRET) == ()


@st.composite
def sprinkled(draw: st.DrawFn, text: str) -> str:
    """Put what nobody sees anywhere into a text."""
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(UNSEEN)) + text[at:]
    return text


@given(HOUSEHOLDS, st.data())
def test_what_nobody_sees_changes_neither_key_nor_blocks_nor_likeness(household: Household, data: st.DataObject):
    other = msgspec.structs.replace(
        household,
        name=data.draw(sprinkled(household.name)),
        kana=data.draw(sprinkled(household.kana)),
        address=data.draw(sprinkled(household.address)),
    )

    assert key_of(other, SECRET) == key_of(household, SECRET)
    assert blocks_of(other) == blocks_of(household)
    assert likeness(other, MIHON) == likeness(household, MIHON)
    assert likeness(other, household) == likeness(household, household)


@pytest.mark.parametrize("hidden", ["\u3164", "\u115f", "\u1160", "\uffa0", "\u180b", "\u17b4", "\u202e", "\x9b"])
def test_each_of_the_fillers_that_folding_1_kept_is_dropped(hidden: str):
    other = msgspec.structs.replace(MIHON, kana=f"ミホン{hidden} ハナコ", name=f"見{hidden}本 花子")

    assert key_of(other, SECRET) == key_of(MIHON, SECRET)
    assert likeness(other, MIHON).reasons == likeness(MIHON, MIHON).reasons


def test_a_text_with_hidden_characters_is_found_under_what_folding_1_made_of_it_too():
    assert former_keys(HIDDEN, SECRET) == (key_of(HIDDEN, SECRET, 1),)
    assert blocks_of_every_folding(HIDDEN) == (*blocks_of(MIHON), "k:ミホン\u1160ハナコ", "a:見本市中央1")


@pytest.mark.parametrize(
    "padding", ["\u200b" * 9_000, " " * 9_000, "\u3164 " * 9_000, "\u202e\u2066\t\n" * 9_000], ids=ascii
)
def test_nothing_unseen_pushes_a_name_out_of_the_line_that_is_read(padding: str):
    hidden = msgspec.structs.replace(MIHON, kana=f"{padding}ミホン{padding}ハナコ")

    assert key_of(hidden, SECRET) == key_of(MIHON, SECRET)


@pytest.mark.parametrize("text", ["a" + "\u0300" * 64_000 + "\u0316" * 63_000, "一" * 60_000 + "番", "見" * 60_000])
def test_no_more_than_a_line_of_a_text_is_folded(text: str):
    whole, line = (Household(name=t, kana=t, address=t, phone=t) for t in (text, text[: door.LONGEST_LINE]))

    assert key_of(whole, SECRET) == key_of(line, SECRET)
    assert likeness(whole, line).score == 1.0
    assert former_keys(whole, SECRET) == former_keys(shortened(whole, 2_000), SECRET)


def shortened(household: Household, length: int) -> Household:
    return Household(**{name: text[:length] for name, text in msgspec.structs.asdict(household).items()})


def test_another_unicode_of_python_is_another_folding():
    """Raise FOLDING together with Python where this fails: characters that were none before fold otherwise."""
    assert unicodedata.unidata_version == "15.1.0"
    assert "Unicode 15.1" in Path(households.__file__).read_text("utf-8")
