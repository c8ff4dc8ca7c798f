"""Knowing that the store is away, so that residents do not wait for it one by one."""

from services import times
from services.times import Instant

FAILURES_IN_A_ROW = 5
SPARED_FOR = 10.0
"""Seconds for which nothing asks the store after it failed so many times in a row."""


class Outage:
    """Count failures in a row of one store, as one instance sees them."""

    def __init__(self) -> None:
        self._failures = 0
        self._until: Instant | None = None

    def is_on(self, now: Instant) -> bool:
        """Tell whether the store is spared for now."""
        return self._until is not None and now < self._until

    def failed(self, now: Instant) -> None:
        """Note that the store did not answer."""
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self._until = times.later(now, SPARED_FOR)

    def answered(self) -> None:
        """Note that the store answered."""
        self._failures = 0
        self._until = None
