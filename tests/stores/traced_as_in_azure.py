"""Trace a call of every kind that fails, set up as the worker in Azure does it; print every span as a line of JSON.

A process of its own: OpenTelemetry is set up once in a process, and in the tests it is that of a desk.
"""

import asyncio
import contextlib
import json
import os
import sys

from azure.core.exceptions import HttpResponseError
from azure.monitor.opentelemetry import configure_azure_monitor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.errors import MadoguchiError
from stores import telemetry
from stores.operations.failures import FAILURES
from tests.apps import running, settings_for

NOWHERE = "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://127.0.0.1:1/"
SPANS = 40
"""Spans in a row, more than a limit of some in a second lets through."""


async def fail(cosmos: str, storage: str, word: str) -> None:
    """Read what is not there, write what is there already, and send more than a message may be, each with a word."""
    async with running(settings_for(cosmos, storage)) as app:
        item = {"id": word, "queue": word, "note": word}
        for _ in range(2):
            with contextlib.suppress(MadoguchiError):
                await app.cosmos.ask(FAILURES, lambda c: c.create_item(item))
        with contextlib.suppress(MadoguchiError):
            await app.cosmos.ask(FAILURES, lambda c: c.read_item(f"{word}-none", word))
        with contextlib.suppress(MadoguchiError, HttpResponseError):
            await app.queues.send_text("requests-intake", word * 10_000)


def main() -> None:
    """Set tracing up, fail, and end at once, without waiting for what cannot be sent."""
    cosmos, storage, word = sys.argv[1:]
    kept = InMemorySpanExporter()
    configure_azure_monitor(
        connection_string=NOWHERE,
        span_processors=[SimpleSpanProcessor(kept)],
        disable_logging=True,
        disable_metrics=True,
        disable_offline_storage=True,
        enable_live_metrics=False,
    )
    asyncio.run(fail(cosmos, storage, word))
    for _ in range(SPANS):
        with telemetry.call("one of many"):
            pass
    for span in kept.get_finished_spans():
        print(json.dumps({"by": span.instrumentation_scope.name, **json.loads(span.to_json())}))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
