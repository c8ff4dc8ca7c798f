"""What a day costs, reckoned: `python -m bench.cost` prints it, `--help` lists what it assumes.

Three kinds of numbers go in. Measured are the operations and bytes of usage.json. Published are Azure's request units
by the size of a document, and how the host works a queue. All else is assumed, and an argument. Prices are the
operator's: a JSON file with the fields of `Prices`, in any currency.
"""

import argparse
import math
from pathlib import Path

import msgspec

from bench import usage
from bench.usage import Operation, Usage

CHARGES = {1: (1.00, 4.95), 2: (1.04, 6.29), 4: (1.14, 6.67), 8: (1.33, 7.04), 16: (1.67, 9.52), 32: (2.19, 11.23)}
"""Request units to read and to write a document of so many KB, at session consistency, without its indexes.

As learn.microsoft.com/azure/cosmos-db/understand-request-unit-consumption said in November 2026.
"""
HOST = {"advance": 2}
"""Transactions that the host adds to a part: it receives the message, at worst alone, and deletes it."""
SWEEPS, RECONCILIATIONS = 24 * 60, 24 * 4
TRIGGERED_QUEUES = 4
DAYS = (1_000, 100_000, 1_000_000)
WRITES = ("create", "replace", "patch", "batch")


class Assumptions(msgspec.Struct, frozen=True):
    """Hold what was neither measured nor published; a memory in GB, times in seconds."""

    forms: float = 3
    looks: float = 3
    idle_claims: float = 10_000
    busiest_hour: float = 0.1
    burst: float = 2
    query: float = 3
    partitions: float = 1
    poll: float = 2
    duration: float = 1
    memory: float = 2
    ready: float = 4
    regions: float = 2


MEANT = {
    "forms": "pages of the form that a resident is sent for each request",
    "looks": "looks at each request by whoever made it",
    "idle_claims": "claims of staff that find nothing, in a day",
    "busiest_hour": "share of a day's requests that comes in its busiest hour",
    "burst": "how far the busiest second of an hour is over its mean",
    "query": "request units of a query in each partition it asks, besides reading what it returns",
    "partitions": "physical partitions of each container (10,000 RU/s or 50 GB each)",
    "poll": "seconds between two looks of the host at an empty queue (host.json)",
    "duration": "seconds that are billed for an execution, each as if it were alone on its instance",
    "memory": "GB of an instance",
    "ready": "instances that stand ready",
    "regions": "regions of Cosmos DB",
}


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Hold an operator's prices: of 100 RU/s (autoscale) for an hour in a region, and of the rest as the names say."""

    hundred_ru_hour: float
    ten_thousand_transactions: float
    million_executions: float
    gb_second: float
    ready_gb_second: float
    gb_month: float


class Load(msgspec.Struct, frozen=True):
    """Hold what something takes: request units of `requests` and of all other containers, transactions, executions."""

    requests: float = 0
    shared: float = 0
    transactions: float = 0
    executions: float = 0

    def __add__(self, other: "Load") -> "Load":
        pairs = zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True)
        return Load(*(a + b for a, b in pairs))

    def __mul__(self, times: float) -> "Load":
        return Load(*(value * times for value in msgspec.structs.astuple(self)))


def charge(operation: Operation, assumed: Assumptions) -> float:
    """Return the request units of an operation; a query pays in every partition it asks."""
    verb = operation.name.rpartition(" ")[0]
    if verb in WRITES:
        return sum(_published(size)[1] for size in operation.written)
    read = _published(operation.returned)[0]
    if verb == "read":
        return read
    return read + assumed.query * (1 if "one partition" in verb else assumed.partitions)


def load(part: str, operations: list[Operation], assumed: Assumptions) -> Load:
    """Return what a part takes, as one execution."""
    charges = [(o.name.rpartition(" ")[2], charge(o, assumed)) for o in operations if o.name != "queue"]
    return Load(
        requests=sum(units for container, units in charges if container == "requests"),
        shared=sum(units for container, units in charges if container != "requests"),
        transactions=len(operations) - len(charges) + HOST.get(part, 0),
        executions=1,
    )


def times_of(part: str, assumed: Assumptions) -> float:
    """Return how often a part is done for each request."""
    return {"a form": assumed.forms, "a look at the request": assumed.looks}.get(part, 1)


def daily(assumed: Assumptions) -> dict[str, float]:
    """Return how often a part is done in a day, however many requests there are."""
    return {
        "a claim that finds nothing": assumed.idle_claims,
        "sweep": SWEEPS,
        "reconcile": RECONCILIATIONS,
    }


def of_a_request(measured: Usage, assumed: Assumptions) -> Load:
    """Return what one request takes from the form to the hand-over."""
    parts = {name: load(name, operations, assumed) for name, operations in measured.parts.items()}
    own = [one * times_of(name, assumed) for name, one in parts.items() if name not in daily(assumed)]
    return sum(own, Load())


def of_a_day_without(measured: Usage, assumed: Assumptions) -> Load:
    """Return what a day takes without any request: timers, staff who ask, and a host that looks at its queues."""
    polls = Load(transactions=TRIGGERED_QUEUES * 86_400 / assumed.poll)
    return sum((load(n, measured.parts[n], assumed) * often for n, often in daily(assumed).items()), polls)


