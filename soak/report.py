"""What a soak prints."""

import statistics
from collections import Counter

from soak.diary import Diary
from soak.invariants import Check
from soak.memory import ALLOWED, Growth
from soak.proxy import Faults
from soak.stored import Rest

SHOWN = 10
"""How many breaks of one invariant are printed."""


def load(diary: Diary, seconds: float, killed: Counter[str], faults: Faults) -> None:
    """Print what the load met."""
    times = sorted(diary.seconds)
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    _line("requests, receipts", f"{len(diary.promises)}, {diary.held} in {seconds:.0f} s")
    _line("submit until the receipt", f"p50 {statistics.median(times) * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms")
    _line("killed and started again", _listed(killed))
    _line(
        "store operations", f"{faults.operations}, failed {sum(faults.injected.values())}: {_listed(faults.injected)}"
    )
    _line("answers to clients", _listed(diary.answers))


def invariants(checks: list[Check], left: Rest, without_receipt: int) -> None:
    """Print every invariant with what it was asked of and what breaks it."""
    _line("left to be done", str(left))
    _line("requests without a receipt", f"{without_receipt} (their clients gave up)")
    for check in checks:
        outcome = "holds" if not check.broken else f"BROKEN {len(check.broken)} times"
        _line(check.name, f"{check.asked}, {outcome}")
        for broken in check.broken[:SHOWN]:
            print(f"        {broken}")


def verdict(checks: list[Check], growth: Growth) -> bool:
    """Print how memory grew and tell whether everything held."""
    print("(b) resident memory of the host")
    _line("after each tenth, at the end", f"{', '.join(f'{level:.0f}' for level in (*growth.tenths, growth.last))} MiB")
    _line("end over first tenth", f"{growth.ratio:.2f} (allowed: {ALLOWED:.2f})")
    return growth.ratio <= ALLOWED and not any(check.broken for check in checks)


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def _line(name: str, text: str) -> None:
    print(f"    {name:36} {text}", flush=True)
