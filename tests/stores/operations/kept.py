"""Requests and tasks as reconciliation finds them in the store."""

import msgspec

from services.case import request as requests
from services.case import task as tasks
from stores.case import CosmosRequests
from tests.counter import submission
from tests.fakes import Noted
from wiring import PARTS
from wiring.app import App

NOW = "2026-11-23T00:00:00.000000Z"
LATER = "2026-11-23T00:15:00.000000Z"


def task_of(reference: str, route: str = "prepare", due_at: str = LATER, **changes) -> tasks.Task:
    fields = {
        "id": f"{reference}.{route}.1",
        "reference": reference,
        "service": "water",
        "version": 1,
        "route": route,
        "kind": "prepare-water",
        "team": "supplies",
        "priority": "normal",
        "deadline": NOW,
        "created_at": NOW,
        "due_at": due_at,
    }
    return tasks.Task(**{**fields, **changes})


async def keep(app: App, reference: str, *new: tasks.Task, is_dispatched: bool = True) -> None:
    """Store a request of NOW with these tasks, its step pending or done."""
    identity = requests.Identity(reference=reference, key_hash="k", body_hash="b", access_version=1)
    step = requests.Step(kind="dispatch", at=NOW)
    request = requests.accept(submission(), identity, version=1, received_at=NOW, now=NOW, steps={"dispatch": step})
    store = CosmosRequests(app.cosmos, PARTS, Noted())
    await store.create(request)
    case = await store.load(reference)
    assert case is not None
    mirrored = tuple(
        requests.RequestTask(id=t.id, kind=t.kind, team=t.team, deadline=t.deadline, status=t.status) for t in new
    )
    pending = {} if is_dispatched else request.pending
    due_at = None if is_dispatched else request.due_at
    changed = msgspec.structs.replace(case.request, tasks=mirrored, pending=pending, due_at=due_at)
    await store.save(case, (changed, *new))
