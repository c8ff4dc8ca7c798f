"""What the stores cost and who reads much of them, on the OpenTelemetry API: spans, request units, answers, looks."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from azure.core.pipeline import PipelineResponse
from opentelemetry import metrics, trace
from opentelemetry.trace import StatusCode

from services.errors import WriteConflict
from services.operations.looks import Kind

_tracer = trace.get_tracer("madoguchi.stores")
_meter = metrics.get_meter("madoguchi.stores")
_charge = _meter.create_counter("madoguchi.cosmos.request_charge", "{RU}", "Request units, by container")
_answers = _meter.create_counter("madoguchi.cosmos.answers", "1", "Answers, by container and status; 429 is throttling")
_many_looks = _meter.create_counter(
    "madoguchi.many_looks", "1", "Clerks who were shown more than work asks for, by kind"
)
_CONTAINER = re.compile("/colls/([^/?]+)")


@contextmanager
def call(name: str) -> Iterator[None]:
    """Trace one call of a store; of an error its type alone is told, since its text may quote a document.

    A conflict is an answer as any other.
    """
    with _tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as span:
        try:
            yield
        except WriteConflict:
            raise
        except Exception as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def record_answer(response: PipelineResponse) -> None:  # type: ignore[type-arg]
    """Count one answer of Cosmos DB, each that a retry follows too."""
    answer = response.http_response
    found = _CONTAINER.search(response.http_request.url)
    container = found[1] if found else "account"
    _answers.add(1, {"container": container, "status": answer.status_code})
    _charge.add(float(answer.headers.get("x-ms-request-charge", 0)), {"container": container})


def record_many_looks(kind: Kind) -> None:
    """Count a clerk who was shown more in an hour than work asks for; the log says who."""
    _many_looks.add(1, {"kind": kind})
