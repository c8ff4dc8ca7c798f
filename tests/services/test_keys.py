"""What stands in documents and in hands derives from the secrets as it always did; every other purpose has its key."""

from services.case import receipts
from services.keys import derived
from tests.counter import KEY, SECRETS


def test_receipts_stay_as_they_were_given():
    reference = receipts.reference_for(SECRETS, "web", KEY)

    assert reference == "2ESQ-PQ1S-DZXH"
    assert receipts.access_code_for(SECRETS, reference, version=1, epoch=0) == "X4496XZ6"
    assert receipts.access_code_for(SECRETS, reference, version=1, epoch=1) == "3M2REHC5"
    assert (
        receipts.hash_of_key(SECRETS, "web", KEY) == "a826e702b951e32326e428796a9e70d700d2817cfa9a767ef191ed886ed9c605"
    )


def test_a_key_of_one_purpose_is_none_of_another_and_not_the_secret():
    purposes = ("intake", "calls to send", "calls to look", "tries of access codes")
    made = {derived(SECRETS.reference, purpose) for purpose in purposes}

    assert len(made) == len(purposes)
    assert SECRETS.reference not in made
    assert (
        derived(SECRETS.reference, "intake").hex() == "40f6747aa77f1f163218939bae70767fb5685b14d7f1c2b699eb9c7a6f94ef4d"
    )
