"""What the queues trigger: the two workers, and what is left of messages that failed again and again.

Bodies come as bytes. Of a body that is text the host lays every field over what the queue says of the message, so that
its sender would choose the id that tells its failures apart, or keep the library from reading it at all.
"""

import azure.functions as func

from functions.edge import telemetry
from services.advance.model import QUEUE as ADVANCE_QUEUE
from services.advance.model import read_wake_up
from services.failures.model import poison_queue_of
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from wiring import app

AS_BYTES = func.DataType.BINARY
bp = func.Blueprint()


@bp.queue_trigger(arg_name="message", queue_name=INTAKE_QUEUE, connection="STORAGE", data_type=AS_BYTES)
async def take_in_submission(message: func.QueueMessage) -> None:
    """Turn a waiting submission into a request."""
    with telemetry.message(INTAKE_QUEUE):
        await app().worker.work(INTAKE_QUEUE, _body(message), _take_in, str(message.id))


@bp.queue_trigger(arg_name="message", queue_name=ADVANCE_QUEUE, connection="STORAGE", data_type=AS_BYTES)
async def advance_request(message: func.QueueMessage) -> None:
    """Take the due steps of a request."""
    with telemetry.message(ADVANCE_QUEUE):
        await app().worker.work(ADVANCE_QUEUE, _body(message), _advance, str(message.id))


@bp.queue_trigger(
    arg_name="message", queue_name=poison_queue_of(INTAKE_QUEUE), connection="STORAGE", data_type=AS_BYTES
)
async def record_poisoned_submission(message: func.QueueMessage) -> None:
    """Record a submission whose worker failed again and again."""
    telemetry.record_poisoned(INTAKE_QUEUE)
    with telemetry.message(poison_queue_of(INTAKE_QUEUE)):
        await app().worker.give_up(INTAKE_QUEUE, _body(message), str(message.id))


@bp.queue_trigger(
    arg_name="message", queue_name=poison_queue_of(ADVANCE_QUEUE), connection="STORAGE", data_type=AS_BYTES
)
async def record_poisoned_wake_up(message: func.QueueMessage) -> None:
    """Record a wake-up whose worker failed again and again."""
    telemetry.record_poisoned(ADVANCE_QUEUE)
    with telemetry.message(poison_queue_of(ADVANCE_QUEUE)):
        await app().worker.give_up(ADVANCE_QUEUE, _body(message), str(message.id))


async def _take_in(body: str) -> None:
    with telemetry.span("take in", telemetry.traceparent_in(body)):
        await app().queued.take_in(body)


async def _advance(body: str) -> None:
    with telemetry.span("advance", telemetry.traceparent_in(body)) as span:
        reference = read_wake_up(body).reference
        await app().advance.woken(reference)
        span.set_attribute("madoguchi.reference", reference)


def _body(message: func.QueueMessage) -> str:
    return message.get_body().decode("utf-8", errors="replace")