class Day(msgspec.Struct, frozen=True):
    """Hold a day's load, and its most in a second."""

    requests: int
    load: Load
    busiest: Load
    quiet: Load
    stored: float
    """GB that stay."""


def day(requests: int, measured: Usage, assumed: Assumptions) -> Day:
    """Return a day with so many requests."""
    one, rest = of_a_request(measured, assumed), of_a_day_without(measured, assumed)
    share = assumed.busiest_hour
    return Day(
        requests=requests,
        load=one * requests + rest,
        busiest=one * (requests * share / 3600 * assumed.burst) + rest * (1 / 86_400),
        quiet=one * (requests * (1 - share) / 23 / 3600 * assumed.burst) + rest * (1 / 86_400),
        stored=requests * measured.stored / 1e9,
    )


def most(busiest: float) -> int:
    """Return the RU/s to allow: whole thousands, as autoscale has them, and at least one."""
    return max(math.ceil(busiest / 1000), 1) * 1000


def bill(one: Day, prices: Prices, assumed: Assumptions) -> dict[str, float]:
    """Return what a day costs; stored is a day's growth, kept for a month."""
    pairs = ((one.busiest.requests, one.quiet.requests), (one.busiest.shared, one.quiet.shared))
    ru_hours = sum(busiest + 23 * max(quiet, most(busiest) / 10) for busiest, quiet in pairs)
    gb_seconds = one.load.executions * assumed.duration * assumed.memory
    return {
        "Cosmos DB, RU/s": ru_hours / 100 * prices.hundred_ru_hour * assumed.regions,
        "Cosmos DB, stored": one.stored * prices.gb_month * assumed.regions,
        "Storage transactions": one.load.transactions / 10_000 * prices.ten_thousand_transactions,
        "Executions": one.load.executions / 1e6 * prices.million_executions,
        "GB-s of executions, at most": gb_seconds * prices.gb_second,
        "GB-s of instances that stand ready": assumed.ready * assumed.memory * 86_400 * prices.ready_gb_second,
    }


def tables(measured: Usage, assumed: Assumptions) -> str:
    """Write what the parts take, and what days of three sizes take."""
    parts = {name: load(name, operations, assumed) for name, operations in measured.parts.items()}
    parts["**a request, all in all**"] = of_a_request(measured, assumed)
    rows = [[name, *map(_shown, (one.requests, one.shared, one.transactions))] for name, one in parts.items()]
    days = [day(requests, measured, assumed) for requests in DAYS]
    head = ["In a day", *(f"{one.requests:,} requests" for one in days)]
    return _table(["Part", "RU of `requests`", "RU of the others", "Transactions"], rows) + _table(
        head,
        [
            ["RU of `requests`", *(_shown(one.load.requests) for one in days)],
            ["RU of all other containers", *(_shown(one.load.shared) for one in days)],
            ["RU/s of `requests` in the busiest second", *(_shown(one.busiest.requests) for one in days)],
            ["RU/s of the others in the busiest second", *(_shown(one.busiest.shared) for one in days)],
            ["`requestsThroughput`, at least", *(f"{most(one.busiest.requests):,}" for one in days)],
            ["`sharedThroughput`, at least", *(f"{most(one.busiest.shared):,}" for one in days)],
            ["Storage transactions", *(_shown(one.load.transactions) for one in days)],
            ["Executions", *(_shown(one.load.executions) for one in days)],
            ["GB-s, at most", *(_shown(one.load.executions * assumed.duration * assumed.memory) for one in days)],
            ["GB that stay in Cosmos DB", *(_shown(one.stored) for one in days)],
        ],
    )


def bills(measured: Usage, assumed: Assumptions, prices: Prices) -> str:
    """Write what days of three sizes cost at these prices."""
    found = [bill(day(requests, measured, assumed), prices, assumed) for requests in DAYS]
    rows = [[name, *(_shown(one[name]) for one in found)] for name in found[0]]
    total = ["**in all**", *(_shown(sum(one.values())) for one in found)]
    return _table(["A day costs", *(f"{requests:,} requests" for requests in DAYS)], [*rows, total])


def _published(size: int) -> tuple[float, float]:
    """Return the charges of the smallest published size that holds so many bytes."""
    return next(charges for kilobytes, charges in CHARGES.items() if size <= kilobytes * 1024)


def _shown(value: float) -> str:
    """Write three digits that count."""
    digits = 2 - math.floor(math.log10(value)) if value else 0
    return f"{round(value, digits):,.{max(digits, 0)}f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description="Reckon what a day costs.")
    for field in msgspec.structs.fields(Assumptions):
        named = f"--{field.name.replace('_', '-')}"
        parser.add_argument(named, type=float, default=field.default, help=f"{MEANT[field.name]} ({field.default:g})")
    parser.add_argument("--prices", type=Path, help="JSON file with your prices")
    return parser.parse_args()


def main() -> None:
    """Print the tables."""
    given = vars(_arguments())
    prices, assumed = given.pop("prices"), Assumptions(**given)
    print(tables(usage.read(), assumed), end="")
    if prices:
        print(bills(usage.read(), assumed, msgspec.json.decode(prices.read_bytes(), type=Prices)), end="")


if __name__ == "__main__":
    main()
