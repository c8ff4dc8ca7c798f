"""What the Functions host says of a queue message beside its body, and what a message in JSON lays over it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from azure.storage.queue import QueueMessage

from local.host.messages import TypedData, binary, json_text, string

_END_OF_TIME = datetime.max.replace(microsecond=0, tzinfo=UTC)


def of_message(message: QueueMessage) -> dict[str, TypedData]:
    """Return what the queue says of a message."""
    return {
        "Id": string(message.id),
        "PopReceipt": string(message.pop_receipt or ""),
        "DequeueCount": json_text(str(message.dequeue_count or 0)),
        "InsertionTime": _time(message.inserted_on or datetime.now(UTC)),
        "ExpirationTime": _time(message.expires_on or _END_OF_TIME),
        "NextVisibleTime": _time(message.next_visible_on or _END_OF_TIME),
    }


def delivered(
    body: bytes, metadata: Mapping[str, TypedData], *, as_bytes: bool
) -> tuple[TypedData, Mapping[str, TypedData]]:
    """Return what a function gets of a message: body and metadata. Raises UnicodeDecodeError where it is no text."""
    if as_bytes:
        return binary(body), metadata
    text = body.decode("utf-8")
    return string(text), laid_over(metadata, text)


def laid_over(metadata: Mapping[str, TypedData], text: str) -> dict[str, TypedData]:
    """Let each field at the top of a JSON object replace the metadata of its name, whatever its case; arrays and nulls
    are left out.

    The host does so with every message that it hands on as text (`Utility.ApplyBindingData`), with none as bytes.
    """
    known = {name.lower(): name for name in metadata}
    merged = dict(metadata)
    for name, value in _fields(text).items():
        if value is not None and not isinstance(value, list):
            merged[known.setdefault(name.lower(), name)] = _typed(value)
    return merged


def _fields(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _typed(value: object) -> TypedData:
    if isinstance(value, dict):
        return json_text(json.dumps(value, ensure_ascii=False))
    return string(value if isinstance(value, str) else str(value))


def _time(moment: datetime) -> TypedData:
    return json_text(json.dumps(moment.isoformat()))
