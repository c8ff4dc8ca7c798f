"""The table in docs/reliability.md of what a store may answer is complete, and is what the code makes of it."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from azure.core.exceptions import AzureError, DecodeError, HttpResponseError, ServiceRequestError
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError
from azure.cosmos.http_constants import SubStatusCodes
from azure.storage.queue import StorageErrorCode

from stores import answers
from tests.reliability.faults import OF_THE_IDENTITY, no_token

PAGE = (Path(__file__).parent.parent.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip() for cell in row.split("|")[1:5])
    for row in PAGE.partition("## What a store may answer")[2].partition("\n## ")[0].splitlines()
    if row.startswith("| ")
]
ERRORS = range(400, 600)
SUBSTATUSES = sorted({0, *(v for v in vars(SubStatusCodes).values() if isinstance(v, int))})
CODES = ["", *(code.value for code in StorageErrorCode)]


def statuses(cell: str) -> set[int]:
    """Read `409, 412`, `500 to 599`; nothing stands for any other."""
    found = {int(number) for number in re.findall(r"[0-9]+", cell)}
    for first, last in re.findall(r"([0-9]+) to ([0-9]+)", cell):
        found |= set(range(int(first), int(last) + 1))
    return found


def told(store: str, status: int, detail: str) -> str:
    """Return the meaning in the first row of the table that an answer fits: `any` and `any other` fit all."""
    for of, stated, details, meaning in ROWS:
        names = details.partition(":")[0].replace("`", "").split(", ")
        fits_status = status in statuses(stated) or "any" in stated
        if of == store and fits_status and ("any" in details or detail in names):
            return meaning.strip("`")
    raise AssertionError(f"{store} {status} {detail} is in no row")


def in_cosmos(status: int, substatus: int = 0, url: str = "https://a/dbs/d/colls/c/docs/1") -> CosmosHttpResponseError:
    headers = {"x-ms-substatus": str(substatus), "x-ms-activity-id": "a", "x-ms-retry-after-ms": "1500"}
    return CosmosHttpResponseError(response=response(status, headers, url))


def in_storage(status: int, code: str) -> HttpResponseError:
    return HttpResponseError(response=response(status, {"x-ms-error-code": code} if code else {}, "https://a/q"))


def response(status: int, headers: dict[str, str], url: str) -> SimpleNamespace:
    request = SimpleNamespace(url=url)
    return SimpleNamespace(status_code=status, reason="", headers=headers, request=request, text=lambda *_: "")


def test_every_status_and_substatus_of_cosmos_db_means_what_the_table_says():
    for status in ERRORS:
        for substatus in SUBSTATUSES:
            meaning = answers.of_cosmos(in_cosmos(status, substatus)).meaning
            assert meaning == told("Cosmos DB", status, str(substatus)), f"{status}/{substatus}"


def test_every_status_and_code_of_storage_means_what_the_table_says():
    for status in (204, *ERRORS):
        for code in CODES:
            found = answers.of_storage(in_storage(status, code)).meaning
            expected = told("Storage", status, code)
            assert found == (expected if code or expected != "mistake" else "away"), f"{status} {code}"


@pytest.mark.parametrize("status", OF_THE_IDENTITY)
def test_an_error_of_the_identity_is_no_answer_of_a_store(status: int):
    error = no_token(status)

    assert (answers.of_cosmos(error).meaning, answers.of_storage(error).meaning) == ("away", "away")
    assert told("identity", status, "") == "away"


@pytest.mark.parametrize("error", [ServiceRequestError("refused"), DecodeError("no JSON"), AzureError("timeout")])
def test_what_no_store_said_is_no_answer(error: AzureError):
    assert (answers.of_cosmos(error).meaning, answers.of_storage(error).meaning) == ("away", "away")


@pytest.mark.parametrize("url", ["https://a/", "https://a/dbs/d/colls/c"])
@pytest.mark.parametrize("status", [400, 404])
def test_what_is_said_of_the_account_or_a_container_proves_nothing_of_a_document(url: str, status: int):
    assert answers.of_cosmos(in_cosmos(status, url=url)).meaning == "away"


@pytest.mark.parametrize("status", [404, 409, 412, 413, 429, 449])
def test_an_operation_in_a_batch_means_what_it_would_alone(status: int):
    for substatus in (0, 1002):
        said = [{"statusCode": 424}, {"statusCode": status, "subStatusCode": substatus, "retryAfterMilliseconds": 1500}]
        error = CosmosBatchOperationError(
            error_index=1, headers={}, status_code=status, message="", operation_responses=said
        )
        assert answers.of_cosmos(error) == answers.of_cosmos(in_cosmos(status, substatus))


def test_only_a_store_that_throttles_asks_to_be_left_alone():
    assert {status: answers.of_cosmos(in_cosmos(status)).wait for status in (429, 449, 503)} == {
        429: 1.5,
        449: None,
        503: None,
    }
