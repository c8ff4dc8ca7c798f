"""What is traced and measured, on the SDK that a desk collects it with."""

from contextlib import suppress
from typing import Any

import azure.functions as func
import pytest

from functions.edge import telemetry
from local.telemetry import TRACES_SHOWN, Telemetry
from services.case.documents import Event
from services.case.request import Contact, Request
from services.case.task import Task
from services.tasks.service import ClaimedTask

SUBMITTED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
RECEIVED, CREATED, NOW = (f"2026-11-24T00:00:{seconds:02}.000000Z" for seconds in (0, 2, 12))


def spans(collected: Telemetry, trace: str) -> list[dict[str, Any]]:
    return next((one["spans"] for one in collected.traces() if one["trace"] == trace), [])


def value(collected: Telemetry, name: str, field: str = "value", **attributes: str) -> float:
    found = [m[field] for m in collected.metrics() if m["name"] == name and m["attributes"] == attributes]
    return float(sum(found))


def claimed(*events: str, team: str, reason: str | None = None) -> ClaimedTask:
    task = Task(
        id="K7M2QX9PD4TB.pack.1",
        reference="K7M2QX9PD4TB",
        service="s",
        version=1,
        route="pack",
        kind="pack",
        team=team,
        priority="normal",
        deadline=NOW,
        created_at=CREATED,
        reason=reason,
        traceparent=SUBMITTED,
        history=tuple(Event(id=str(n), at=CREATED, event=event) for n, event in enumerate(events)),
    )
    request = Request(
        id=task.reference,
        reference=task.reference,
        key_hash="",
        body_hash="",
        service="s",
        version=1,
        received_at=RECEIVED,
        access_version=1,
        channel="web",
        locale="ja",
        answers={},
        contact=Contact(),
    )
    return ClaimedTask(task, request)


def test_what_happens_under_a_message_joins_the_trace_of_its_submission(collected: Telemetry):
    trace = "1" * 32
    with telemetry.span("worker"), telemetry.span("advance", f"00-{trace}-b7ad6b7169203331-01"):
        onward = telemetry.traceparent()

    (advance,) = spans(collected, trace)
    assert advance["name"] == "advance"
    assert len(advance["links"]) == 1
    assert onward is not None
    assert onward.split("-")[1] == trace


def test_the_files_of_a_page_push_no_trace_out(collected: Telemetry):
    with telemetry.span("submit"):
        kept = telemetry.traceparent()
    for _ in range(TRACES_SHOWN):
        with telemetry.span("static_file"):
            pass

    assert kept is not None
    assert spans(collected, kept.split("-")[1])


@pytest.mark.parametrize("sent", ["", "nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01"])
def test_what_is_no_traceparent_begins_no_trace_of_its_own(collected: Telemetry, sent: str):
    with telemetry.span("outer"):
        outer = telemetry.traceparent()
        with telemetry.span("inner", sent):
            inner = telemetry.traceparent()

    assert outer is not None
    assert inner is not None
    assert inner.split("-")[1] == outer.split("-")[1]


def test_all_steps_of_a_form_share_a_trace_that_does_not_betray_its_seed():
    first, again, other = (telemetry.trace_of(seed) for seed in ("seed-1", "seed-1", "seed-2"))

    assert first == again != other
    assert "seed" not in first


def test_of_an_error_the_trace_tells_the_type_alone(collected: Telemetry):
    trace = "2" * 32
    with pytest.raises(ValueError, match="見本 花子"), telemetry.span("failing", f"00-{trace}-b7ad6b7169203331-01"):
        raise ValueError("見本 花子")

    (failing,) = spans(collected, trace)
    assert failing["error"] == "ValueError"
    assert failing["events"] == []


def test_refusals_are_counted_by_function_and_code(collected: Telemetry):
    for _ in range(2):
        telemetry.record_refusal("some_function", "key_reused")

    assert value(collected, "madoguchi.refusals", function="some_function", code="key_reused") == 2


def test_a_first_claim_measures_how_long_its_task_took_to_be_claimable_and_claimed(collected: Telemetry):
    telemetry.record_claims([claimed("claimed", team="t1")], NOW)

    assert value(collected, "madoguchi.time_to_claimable", "sum", team="t1") == 2
    assert value(collected, "madoguchi.time_to_claimed", "sum", team="t1") == 10
    assert spans(collected, SUBMITTED.split("-")[1])[-1]["name"] == "claim"


def test_a_task_added_later_says_nothing_of_the_time_to_claimable(collected: Telemetry):
    telemetry.record_claims([claimed("claimed", team="t2", reason="review")], NOW)

    assert value(collected, "madoguchi.time_to_claimable", "count", team="t2") == 0


@pytest.mark.parametrize(
    ("events", "takeovers"),
    [
        (("claimed",), 0),
        (("claimed", "renewed", "claimed"), 1),
        (("claimed", "released", "claimed"), 0),
        (("claimed", "revoked", "claimed"), 0),
        (("claimed", "claimed", "released", "claimed"), 0),
    ],
)
def test_a_takeover_is_a_claim_after_a_lease_that_nobody_gave_back(
    collected: Telemetry, events: tuple[str, ...], takeovers: int
):
    team = f"team-{'-'.join(events)}"

    telemetry.record_claims([claimed(*events, team=team)], NOW)

    assert value(collected, "madoguchi.lease_takeovers", team=team) == takeovers


@pytest.mark.parametrize("body", ["not json", "[1]", '{"traceparent": 5}', "[" * 5000])
def test_a_message_that_is_none_of_ours_carries_no_trace(body: str):
    assert telemetry.traceparent_in(body) is None


async def answered(status: int | None) -> func.HttpResponse:
    if status is None:
        raise ZeroDivisionError
    return func.HttpResponse(status_code=status)


@pytest.mark.parametrize(
    ("status", "counted_as"), [(200, "2xx"), (304, "3xx"), (404, "4xx"), (503, "5xx"), (None, "5xx")]
)
async def test_every_answer_is_counted_by_its_class_and_what_raises_as_500(
    collected: Telemetry, status: int | None, counted_as: str
):
    function = f"answers {status}"

    with suppress(ZeroDivisionError):
        await telemetry.counted(function, answered(status))

    assert value(collected, "madoguchi.answers", function=function, status=counted_as) == 1


def test_messages_and_runs_are_counted_by_how_they_ended(collected: Telemetry):
    for work in (lambda: None, lambda: 1 / 0):
        for within in (telemetry.message("a queue"), telemetry.run("a timer")):
            with suppress(ZeroDivisionError), within:
                work()

    for how in ("worked", "failed"):
        assert value(collected, "madoguchi.messages", queue="a queue", how=how) == 1
    for how in ("succeeded", "failed"):
        assert value(collected, "madoguchi.runs", timer="a timer", how=how) == 1
