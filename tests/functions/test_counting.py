"""The app counts what its functions do: whether the platform reports queue and timer functions is not ours to know."""

import pytest

from local.telemetry import Telemetry
from services.errors import StoreUnavailable
from tests import served
from tests.counter import Counter


@pytest.fixture
async def counter() -> Counter:
    counter = await served.shipped(Counter)
    served.serve(served.app_over(counter))
    return counter


def count(collected: Telemetry, name: str, **attributes: str) -> float:
    found = (m["value"] for m in collected.metrics() if m["name"] == name and m["attributes"] == attributes)
    return float(sum(found))


@pytest.mark.parametrize(
    ("name", "attributes"),
    [("sweep", {"timer": "sweep", "how": "succeeded"}), ("reconcile", {"timer": "reconcile", "how": "succeeded"})],
)
async def test_a_timer_counts_its_run(collected: Telemetry, counter: Counter, name: str, attributes: dict[str, str]):
    before = count(collected, "madoguchi.runs", **attributes)

    await served.tick(name)

    assert count(collected, "madoguchi.runs", **attributes) == before + 1


async def test_a_sweep_that_fails_counts_as_failed(collected: Telemetry, counter: Counter):
    before = count(collected, "madoguchi.runs", timer="sweep", how="failed")
    counter.store.away = True

    with pytest.raises(StoreUnavailable):
        await served.tick("sweep")

    assert count(collected, "madoguchi.runs", timer="sweep", how="failed") == before + 1


@pytest.mark.parametrize("name", sorted(served.QUEUE_FUNCTIONS))
async def test_a_queue_function_counts_its_message(collected: Telemetry, counter: Counter, name: str):
    queue = served.FUNCTIONS[name].get_trigger().queue_name
    before = count(collected, "madoguchi.messages", queue=queue, how="worked")

    await served.deliver(name, b"{}")

    assert count(collected, "madoguchi.messages", queue=queue, how="worked") == before + 1


@pytest.mark.parametrize(("name", "route"), [("health", {}), ("choose_language", {}), ("home", {"lang": "ja"})])
async def test_calls_and_pages_count_their_answers(
    collected: Telemetry, counter: Counter, name: str, route: dict[str, str]
):
    response = await served.call(name, route=route)

    said = {"function": name, "status": f"{response.status_code // 100}xx"}
    assert count(collected, "madoguchi.answers", **said) >= 1
