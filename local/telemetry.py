"""What Application Insights would show, on a desk: the last traces and the metrics of its host, at /local/telemetry."""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

SPANS_KEPT = 1_000
TRACES_SHOWN = 50
FILES = "static_file"
"""The name of spans that are not kept: pages load many styles and scripts, which would displace everything else."""
NOT_KEPT = {"cache-control": "no-store"}


class _Spans(SpanExporter):
    def __init__(self) -> None:
        self.kept: deque[ReadableSpan] = deque(maxlen=SPANS_KEPT)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.kept.extend(span for span in spans if span.name != FILES)
        return SpanExportResult.SUCCESS


class Telemetry:
    """Collect what this process traces and measures."""

    def __init__(self) -> None:
        self._spans = _Spans()
        self._reader = InMemoryMetricReader()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self._spans))
        trace.set_tracer_provider(provider)
        metrics.set_meter_provider(MeterProvider([self._reader]))

    def traces(self) -> list[dict[str, Any]]:
        """Return the last traces, the newest first, each with its spans in the order of their beginning."""
        by_trace: dict[int, list[ReadableSpan]] = {}
        for span in list(self._spans.kept):
            if context := span.get_span_context():
                by_trace.setdefault(context.trace_id, []).append(span)
        found = [_trace(id_, sorted(spans, key=_start)) for id_, spans in by_trace.items()]
        return sorted(found, key=lambda one: float(one["start"] + one["lasted"]), reverse=True)[:TRACES_SHOWN]

    def metrics(self) -> list[dict[str, Any]]:
        """Return every metric with its value, or with how often it was measured, its sum and its maximum."""
        return sorted(self._points(), key=lambda point: str(point["name"]))

    def _points(self) -> Iterator[dict[str, Any]]:
        data = self._reader.get_metrics_data()
        scopes = [scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics]
        for metric in (metric for scope in scopes for metric in scope.metrics):
            for point in metric.data.data_points:
                shown = {"name": metric.name, "unit": metric.unit, "attributes": dict(point.attributes or {})}
                if isinstance(point, NumberDataPoint):
                    yield shown | {"value": point.value}
                else:
                    yield shown | {"count": point.count, "sum": point.sum, "max": getattr(point, "max", 0.0)}


def routes(telemetry: Telemetry) -> list[BaseRoute]:
    """Return the page and what it shows as JSON."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    environment.globals |= {"pairs": _pairs, "most": TRACES_SHOWN}

    def shown() -> dict[str, Any]:
        return {"metrics": telemetry.metrics(), "traces": telemetry.traces()}

    async def page(_: Request) -> Response:
        return HTMLResponse(environment.get_template("telemetry.html").render(shown()), headers=NOT_KEPT)

    async def data(_: Request) -> Response:
        return JSONResponse(shown(), headers=NOT_KEPT)

    return [Route("/telemetry", page), Route("/telemetry.json", data)]


def _trace(id_: int, spans: list[ReadableSpan]) -> dict[str, Any]:
    start, end = _start(spans[0]), max(_end(span) for span in spans)
    return {
        "trace": f"{id_:032x}",
        "names": _names(spans),
        "start": start,
        "at": datetime.fromtimestamp(start / 1000, UTC).isoformat(timespec="seconds"),
        "lasted": max(end - start, 1),
        "spans": [_span(span) for span in spans],
    }


def _names(spans: list[ReadableSpan]) -> list[str]:
    """Name what happened, each once; the calls of stores alone where nothing else is known."""
    names = list(dict.fromkeys(span.name for span in spans))
    return [name for name in names if not name.startswith(("cosmos ", "queue "))] or names


def _span(span: ReadableSpan) -> dict[str, Any]:
    return {
        "name": span.name,
        "start": _start(span),
        "end": _end(span),
        "error": span.status.description,
        "attributes": dict(span.attributes or {}),
        "links": [f"{link.context.trace_id:032x}" for link in span.links],
        "events": [event.name for event in span.events],
    }


def _start(span: ReadableSpan) -> float:
    """Return when a span began, in ms."""
    return (span.start_time or 0) / 1e6


def _end(span: ReadableSpan) -> float:
    return (span.end_time or 0) / 1e6


def _pairs(attributes: dict[str, Any]) -> str:
    return ", ".join(f"{name.removeprefix('madoguchi.')}={value}" for name, value in attributes.items())
