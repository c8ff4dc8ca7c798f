"""What stands in the audit: a look or change with the same content is recorded once within minutes, whatever id a
caller sends."""

import hashlib

import msgspec

from services import times
from services.case.ports import AuditRecord
from services.case.task import Staff
from services.times import Instant

SPAN = 300
"""Seconds of our clock within which the same is one record: a page repeats a call whose answer was lost well within
these. Two calls a few seconds apart may fall into two spans, and are two records then."""


def record(
    action: str,
    subject: str,
    staff: Staff,
    now: Instant,
    *,
    task: str | None = None,
    reason: str | None = None,
    operation: str | None = None,
    listed: int | None = None,
) -> AuditRecord:
    """Record who did what to whom and why; AuditRecord says what each is.

    The id derives from all of it and the span of time: ids that a caller chooses can add records, never suppress one.
    """
    span = int(times.moment(now).timestamp()) // SPAN
    content = msgspec.json.encode((action, subject, staff.id, task, reason, operation, listed, span))
    return AuditRecord(
        id=f"{action}.{hashlib.sha256(content).hexdigest()[:32]}",
        subject=subject,
        at=now,
        who=staff.id,
        action=action,
        task=task,
        reason=reason,
        operation=operation,
        listed=listed,
    )
