import msgspec
import pytest

from functions.edge.texts import LANGUAGES, Texts
from functions.intake import views
from services.case.request import Request
from services.case.task import SUPERVISORS
from tests.counter import HANAKO, SERVICE_PHONE, SUPERVISOR, Counter, current

FINAL = {"id": "handed_over", "title": {"ja": "渡した"}, "final": True}


async def ended_with(outcome: str, by_supervisor: str = "done") -> Request:
    """End the task of an invented request, and what a supervisor was asked."""
    counter = Counter(current(outcomes=[FINAL]))
    receipt = await counter.submit()
    await counter.run_workers()
    (claimed,) = await counter.claim()
    await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome=outcome, note=None)
    await counter.run_workers()
    for one in await counter.tasks.claim_next(SUPERVISORS, SUPERVISOR, claim_id="claim-0002", limit=9, seconds=900):
        await counter.tasks.complete(one.task.id, SUPERVISOR, 1, outcome=by_supervisor, note=None)
    return counter.case(receipt).request


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_could_not_be_done_names_the_number_to_call(language: str):
    texts = Texts(language)
    done, not_done = await ended_with("done"), await ended_with("not_done", "not_done")

    shown = views.status_of_request(not_done, SERVICE_PHONE, texts)

    assert not_done.status == "completed"
    assert SERVICE_PHONE in shown["next"]["text"]
    assert views.status_of_request(done, SERVICE_PHONE, texts)["next"]["text"] == texts("next.completed")


@pytest.mark.parametrize(
    ("outcome", "by_supervisor", "text"),
    [
        ("handed_over", "done", "next.completed"),
        ("not_done", "done", "next.completed"),
        ("not_done", "handed_over", "next.completed"),
        ("done", "not_done", "next.completed"),
    ],
)
async def test_what_a_supervisor_says_last_is_what_the_resident_reads(outcome: str, by_supervisor: str, text: str):
    request = await ended_with(outcome, by_supervisor)

    assert request.status == "completed"
    assert views.status_of_request(request, SERVICE_PHONE, Texts("ja"))["next"]["text"] == Texts("ja")(text)


async def test_one_task_that_could_not_be_done_before_supervisors_were_asked_is_enough():
    done = await ended_with("done")
    other = msgspec.structs.replace(done.tasks[0], outcome="not_done")
    request = msgspec.structs.replace(done, tasks=(*done.tasks, other))

    assert SERVICE_PHONE in views.status_of_request(request, SERVICE_PHONE, Texts("ja"))["next"]["text"]
