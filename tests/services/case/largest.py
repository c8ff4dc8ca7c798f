"""The largest requests and tasks that the rules of the platform allow."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from services import times
from services.case import request as requests
from services.case import task as tasks
from services.case.bounds import bounded
from services.case.documents import Event
from services.case.request import MOST_OPEN_TASKS, Case, Contact, Identity, Part, Request, RequestTask, Step, Variant
from services.case.task import Staff, Task
from services.errors import NeverPossible
from services.intake import merging
from services.intake.merging import MOST_VARIANTS
from services.intake.submissions import MAX_ANSWERS_BYTES
from tests.counter import submission

NOW = "2026-11-23T00:00:00.000000Z"
COSMOS_DB_TAKES = 2 * 1024 * 1024
"""Bytes of one document, and of one batch."""
LARGEST = COSMOS_DB_TAKES // 2
LONGEST_NOTE = "長" * 2000
LONGEST_REASON = "理" * 500
CLERK = Staff("u-" + "0" * 34, "職員" * 64)
REFERENCE = "ABCD-EFGH-JKLM"
CONTACT = Contact(phone="+81 90 0000 0000", email="a" * 242 + "@example.com", name="名" * 100)


def size(document: msgspec.Struct) -> int:
    return len(msgspec.json.encode(document))


def filled(bytes_: int) -> dict[str, Any]:
    """Return answers of so many bytes."""
    return {"note": "字" * ((bytes_ - 11) // 3)}


def accepted(parts: Mapping[str, Part] = {}) -> Request:
    """Return a request with the largest answers, and with as many other bodies as may be kept beside them."""
    identity = Identity(reference=REFERENCE, key_hash="0" * 64, body_hash="0" * 64, access_version=1)
    sent = submission(answers=filled(MAX_ANSWERS_BYTES), contact=CONTACT)
    request = requests.accept(sent, identity, version=1, received_at=NOW, now=NOW, steps={}, traceparent="0" * 55)
    return with_other_bodies(msgspec.structs.replace(request, parts=dict(parts)))


def with_everything_else(request: Request) -> Request:
    """Let a request have as many tasks as may be, and let everything else happen to it for ever."""
    closed = (_mirrored(n, "cancelled") for n in range(1000))
    request = msgspec.structs.replace(request, tasks=(*(_mirrored(n, "open") for n in range(MOST_OPEN_TASKS)), *closed))
    steps = {f"notice.{n}": Step(kind="notice", at=NOW, round=n, reason="site_moved") for n in range(100)}
    return forgetting(requests.with_pending(request, steps), "waiting")


def forgetting(request: Request, event: str) -> Request:
    """Let the same thing happen to a request five thousand times."""
    for n in range(5):
        more = tuple(Event(id=f"{event}.{n}.{m}", at=NOW, event=event) for m in range(1000))
        request = bounded(msgspec.structs.replace(request, history=(*request.history, *more)))
    return request


def with_other_bodies(request: Request) -> Request:
    for n in range(MOST_VARIANTS):
        request = _beside(request, n)
    with pytest.raises(NeverPossible, match="5 other bodies"):
        _beside(request, MOST_VARIANTS)
    return request


def largest_task() -> Task:
    """Claim a task and give it back with a long word, again and again."""
    task = task_of(1)
    for n in range(300):
        now = times.later(NOW, n)
        task = tasks.claim(task, CLERK, f"{n:064}", seconds=900, now=now)
        task = bounded(tasks.release(task, CLERK, task.token, note=LONGEST_NOTE, now=now))
    return tasks.claim(task, CLERK, "0" * 64, seconds=900, now=NOW)


def withdrawn(request: Request) -> requests.Changes:
    """Return what a withdrawal writes of a request whose open tasks are the most and the largest."""
    request = msgspec.structs.replace(request, pending={})
    task = largest_task()
    open_tasks = {task_of(n).id: msgspec.structs.replace(task, id=task_of(n).id) for n in range(MOST_OPEN_TASKS)}
    return requests.withdraw(Case(request, open_tasks), NOW)


def task_of(number: int) -> Task:
    return Task(
        id=f"{REFERENCE}.{'r' * 40}.{number}",
        reference=REFERENCE,
        service="s" * 40,
        version=1000,
        route="r" * 40,
        kind="k" * 100,
        team="t" * 40,
        priority="urgent",
        deadline=NOW,
        created_at=NOW,
        traceparent="0" * 55,
        history=(Event(id="created", at=NOW, event="created"),),
    )


def _beside(request: Request, number: int) -> Request:
    answers = filled(MAX_ANSWERS_BYTES)
    other = Variant(body_hash=f"{number:064}", received_at=NOW, answers=answers, contact=CONTACT)
    [changed] = merging.kept_beside(request, other, NOW)
    assert isinstance(changed, Request)
    return changed


def _mirrored(number: int, status: tasks.TaskStatus) -> RequestTask:
    task = task_of(number)
    return RequestTask(id=task.id, kind=task.kind, team=task.team, deadline=NOW, status=status)
