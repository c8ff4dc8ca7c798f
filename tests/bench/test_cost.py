"""The reckoning of what a day costs: its rules, what it takes from the code, and the table that operators read."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from bench import cost, usage
from bench.cost import Assumptions, Load, Prices
from bench.usage import Operation, Usage

ROOT = Path(__file__).parent.parent.parent
ASSUMED = Assumptions()
MEASURED = usage.read()
PRICES = Prices(
    hundred_ru_hour=1,
    ten_thousand_transactions=0,
    million_executions=0,
    gb_second=0,
    ready_gb_second=0,
    gb_month=0,
)


def source(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_table_that_operators_read_is_what_the_command_prints():
    assert cost.tables(MEASURED, ASSUMED) in source("docs/operations/cost.md")


def test_every_assumption_says_what_it_means():
    assert set(cost.MEANT) == {field.name for field in msgspec.structs.fields(Assumptions)}


def test_timers_queues_and_polls_are_those_of_the_app():
    schedules = re.findall(r'schedule="0 \*/(\d+) \* \* \* \*"', source("functions/advance/timers.py"))
    poll = json.loads(source("host.json"))["extensions"]["queues"]["maxPollingInterval"]

    assert [1440 // int(minutes) for minutes in schedules] == [cost.SWEEPS, cost.RECONCILIATIONS]
    assert source("functions/advance/queues.py").count("@bp.queue_trigger") == cost.TRIGGERED_QUEUES
    assert poll == f"00:00:{ASSUMED.poll:02.0f}"


@pytest.mark.parametrize(("size", "charged"), [(1, 4.95), (1024, 4.95), (1025, 6.29), (30_000, 11.23)])
def test_a_document_costs_what_the_next_published_size_costs(size: int, charged: float):
    assert cost.charge(Operation("create requests", [size]), ASSUMED) == charged


def test_a_batch_pays_for_each_document_that_it_writes():
    assert cost.charge(Operation("batch requests", [900, 900]), ASSUMED) == 2 * 4.95


def test_a_query_pays_in_every_partition_that_it_asks():
    assumed = Assumptions(query=3, partitions=4)

    assert cost.charge(Operation("query requests", returned=50), assumed) == 3 * 4 + 1
    assert cost.charge(Operation("query one partition of requests", returned=50), assumed) == 3 + 1


def test_a_part_is_split_between_requests_and_the_others_and_the_host_adds_its_own():
    operations = [Operation("read requests"), Operation("create audit", [100]), Operation("queue")]

    assert cost.load("advance", operations, ASSUMED) == Load(1, 4.95, 1 + 2, 1)


def test_only_what_requests_take_grows_with_them():
    none, one, two = (cost.day(requests, MEASURED, ASSUMED).load for requests in (0, 1000, 2000))

    assert none.requests > 0
    assert two.requests - one.requests == pytest.approx(one.requests - none.requests)
    assert cost.of_a_request(MEASURED, ASSUMED).requests * 1000 == pytest.approx(one.requests - none.requests)


def test_the_busiest_second_is_of_the_busiest_hour():
    measured = Usage(0, {**dict.fromkeys(cost.daily(ASSUMED), ()), "submit": [Operation("create requests", [1])]})
    calm = Assumptions(busiest_hour=1 / 24, burst=1)

    assert cost.day(86_400, measured, calm).busiest.requests == pytest.approx(4.95)
    assert cost.day(86_400, measured, Assumptions(busiest_hour=1 / 24, burst=3)).busiest.requests == pytest.approx(
        14.85
    )


def test_throughput_is_a_whole_thousand():
    assert [cost.most(units) for units in (0, 1000, 1001)] == [1000, 1000, 2000]


def test_a_bill_is_for_a_tenth_of_the_most_at_least_in_every_region():
    idle = cost.day(0, MEASURED, Assumptions(idle_claims=0))
    one, two = (cost.bill(idle, PRICES, Assumptions(regions=regions))["Cosmos DB, RU/s"] for regions in (1, 2))

    assert one == pytest.approx(2 * 23 * 100 / 100 + (idle.busiest.requests + idle.busiest.shared) / 100)
    assert two == 2 * one


def test_the_repository_names_no_price():
    with pytest.raises(msgspec.ValidationError, match="hundredRuHour"):
        msgspec.json.decode(b"{}", type=Prices)
