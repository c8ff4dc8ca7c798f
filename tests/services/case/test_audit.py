"""What is one record in the audit and what is two: no caller decides it."""

from typing import Any

import msgspec
import pytest

from services import times
from services.case.audit import SPAN, record
from services.case.ports import AuditRecord
from tests.counter import HANAKO

NOW = "2026-11-23T00:00:00.000000Z"
NAMESAKE = msgspec.structs.replace(HANAKO, id="u-namesake")


def made(**changes: Any) -> AuditRecord:
    said: dict[str, Any] = {
        "action": "found_at_counter",
        "subject": "R1",
        "staff": HANAKO,
        "now": NOW,
        "reason": "控え",
        "operation": "claim-0001",
    }
    return record(**{**said, **changes})


def test_a_record_says_who_did_what_to_whom_and_why():
    found = made(task="R1.prepare.1")

    assert msgspec.structs.replace(found, id="") == AuditRecord(
        id="",
        subject="R1",
        at=NOW,
        who="u-hanako",
        action="found_at_counter",
        task="R1.prepare.1",
        reason="控え",
        operation="claim-0001",
    )


def test_the_same_within_minutes_is_one_record():
    assert made(now=times.later(NOW, SPAN - 1)).id == made().id


@pytest.mark.parametrize(
    "changes",
    [
        {"now": times.later(NOW, SPAN)},
        {"staff": NAMESAKE},
        {"action": "viewed_at_counter"},
        {"subject": "R2"},
        {"reason": "控えをなくした"},
        {"reason": None},
        {"task": "R1.prepare.1"},
        {"operation": "claim-0002"},
    ],
)
def test_what_differs_in_anything_is_a_record_of_its_own(changes: dict[str, Any]):
    assert made(**changes).id != made().id


def test_the_id_of_a_record_can_be_one_of_a_document_whatever_a_token_calls_its_holder():
    strange = msgspec.structs.replace(HANAKO, id="a/b\\c?d#" * 200)

    assert not set("/\\?#") & set(made(staff=strange).id)
    assert len(made(staff=strange).id) < 255
