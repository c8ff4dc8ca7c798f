import msgspec
import pytest

from functions.edge.texts import LANGUAGES, Texts
from functions.intake import views
from services.case.request import Request
from tests.counter import HANAKO, SERVICE_PHONE, Counter


async def completed_with(outcome: str) -> Request:
    """Bring an invented request to its end."""
    counter = Counter()
    receipt = await counter.submit()
    await counter.run_workers()
    (claimed,) = await counter.claim()
    await counter.tasks.complete(claimed.task.id, HANAKO, 1, outcome=outcome, note=None)
    await counter.run_workers()
    return counter.case(receipt).request


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_could_not_be_done_names_the_number_to_call(language: str):
    texts = Texts(language)
    done, not_done = await completed_with("done"), await completed_with("not_done")

    shown = views.status_of_request(not_done, SERVICE_PHONE, texts)

    assert not_done.status == "completed"
    assert SERVICE_PHONE in shown["next"]["text"]
    assert views.status_of_request(done, SERVICE_PHONE, texts)["next"]["text"] == texts("next.completed")


async def test_one_task_that_could_not_be_done_is_enough():
    done = await completed_with("done")
    other = msgspec.structs.replace(done.tasks[0], outcome="not_done")
    request = msgspec.structs.replace(done, tasks=(*done.tasks, other))

    assert SERVICE_PHONE in views.status_of_request(request, SERVICE_PHONE, Texts("ja"))["next"]["text"]
