"""What an answer of a store means: the one place that decides it. docs/reliability.md has the whole table."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from azure.core.exceptions import AzureError, HttpResponseError
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

type Meaning = Literal["absent", "conflict", "full", "again", "throttled", "mistake", "away"]
"""It is not there; it is in another state; it would grow too large; send it again; wait and send it again; the call is
wrong; the store does not answer."""

_DOES_NOT_ANSWER = (401, 403, 408, 410)
_ABSENT = ("QueueNotFound", "MessageNotFound", "ContainerNotFound", "BlobNotFound")
_OTHER_STATE = (204, 412)
"""204 tells who makes a queue that it is there; the SDK makes an error of it."""
_CONFLICTS = {400: ("PopReceiptMismatch",), 409: ("QueueAlreadyExists", "ContainerAlreadyExists")}


class Answer(msgspec.Struct, frozen=True):
    """Hold what an answer means, how logs name it, and for how many seconds a store asks to be left alone."""

    meaning: Meaning
    name: str
    wait: float | None = None


def in_cosmos(status: int, substatus: int) -> Meaning:
    """Return what a status of 400 and more means in Cosmos DB.

    A 404 with a substatus tells of a replica that is behind (1002) or of a container (1003), not of a document.
    https://learn.microsoft.com/rest/api/cosmos-db/http-status-codes-for-cosmosdb
    """
    if status == 404:
        return "away" if substatus else "absent"
    if status in (409, 412):
        return "conflict"
    if status in _DOES_NOT_ANSWER or status >= 500:
        return "away"
    return {413: "full", 429: "throttled", 449: "again"}.get(status, "mistake")  # type: ignore[return-value]


def in_storage(status: int, code: str) -> Meaning:
    """Return what a status that is an error means in Storage, whose own answers carry a code.

    https://learn.microsoft.com/rest/api/storageservices/queue-service-error-codes
    """
    if status == 404 and code in _ABSENT:
        return "absent"
    if status in _OTHER_STATE or code in _CONFLICTS.get(status, ()):
        return "conflict"
    return "mistake" if status in (400, 413) and code else "away"


def of_cosmos(error: AzureError) -> Answer:
    """Return what an error of the SDK of Cosmos DB means."""
    if isinstance(error, CosmosBatchOperationError):
        return _of_batch(error)
    if not isinstance(error, CosmosHttpResponseError):
        return _no_answer(error)
    status, substatus = error.status_code or 0, error.sub_status or 0
    meaning = in_cosmos(status, substatus)
    if meaning in ("absent", "mistake") and not _is_of_a_document(error):
        meaning = "away"
    return Answer(meaning, _name(status, substatus), _wait(meaning, error.headers.get("x-ms-retry-after-ms")))


def of_storage(error: AzureError) -> Answer:
    """Return what an error of the SDKs of Storage means."""
    response: Any = error.response if isinstance(error, HttpResponseError) else None
    if response is None:
        return _no_answer(error)
    status, code = int(response.status_code), str(response.headers.get("x-ms-error-code") or "")
    return Answer(in_storage(status, code), f"{status} {code}".strip())


def _no_answer(error: AzureError) -> Answer:
    """Take what no store has answered, be it the identity or the way there, for a store that does not answer."""
    return Answer("away", type(error).__name__)


def _of_batch(error: CosmosBatchOperationError) -> Answer:
    """Return what the one operation means for which the others of a batch were not done."""
    failed: Mapping[str, Any] = (error.operation_responses or [{}])[error.error_index or 0]
    status, substatus = int(error.status_code or 0), int(failed.get("subStatusCode") or 0)
    meaning = in_cosmos(status, substatus)
    asked = failed.get("retryAfterMilliseconds") or (error.headers or {}).get("x-ms-retry-after-ms")
    return Answer(meaning, _name(status, substatus), _wait(meaning, asked))


def _is_of_a_document(error: CosmosHttpResponseError) -> bool:
    """Tell whether Cosmos DB itself says so of a document; before, the SDK asks for the account and the container."""
    response: Any = error.response
    return response is not None and "/docs" in response.request.url and "x-ms-activity-id" in error.headers


def _wait(meaning: Meaning, asked: object) -> float | None:
    return float(str(asked or 0)) / 1000 if meaning == "throttled" else None


def _name(status: int, substatus: int) -> str:
    return f"{status}/{substatus}" if substatus else str(status)
