"""Plain objects in place of the gRPC messages that the Functions host and the runtime library exchange.

The library reads attributes and asks `WhichOneof("data")`; it needs nothing else of protocol buffers.
"""

from types import SimpleNamespace
from typing import Any


class Message(SimpleNamespace):
    """A message of the wire protocol: attributes as given."""


class TypedData(Message):
    """A value with its kind: exactly one of string, bytes, json, int, double or http is set."""

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802 - the name that the library calls
        """Return the kind of the value, or None where there is none."""
        return next((kind for kind, value in vars(self).items() if value is not None), None)


class ParameterBinding(Message):
    """A named input or output of an invocation."""

    def WhichOneof(self, _: str) -> str:  # noqa: N802
        """Return "data": values never travel through shared memory here."""
        return "data"


class StatusResult(Message):
    """How an initialisation or an invocation ended."""

    Failure, Success = 0, 1


class BindingInfo(Message):
    """Data type and directions of a binding, numbered as azure.functions numbers them."""

    undefined, out, inout = 0, 1, 2


class RpcHttpCookie(Message):
    """A cookie of a response."""

    SameSite = SimpleNamespace(**{"None": "", "Lax": "lax", "Strict": "strict", "ExplicitNone": "none"})


_PLAIN = [
    *("FunctionMetadataResponse", "InvocationResponse", "RpcException", "RpcFunctionMetadata"),
    *("NullableBool", "NullableDouble", "NullableString", "NullableTimestamp", "RpcHttp", "RpcRetryOptions"),
    *("Timestamp", "WorkerInitResponse", "WorkerMetadata"),
]

PROTOS: Any = SimpleNamespace(
    BindingInfo=BindingInfo,
    ParameterBinding=ParameterBinding,
    RpcHttpCookie=RpcHttpCookie,
    StatusResult=StatusResult,
    TypedData=TypedData,
    **{name: type(name, (Message,), {}) for name in _PLAIN},
)


def string(value: str) -> TypedData:
    """Wrap a text."""
    return TypedData(string=value)


def binary(value: bytes) -> TypedData:
    """Wrap bytes."""
    return TypedData(bytes=value)


def json_text(value: str) -> TypedData:
    """Wrap a text that is JSON."""
    return TypedData(json=value)
