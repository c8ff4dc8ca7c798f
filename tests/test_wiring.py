"""What capabilities add is joined, and nothing of it is replaced without a word."""

import msgspec
import pytest

from wiring import CAPABILITIES, joined, parts_of, plans_of


def test_two_capabilities_that_keep_something_under_one_key_of_a_request_are_refused():
    [pickup] = CAPABILITIES
    other = msgspec.structs.replace(pickup, name="other")

    with pytest.raises(ValueError, match="booking, corrections"):
        parts_of([pickup, other])


def test_a_part_leaves_the_keys_of_a_request_itself_alone():
    class Part(msgspec.Struct):
        status: str = ""

    [pickup] = CAPABILITIES

    with pytest.raises(ValueError, match="status"):
        parts_of([msgspec.structs.replace(pickup, part=Part)])


def test_two_capabilities_that_make_tasks_for_one_reason_are_refused():
    [pickup] = CAPABILITIES

    with pytest.raises(ValueError, match="delivered_again"):
        plans_of([pickup, msgspec.structs.replace(pickup, name="other")])


def test_two_capabilities_that_take_one_kind_of_step_are_refused():
    with pytest.raises(ValueError, match="reserve"):
        joined({"dispatch": 1}, {"reserve": 2}, {"reserve": 3})
