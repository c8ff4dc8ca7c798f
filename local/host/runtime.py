"""Index a function app and invoke its functions through Microsoft's runtime library (one app per process)."""

import asyncio
import json
import logging
import re
import secrets
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from azure_functions_runtime import handle_event, start_threadpool_executor

from local.host.messages import PROTOS, ParameterBinding, StatusResult, TypedData

SUPPORTED_BINDINGS = {"httpTrigger", "http", "queueTrigger", "timerTrigger", "warmupTrigger"}
_TRACE_PARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class IndexingError(Exception):
    """The app cannot be served: a bad import, a bad binding, or no function at all."""


class InvocationError(Exception):
    """A function raised; the traceback has been logged."""


@dataclass(frozen=True)
class Function:
    """An indexed function with its bindings as function.json would spell them."""

    id: str
    name: str
    bindings: tuple[Mapping[str, Any], ...]

    def trigger(self, kind: str) -> Mapping[str, Any] | None:
        """Return the trigger binding of this kind, or None."""
        return next((binding for binding in self.bindings if binding["type"] == kind), None)


@dataclass(frozen=True)
class Trace:
    """The W3C trace context that an invocation runs under."""

    parent: str
    state: str = ""


NO_TRACE = Trace("")
"""What the host says of its trace to functions of queues and timers."""


def trace(parent: str | None = None, state: str = "") -> Trace:
    """Return a span of the host's own in the caller's trace, in a new one where the caller sent none that is valid."""
    span = secrets.token_hex(8)
    if parent and _TRACE_PARENT.fullmatch(parent):
        version, id_, _, flags = parent.split("-")
        return Trace(f"{version}-{id_}-{span}-{flags}", state)
    return Trace(f"00-{secrets.token_hex(16)}-{span}-01")


class Runtime:
    """Invokes the functions of the app that `start` has indexed.

    The worker is started again, with all that it was doing, where a function runs longer than `timeout` (`end` gets the
    reason); so too after one that cancels itself, since its call is never answered.
    """

    def __init__(self, functions: list[Function], timeout: timedelta | None, end: Callable[[str], None]) -> None:
        self.functions = functions
        self._timeout = timeout.total_seconds() if timeout else None
        self._end = end

    async def invoke(
        self,
        function: Function,
        inputs: Mapping[str, TypedData],
        metadata: Mapping[str, TypedData] | None = None,
        under: Trace = NO_TRACE,
    ) -> TypedData | None:
        """Run a function to its end and return what it returned. Raises InvocationError where the function raised."""
        request = _invocation(function, inputs, metadata or {}, under)
        task = asyncio.create_task(handle_event.invocation_request(request))
        try:
            async with asyncio.timeout(self._timeout):
                await _answered(function, task)
        except TimeoutError:
            self._end(f"function {function.name} ran longer than functionTimeout")
        return _returned(function, task)


async def start(directory: Path, timeout: timedelta | None = None, end: Callable[[str], None] = sys.exit) -> Runtime:
    """Index function_app.py in this directory. Raises IndexingError with the whole cause."""
    sys.path.insert(0, str(directory))
    start_threadpool_executor()
    request = SimpleNamespace(
        request=SimpleNamespace(
            worker_init_request=SimpleNamespace(capabilities={}, function_app_directory=str(directory))
        ),
        properties={"host": "127.0.0.1", "protos": PROTOS},
    )
    result = (await handle_event.worker_init_request(request)).result
    if result.status != StatusResult.Success:
        raise IndexingError(result.exception.stack_trace or result.exception.message)
    indexed = (await handle_event.functions_metadata_request(SimpleNamespace())).function_metadata_results
    if not indexed:
        missing = "has no function" if (directory / "function_app.py").exists() else "does not exist"
        raise IndexingError(f"{directory / 'function_app.py'} {missing}")
    return Runtime([_function(metadata) for metadata in indexed], timeout, end)


def _function(metadata: Any) -> Function:
    bindings = tuple(json.loads(binding) for binding in metadata.raw_bindings)
    unknown = sorted({binding["type"] for binding in bindings} - SUPPORTED_BINDINGS)
    if unknown or metadata.retry_options:
        what = ", ".join(unknown) or "a retry policy"
        raise IndexingError(f"function {metadata.name}: the local host does not support {what}")
    return Function(metadata.function_id, metadata.name, bindings)


def _invocation(
    function: Function, inputs: Mapping[str, TypedData], metadata: Mapping[str, TypedData], under: Trace
) -> SimpleNamespace:
    invocation = SimpleNamespace(
        invocation_id=str(uuid.uuid4()),
        function_id=function.id,
        input_data=[ParameterBinding(name=name, data=value) for name, value in inputs.items()],
        trigger_metadata=metadata,
        trace_context=SimpleNamespace(trace_parent=under.parent, trace_state=under.state, attributes={}),
        retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
    )
    return SimpleNamespace(
        request=SimpleNamespace(invocation_request=invocation), properties={"host": "127.0.0.1", "protos": PROTOS}
    )


async def _answered(function: Function, task: asyncio.Task[Any]) -> None:
    """Wait for an answer: for ever where the function cancels itself, which the library does not catch."""
    await asyncio.wait({task})
    if task.cancelled():
        logging.getLogger(f"function.{function.name}").error("cancelled itself: its call is never answered")
        await asyncio.Event().wait()


def _returned(function: Function, task: asyncio.Task[Any]) -> TypedData | None:
    logger = logging.getLogger(f"function.{function.name}")
    response = task.result()
    if response.result.status != StatusResult.Success:
        logger.error("failed: %s\n%s", response.result.exception.message, response.result.exception.stack_trace)
        raise InvocationError(function.name)
    value: TypedData | None = response.return_value
    return value
