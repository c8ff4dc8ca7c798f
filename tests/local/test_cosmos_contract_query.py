"""Queries: their scope, their order and their pages."""

from typing import Any

import pytest
import pytest_asyncio
from azure.cosmos.aio import ContainerProxy, DatabaseProxy
from azure.cosmos.exceptions import CosmosHttpResponseError

from tests.local.cosmos_contract import Item, found, items_container

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.deep]

ITEMS = [{"id": f"q{n:02d}", "group": n % 3, "letter": "aAbB"[n % 4], "day": f"2026-01-{n + 1:02d}"} for n in range(12)]
IDS = [str(item["id"]) for item in ITEMS]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def container(database: DatabaseProxy) -> ContainerProxy:
    """Return a container that holds twelve items in the partition `q`, and two others in `other`."""
    container = await items_container(database)
    for item in ITEMS:
        await container.create_item(item | {"pk": "q"})
    for id_, day in (("q00", "2026-01-01T12"), ("late", "2026-02-01")):
        await container.create_item({"id": id_, "pk": "other", "group": 9, "letter": "z", "day": day})
    return container


async def in_q(container: ContainerProxy, clauses: str, **parameters: Any) -> list[Any]:
    """Return the ids that a query finds in the partition `q`."""
    return await found(
        container, f"SELECT VALUE c.id FROM c {clauses}", parameters=named(parameters), partition_key="q"
    )


def named(parameters: dict[str, Any]) -> list[Item]:
    return [{"name": f"@{name}", "value": value} for name, value in parameters.items()]


async def test_a_query_stays_in_the_partition_of_its_option(container: ContainerProxy) -> None:
    items = await found(container, "SELECT * FROM c", partition_key="q")

    assert sorted(item["id"] for item in items) == IDS
    assert {item["pk"] for item in items} == {"q"}


async def test_a_query_of_a_partition_returns_every_item_with_its_etag(container: ContainerProxy) -> None:
    items = await found(container, "SELECT * FROM c", partition_key="q")

    read = {id_: await container.read_item(id_, "q") for id_ in IDS}
    assert {item["id"]: item["_etag"] for item in items} == {id_: item["_etag"] for id_, item in read.items()}


async def test_a_condition_narrows_the_partition_of_the_option(container: ContainerProxy) -> None:
    assert sorted(await in_q(container, "WHERE c.group > 0")) == [i for n, i in enumerate(IDS) if n % 3]


async def test_option_and_condition_that_name_different_keys_find_nothing(container: ContainerProxy) -> None:
    assert await in_q(container, "WHERE c.pk = 'other'") == []


async def test_the_oldest_of_all_partitions_are_found_with_parameters(container: ContainerProxy) -> None:
    sql = "SELECT c.id, c.pk FROM c WHERE c.day >= @from ORDER BY c.day OFFSET 0 LIMIT @limit"
    parameters = named({"from": "2026-01-01", "limit": 3})

    results = await found(container, sql, parameters=parameters)

    assert [(result["pk"], result["id"]) for result in results] == [("q", "q00"), ("other", "q00"), ("q", "q01")]


async def test_a_limit_over_what_is_there_returns_all_of_it(container: ContainerProxy) -> None:
    sql = "SELECT VALUE c.id FROM c ORDER BY c.day OFFSET 0 LIMIT @limit"

    assert len(await found(container, sql, parameters=named({"limit": 500}))) == 14


async def test_parameters_of_all_types_are_compared(container: ContainerProxy) -> None:
    clauses = "WHERE c.group = @group AND c.letter = @letter AND ARRAY_CONTAINS(@ids, c.id)"

    assert await in_q(container, clauses, group=1, letter="A", ids=["q01", "q02"]) == ["q01"]


async def test_results_come_in_the_order_asked_for(container: ContainerProxy) -> None:
    assert await in_q(container, "ORDER BY c.day") == IDS
    assert await in_q(container, "ORDER BY c.day DESC") == IDS[::-1]


async def test_offset_and_limit_cut_the_ordered_results(container: ContainerProxy) -> None:
    assert await in_q(container, "ORDER BY c.id OFFSET 2 LIMIT 3") == ["q02", "q03", "q04"]


async def test_top_takes_the_first(container: ContainerProxy) -> None:
    sql = "SELECT TOP 2 VALUE c.id FROM c ORDER BY c.id"

    assert await found(container, sql, partition_key="q") == ["q00", "q01"]


async def test_distinct_returns_each_value_once(container: ContainerProxy) -> None:
    assert sorted(await found(container, "SELECT DISTINCT VALUE c.group FROM c", partition_key="q")) == [0, 1, 2]


async def test_items_are_counted(container: ContainerProxy) -> None:
    assert await found(container, "SELECT VALUE COUNT(1) FROM c", partition_key="q") == [12]


async def test_the_members_of_an_object_are_counted(container: ContainerProxy) -> None:
    await container.create_item({"id": "counted", "pk": "objects", "two": {"R-1.1": {"a": 1}, "R-2.1": {}}, "none": {}})

    for name, number in (("two", [2]), ("none", [0]), ("missing", []), ("id", [])):
        sql = f"SELECT VALUE ARRAY_LENGTH(ObjectToArray(c.{name})) FROM c WHERE c.id = 'counted'"
        assert await found(container, sql) == number, name


async def test_group_by_is_right_or_refused_clearly(container: ContainerProxy) -> None:
    answer: list[Any] | tuple[int, bool]
    try:
        groups = await found(container, "SELECT c.group, COUNT(1) AS number FROM c GROUP BY c.group", partition_key="q")
        answer = sorted((group["group"], group["number"]) for group in groups)
    except CosmosHttpResponseError as error:
        answer = (error.status_code, "GROUP BY" in error.message)

    assert answer in ([(0, 4), (1, 4), (2, 4)], (400, True))


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("c.group NOT IN (0, 1)", IDS[2::3]),
        ("c.id LIKE 'q0%'", IDS[:10]),
        ("STARTSWITH(c.id, 'Q1', true)", IDS[10:]),
        ("CONTAINS(c.letter, 'B', true)", [id_ for n, id_ in enumerate(IDS) if n % 4 > 1]),
        ("EXISTS(SELECT VALUE x FROM x IN c.missing)", []),
        ("EXISTS(SELECT VALUE x FROM x IN c.letter)", []),
        ("c.day >= '2026-01-03' AND c.day < '2026-01-05'", ["q02", "q03"]),
        ("c.letter = 'GROUP BY OFFSET 0 LIMIT 1'", []),
        ("NOT IS_DEFINED(c.lease['until']) OR c.lease['until'] <= '2026'", IDS),
    ],
)
async def test_a_condition_finds_what_it_says(container: ContainerProxy, condition: str, ids: list[str]) -> None:
    assert sorted(await in_q(container, f"WHERE {condition}")) == ids


async def test_results_come_in_pages_without_gaps_or_repeats(container: ContainerProxy) -> None:
    sql = "SELECT VALUE c.id FROM c"
    query = container.query_items(sql, partition_key="q", max_item_count=5)

    pages: list[list[Any]] = [[id_ async for id_ in page] async for page in query.by_page()]

    assert [len(page) for page in pages] == [5, 5, 2]
    assert sorted(id_ for page in pages for id_ in page) == IDS


async def test_what_is_no_query_is_refused(container: ContainerProxy) -> None:
    with pytest.raises(CosmosHttpResponseError) as caught:
        await in_q(container, "WHERE c.group >")

    assert caught.value.status_code == 400
