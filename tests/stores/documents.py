"""Requests and tasks as the stores keep them."""

import msgspec

from services import times
from services.case import request as requests
from services.case import task as tasks
from services.case.request import Identity, Step
from tests.counter import submission

NOW = "2026-11-23T00:00:00.000000Z"


def request_of(reference: str, answers: dict | None = None) -> requests.Request:
    identity = Identity(reference=reference, key_hash="k", body_hash="b", access_version=1)
    step = Step(kind="dispatch", at=NOW)
    sent = submission(answers=answers or {"members": 2})
    return requests.accept(sent, identity, version=1, received_at=NOW, now=NOW, steps={"dispatch": step})


def task_of(reference: str, route: str = "prepare", **changes) -> tasks.Task:
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
        "due_at": times.later(NOW, 3600),
    }
    return tasks.Task(**{**fields, **changes})


def as_made[D: msgspec.Struct](document: D) -> D:
    """Return a document that was read as it was before it was written: without ETag and JSON."""
    return msgspec.structs.replace(document, etag="", stored={})


def without_json(case: requests.Case | None) -> requests.Case | None:
    """Return a case without the JSON that its documents were read from, which a write leaves as it was."""
    if case is None:
        return None
    documents = (case.request, *case.tasks.values())
    return case.with_documents(tuple(msgspec.structs.replace(document, stored={}) for document in documents))
