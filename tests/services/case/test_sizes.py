"""No stored document grows without end: the largest of every kind that the rules allow stays far below 2 MB."""

from collections.abc import Callable

import msgspec
import pytest

from services import times
from services.case.bounds import bounded
from services.case.ports import AuditRecord
from services.case.request import MOST_OPEN_TASKS, Request
from services.case.task import LONGEST_ID
from services.catalog.model import Current, next_edition
from services.failures import model as failures
from services.failures.model import Failure
from services.tasks.claims import Claim
from tests.counter import current
from tests.services.case.largest import (
    CLERK,
    COSMOS_DB_TAKES,
    LARGEST,
    LONGEST_REASON,
    NOW,
    REFERENCE,
    accepted,
    largest_task,
    size,
    task_of,
    with_everything_else,
    withdrawn,
)


def largest_request() -> Request:
    """Answer and send other bodies as often as may be, and let everything else happen for ever."""
    return with_everything_else(accepted())


def largest_failure() -> Failure:
    """Let a message of 64 KiB that has to be escaped fail and be sent again, again and again."""
    body = '"' * (64 * 1024)
    failure: Failure | None = None
    for n in range(200):
        failure = failures.failed(failure, "q" * 63, body, "y" * 300, tries=n, message=f"{n:036}", now=NOW)
        failure = failures.replayed(failure, failure, CLERK, NOW)
        failure = failures.failed(failure, "q" * 63, body, "y" * 300, tries=n, message=f"again-{n:036}", now=NOW)
        failure = failures.dismissed(failure, LONGEST_REASON, CLERK, NOW)
    assert failure
    return failure


def largest_current() -> Current:
    """Publish what fills 512 KiB (functions/operations/api.py), five hundred times in an hour."""
    known = current(purpose={"ja": "目" * (512 * 1024 // 3)})
    for n in range(500):
        known = next_edition(known, known.edition.definition, times.later(NOW, n))
    return known


def largest_record() -> AuditRecord:
    return AuditRecord(
        id=f"served_again.{CLERK.id}.{'0' * 64}",
        subject=REFERENCE,
        at=NOW,
        who=CLERK.id,
        action="viewed_at_counter",
        task=task_of(1).id,
        reason=LONGEST_REASON,
    )


def largest_claim() -> Claim:
    """Choose as many tasks as a claim may ask for (functions/tasks/api.py)."""
    return Claim(claim_id="c" * 64, team="t" * 40, holder="h" * 300, tasks=("x" * LONGEST_ID,) * 32)


KINDS: dict[str, Callable[[], msgspec.Struct]] = {
    "request": largest_request,
    "task": largest_task,
    "claim": largest_claim,
    "failure": largest_failure,
    "current edition of a service": largest_current,
    "record of an audit": largest_record,
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_document_that_the_rules_allow_stays_below_half_of_what_cosmos_db_takes(
    kind: str, record_property: Callable[[str, object], None]
):
    bytes_ = size(KINDS[kind]())

    record_property("bytes", bytes_)
    assert bytes_ < LARGEST


def test_a_request_and_all_its_open_tasks_are_withdrawn_in_one_batch():
    changes = withdrawn(largest_request())

    assert len(changes) == MOST_OPEN_TASKS + 1
    assert sum(size(bounded(document)) for document in changes) < COSMOS_DB_TAKES


def test_the_edition_and_which_one_is_current_are_published_in_one_batch():
    assert 2 * size(largest_current()) < COSMOS_DB_TAKES
