"""A certificate's whole life, played in one process: what the host does between the steps is left out."""

import json
from types import SimpleNamespace

import azure.functions as func
import msgspec

import wiring
from bench.desk import CERTIFICATE, CERTIFICATES, STAFF, new_key, submission
from functions.intake.api import submit_request
from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.advance.model import read_wake_up
from wiring.app import App

_submit = submit_request._function.get_user_function()
_CONTEXT = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=f"00-{'1' * 32}-{'2' * 16}-01"))


async def submit(app: App) -> str:
    """Submit through the HTTP function and return the reference."""
    wiring._apps[:] = [app]
    request = func.HttpRequest(
        method="POST",
        url="/api/requests",
        headers={"Content-Type": "application/json", "Idempotency-Key": new_key()},
        body=msgspec.json.encode(submission(CERTIFICATE, CERTIFICATES)),
    )
    answer = await _submit(request, _CONTEXT)
    assert answer.status_code == 201, answer.get_body()
    reference: str = json.loads(answer.get_body())["reference"]
    return reference


async def advance(app: App, reference: str) -> None:
    """Take the steps of a request, as the worker does."""
    await app.advance.advance(reference)


async def claim_and_complete(app: App) -> None:
    """Claim the next task and complete it."""
    [claimed] = await app.tasks.claim_next(CERTIFICATES, STAFF, claim_id=new_key(), limit=1, seconds=900)
    assert claimed.task.lease is not None
    await app.tasks.complete(claimed.task.id, STAFF, claimed.task.lease.token, outcome="done", note=None)


async def clear_wake_ups(app: App) -> None:
    """Take away the wake-up messages, which the host would have delivered."""
    while messages := await app.queues.receive(ADVANCE_QUEUE, 32, hidden_for=600):
        for message in messages:
            read_wake_up(message.body)
            await app.queues.delete(message)
