"""Knowing that the store is away or throttles, so that residents do not wait for it one by one."""

from services import times
from services.times import Instant

FAILURES_IN_A_ROW = 5
SPARED_FOR = 10.0
"""Seconds for which nothing asks the store after it failed so many times in a row."""


LOOKS_SPARED_FOR = 5.0
"""Seconds without looks after the store throttled a submission, so that submissions get what the looks would take."""


class Outage:
    """Count failures in a row of one store, as one instance sees them."""

    def __init__(self) -> None:
        self._failures = 0
        self._until: Instant | None = None
        self._looks_until: Instant | None = None

    def is_on(self, now: Instant) -> bool:
        """Tell whether the store is spared for now."""
        return self._until is not None and now < self._until

    def spares_looks(self, now: Instant) -> bool:
        """Tell whether the store is left to submissions for now."""
        return self._looks_until is not None and now < self._looks_until

    def failed(self, now: Instant, *, throttled: bool = False) -> None:
        """Note that the store did not answer, or that it throttled."""
        self._failures += 1
        if throttled:
            self._looks_until = times.later(now, LOOKS_SPARED_FOR)
        if self._failures >= FAILURES_IN_A_ROW:
            self._until = times.later(now, SPARED_FOR)

    def answered(self) -> None:
        """Note that the store answered."""
        self._failures = 0
        self._until = None
