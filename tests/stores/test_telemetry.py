"""Every answer of Cosmos DB is counted, with what it cost, and calls are traced without what documents say."""

import pytest
from azure.cosmos.exceptions import CosmosHttpResponseError

from local.telemetry import Telemetry
from services.errors import WriteConflict
from services.failures.model import Selection
from stores import telemetry
from tests.apps import running, settings_for
from tests.conftest import Emulators


async def test_answers_and_request_units_are_counted_by_container(collected: Telemetry, emulators: Emulators):
    def counted(name: str) -> float:
        points = [
            m for m in collected.metrics() if m["name"] == name and m["attributes"].get("container") == "failures"
        ]
        return float(sum(m["value"] for m in points))

    names = ("madoguchi.cosmos.answers", "madoguchi.cosmos.request_charge")
    async with running(settings_for(emulators.cosmos, emulators.storage)) as app:
        await app.failures.list(Selection(), 10)
        before = [counted(name) for name in names]
        await app.failures.list(Selection(), 10)
        after = [counted(name) for name in names]

    assert [more - less for more, less in zip(after, before, strict=True)] == [1, 1]


def test_a_failed_call_tells_its_type_alone_and_a_conflict_is_no_failure(collected: Telemetry):
    for error in (CosmosHttpResponseError(message="見本 花子"), WriteConflict("見本 花子")):
        with pytest.raises(type(error)), telemetry.call(f"test {type(error).__name__}"):
            raise error

    found = [span for one in collected.traces() for span in one["spans"] if span["name"].startswith("test ")]
    told = {span["name"]: (span["error"], span["events"]) for span in found}
    assert told == {
        "test CosmosHttpResponseError": ("CosmosHttpResponseError", []),
        "test WriteConflict": (None, []),
    }


def test_a_clerk_who_looks_at_much_is_counted_by_kind_and_by_nothing_that_names_anybody(collected: Telemetry):
    telemetry.record_many_looks("listed")

    [found] = [metric for metric in collected.metrics() if metric["name"] == "madoguchi.many_looks"]
    assert (found["attributes"], found["value"]) == ({"kind": "listed"}, 1)
