"""What keeps the documents of a case from growing without end, whatever happens to them: applied to every change."""

import msgspec

from services.case.documents import Event, latest
from services.case.request import Request
from services.case.task import Task

HISTORY_OF_REQUEST = 128 * 1024
HISTORY_OF_TASK = 16 * 1024
"""Bytes of JSON that a history may have: about a thousand events of a request, about fifty claims of a task.

All open tasks of a request change with it in one batch, which Cosmos DB takes up to 2 MB.
"""
CLOSED_TASKS_KEPT = 100
"""Closed tasks that a request mirrors; each stands beside it as a document."""

_NEEDED = ("accepted", "corrected", "units_changed", "units_kept", "other_body_received")
"""Events that are never dropped: by them a repeat is answered at any time, or they tell where a request comes from.
Each is made only a few times."""


def bounded(document: Request | Task) -> Request | Task:
    """Drop the oldest of what a document need not remember, so that it stays far below what the store takes.

    A repeat whose event was dropped does no harm: it is refused or finds its work done, by the fencing token of a task,
    by the state and the round of a part, or because its step is not pending any more.
    """
    if isinstance(document, Task):
        kept = latest(document.history, HISTORY_OF_TASK, lambda event: event.event == "created")
        return document if kept == document.history else msgspec.structs.replace(document, history=kept)
    pending = {f"dispatch.{step}" for step in document.pending}

    def needed(event: Event) -> bool:
        return event.event in _NEEDED or event.id in pending

    history = latest(document.history, HISTORY_OF_REQUEST, needed)
    closed = [task.id for task in document.tasks if task.status != "open"][:-CLOSED_TASKS_KEPT]
    tasks = tuple(task for task in document.tasks if task.id not in closed) if closed else document.tasks
    if (history, tasks) == (document.history, document.tasks):
        return document
    return msgspec.structs.replace(document, history=history, tasks=tasks)
