"""Traces and metrics of the edge, on the OpenTelemetry API: ids, codes and names of ours, never what a person wrote.

Where no SDK is set up, traces and metrics do nothing. In Azure the worker sets it up, on a desk `local/telemetry.py`.
One submission is one trace: its traceparent stands in the document and in the messages. What fails stands in the log
as well, which is sent within seconds: a metric is lost where its process ends within the minute.
"""

import hashlib
import logging
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager

import azure.functions as func
import msgspec
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services import times, traces
from services.case.ports import QueueNumbers
from services.tasks.service import ClaimedTask
from services.times import Instant


class _Carrier(msgspec.Struct):
    traceparent: str | None = None


SERVER_ERROR = 500

log = logging.getLogger("madoguchi.telemetry")

_tracer = trace.get_tracer("madoguchi")
_meter = metrics.get_meter("madoguchi")
_w3c = TraceContextTextMapPropagator()

_submissions = _meter.create_counter("madoguchi.submissions", "1", "Receipts given, by service, channel and how")
_refusals = _meter.create_counter("madoguchi.refusals", "1", "Calls refused, by function and code")
_http_answers = _meter.create_counter("madoguchi.answers", "1", "Answers to calls, by function and class of status")
_messages = _meter.create_counter("madoguchi.messages", "1", "Messages worked, by queue and how that ended")
_runs = _meter.create_counter("madoguchi.runs", "1", "Runs of timers, by timer and how they ended")
_poisoned = _meter.create_counter("madoguchi.poisoned", "1", "Messages that failed again and again, by queue")
_takeovers = _meter.create_counter("madoguchi.lease_takeovers", "1", "Leases that ran out and were taken over, by team")
_until_claimable = _meter.create_histogram("madoguchi.time_to_claimable", "s", "From receipt to a claimable task")
_until_claimed = _meter.create_histogram("madoguchi.time_to_claimed", "s", "From a claimable task to its claim")
_queue_depth = _meter.create_gauge("madoguchi.queue.depth", "1", "Messages in a queue, hidden ones included")
_queue_age = _meter.create_gauge("madoguchi.queue.age", "s", "Age of the oldest visible message of a queue")
_oldest_pending = _meter.create_gauge("madoguchi.oldest_pending", "s", "How long the oldest due request is overdue")
_open_failures = _meter.create_gauge("madoguchi.open_failures", "1", "Failures that nobody replayed or dismissed")


@contextmanager
def span(name: str, under: str | None = None) -> Iterator[Span]:
    """Trace what is done within: under the current span, or under a W3C traceparent with a link to the current one.

    Of an error its type alone is told: its text may quote what a person wrote.
    """
    parent = _context(under)
    current = trace.get_current_span().get_span_context()
    links = [Link(current)] if parent and current.is_valid else []
    with _tracer.start_as_current_span(
        name, parent, links=links, record_exception=False, set_status_on_exception=False
    ) as started:
        try:
            yield started
        except Exception as error:
            started.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def trace_of(seed: str) -> str:
    """Derive the traceparent that all steps of a form share from its seed, which it does not betray."""
    digest = hashlib.sha256(f"trace\0{seed}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


def traceparent_in(message: str) -> str | None:
    """Return the traceparent that a queue message carries, None where it carries none."""
    try:
        return traces.shaped(msgspec.json.decode(message, type=_Carrier).traceparent)
    except (msgspec.MsgspecError, RecursionError):
        return None


def traceparent() -> str | None:
    """Return the current span as a W3C traceparent, None where nothing is traced."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    return carrier.get("traceparent")


def record_submission(service: str, channel: str, how: str) -> None:
    """Count a receipt: `created`, `repeated` or `queued`."""
    _submissions.add(1, {"service": service, "channel": channel, "how": how})


def record_refusal(function: str, code: str) -> None:
    """Count a refusal and mark the span with its code."""
    trace.get_current_span().set_attribute("madoguchi.code", code)
    _refusals.add(1, {"function": function, "code": code})


async def counted(function: str, answer: Awaitable[func.HttpResponse]) -> func.HttpResponse:
    """Count an answer by the class of its status (`2xx`); what raises, the host answers with 500."""
    status = 500
    try:
        response = await answer
        status = response.status_code
        return response
    finally:
        _http_answers.add(1, {"function": function, "status": f"{status // 100}xx"})
        if status >= SERVER_ERROR:
            log.error("failed: a call of %s", function)


@contextmanager
def message(queue: str) -> Iterator[None]:
    """Count a message that is worked within: `worked`, or `failed` where the host delivers it again."""
    how = "failed"
    try:
        yield
        how = "worked"
    finally:
        _messages.add(1, {"queue": queue, "how": how})
        if how == "failed":
            log.error("failed: a message of %s", queue)


@contextmanager
def run(timer: str) -> Iterator[None]:
    """Count a run of a timer that happens within: `succeeded` or `failed`; the log says so within seconds."""
    how = "failed"
    try:
        yield
        how = "succeeded"
        log.info("succeeded: a run of %s", timer)
    finally:
        _runs.add(1, {"timer": timer, "how": how})
        if how == "failed":
            log.error("failed: a run of %s", timer)


def record_poisoned(queue: str) -> None:
    """Count a message that its worker failed on again and again."""
    _poisoned.add(1, {"queue": queue})


def record_claims(claimed: list[ClaimedTask], now: Instant) -> None:
    """Measure how long claimed tasks took to become claimable and to be claimed, and join the claim to their traces."""
    for one in claimed:
        task = one.task
        holders = [event.event for event in task.history if event.event in ("claimed", "released", "revoked")]
        if holders[-2:] == ["claimed", "claimed"]:
            _takeovers.add(1, {"team": task.team})
        if len(holders) == 1 and task.reason is None:
            _until_claimable.record(
                times.seconds_between(one.request.received_at, task.created_at), {"team": task.team}
            )
            _until_claimed.record(times.seconds_between(task.created_at, now), {"team": task.team})
        join("claim", task.traceparent)


def join(name: str, under: str | None) -> None:
    """Add a moment to the trace of a submission, linked to the call that it happened in."""
    if under:
        with span(name, under):
            pass


def record_queues(numbers: list[QueueNumbers], now: Instant) -> None:
    """Measure queues."""
    for queue in numbers:
        oldest = queue.oldest_inserted_at
        _queue_depth.set(queue.depth, {"queue": queue.queue})
        _queue_age.set(max(times.seconds_between(oldest, now), 0) if oldest else 0, {"queue": queue.queue})


def record_backlog(overdue: float, open_failures: int) -> None:
    """Measure by how many seconds the oldest due request is overdue, and how many failures are open."""
    _oldest_pending.set(overdue)
    _open_failures.set(open_failures)


def _context(under: str | None) -> Context | None:
    if not under:
        return None
    found = _w3c.extract({"traceparent": under}, Context())
    return found if trace.get_current_span(found).get_span_context().is_valid else None
