import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.case import receipts
from services.case.receipts import ALPHABET, ReceiptSecrets
from tests.counter import KEY, SECRETS

REFERENCE = receipts.reference_for(SECRETS, "web", KEY)


def test_the_same_key_gives_the_same_reference_and_another_key_or_channel_another():
    assert receipts.reference_for(SECRETS, "web", KEY) == REFERENCE
    assert receipts.reference_for(SECRETS, "web", KEY + "x") != REFERENCE
    assert receipts.reference_for(SECRETS, "phone", KEY) != REFERENCE


def test_a_reference_has_three_groups_of_four_without_look_alikes():
    assert len(REFERENCE) == 14
    assert REFERENCE[4] == REFERENCE[9] == "-"
    assert not set("ILOU") & set(ALPHABET)


@given(st.integers(0, 11), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_shows(position: int, wrong: str):
    plain = REFERENCE.replace("-", "")
    typed = plain[:position] + wrong + plain[position + 1 :]

    assert receipts.read_reference(typed) == (REFERENCE if typed == plain else None)


@pytest.mark.parametrize(
    "spelling",
    [
        str.lower,
        lambda r: r.replace("-", ""),
        lambda r: r.replace("-", " "),
        lambda r: f"  {r}\n",
        lambda r: "".join(chr(ord(c) + 0xFEE0) if c != "-" else "ー" for c in r).replace("ー", "－"),
        lambda r: r.replace("0", "O").replace("1", "l"),
    ],
)
def test_a_reference_is_read_as_people_type_it(spelling):
    assert receipts.read_reference(spelling(REFERENCE)) == REFERENCE


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused_without_an_error(text: str):
    assert receipts.read_reference(text) is None or len(receipts.read_reference(text) or "") == 14
    assert not receipts.is_genuine(SECRETS, REFERENCE, receipts.read_code(text))


def test_an_access_code_has_forty_bits_and_a_reference_fifty_five_beside_its_check_character():
    code = receipts.access_code_for(SECRETS, REFERENCE, version=1, epoch=0)

    assert (len(code), len(REFERENCE.replace("-", "")), len(set(ALPHABET))) == (8, 12, 32)


def test_a_reissued_code_opens_and_the_old_one_no_longer_does():
    old = receipts.access_code_for(SECRETS, REFERENCE, version=1, epoch=0)
    new = receipts.access_code_for(SECRETS, REFERENCE, version=1, epoch=1)

    assert old != new
    assert receipts.opens(SECRETS, REFERENCE, new, version=1, epoch=1)
    assert not receipts.opens(SECRETS, REFERENCE, old, version=1, epoch=1)


def test_codes_made_under_an_earlier_secret_stay_genuine_after_a_rotation():
    code = receipts.access_code_for(SECRETS, REFERENCE, version=1, epoch=0)
    rotated = ReceiptSecrets(SECRETS.reference, {1: SECRETS.access[1], 2: b"the next one"})

    assert rotated.current_version == 2
    assert receipts.is_genuine(rotated, REFERENCE, code)


def test_a_code_under_a_secret_that_is_gone_opens_nothing():
    assert not receipts.opens(SECRETS, REFERENCE, "AAAAAAAA", version=9, epoch=0)
