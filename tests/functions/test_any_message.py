"""Whatever JSON object another channel sends, it ends as a request, as a task for a person or as a recorded failure."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.failures.model import failure_id
from services.intake.submissions import QUEUE as INTAKE_QUEUE
from tests import served
from tests.counter import KEY, SUPERVISOR, Counter

GOOD = {
    "service": "water",
    "answers": {"members": 2},
    "contact": {"phone": "090-0000-0000"},
    "idempotencyKey": KEY,
    "receivedAt": "2026-11-23T00:00:00Z",
}
OF_THE_HOST = ("Id", "DequeueCount", "ExpirationTime", "InsertionTime", "NextVisibleTime", "PopReceipt", "QueueTrigger")
NAMES = st.sampled_from([*OF_THE_HOST, *map(str.lower, OF_THE_HOST), *GOOD, "sys", "tries", "seal"]) | st.text()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=4,
)
ANY = st.dictionaries(NAMES, VALUES, max_size=6)


async def counter_that(name: str, content: dict[str, Any], id_: str = "message-1") -> Counter:
    """Return a counter to whose queue function one message was delivered."""
    counter = Counter()
    served.serve(served.app_over(counter))
    await served.deliver(name, json.dumps(content).encode(), id_)
    return counter


@settings(max_examples=60)
@given(other=ANY, is_good=st.booleans())
async def test_any_object_ends_as_a_request_or_as_a_failure(other: dict[str, Any], is_good: bool):
    counter = await counter_that("take_in_submission", {**other, **GOOD} if is_good else other)

    assert len(counter.store.cases) + len(counter.failures.failures) == 1


@pytest.mark.parametrize("name", sorted(served.QUEUE_FUNCTIONS - {"take_in_submission"}))
@settings(max_examples=40)
@given(content=ANY)
async def test_any_object_in_another_queue_is_recorded(name: str, content: dict[str, Any]):
    counter = await counter_that(name, content)

    assert len(counter.failures.failures) == 1


@pytest.mark.parametrize("sent", [{"id": "c-7"}, {"ID": 7}, {"id": {"of": "the channel"}}])
async def test_a_failure_that_is_replayed_and_fails_again_is_open_again_whatever_id_its_channel_wrote(
    sent: dict[str, Any],
):
    counter = await counter_that("take_in_submission", sent, "first")
    id_ = failure_id(INTAKE_QUEUE, json.dumps(sent))
    await counter.operations.replay([id_], SUPERVISOR, dry_run=False)

    await served.deliver("take_in_submission", json.dumps(sent).encode(), "second")

    assert counter.failures.failures[id_].status == "open"
