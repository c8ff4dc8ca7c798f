"""How much each clerk is shown in an hour: counted from the audit, in the memory of one instance, refusing nothing."""

import hmac
import logging
from collections.abc import Callable
from typing import Literal

from services.case.ports import AuditLog, AuditRecord
from services.times import Instant

type Kind = Literal["shown", "listed"]
"""`shown`: requests with name and address (a card, one found, a claimed task). `listed`: references on a roster."""

MOST: dict[Kind, int] = {"shown": 300, "listed": 3_000}
"""Requests in an hour up to which nobody is told. 300 is another household every twelve seconds the whole hour long: at
a counter the supplies of one are fetched and handed over in between. A site has the slots of a day on its roster: six
that are full; who takes the rosters of one site after the other comes past it."""
MOST_CLERKS = 500
"""How many clerks are remembered, once for each kind; past that, whoever looked the longest ago is forgotten first."""

log = logging.getLogger("madoguchi.looks")


class Looks:
    """Count how many different requests each clerk is shown in an hour of the clock.

    Clerks and requests are kept as keyed hashes until the hour is over, past the most no more of them: 11 MB in all.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._hour: Instant = ""
        self._seen: dict[bytes, dict[bytes, int]] = {}

    def __len__(self) -> int:
        return sum(len(seen) for seen in self._seen.values())

    def passes(self, record: AuditRecord) -> Kind | None:
        """Count what a record shows; return its kind where the count passes the limit, once in each hour of a clerk."""
        self._turn(record.at[:13])
        kind: Kind = "shown" if record.listed is None else "listed"
        clerk, request = self._key(kind, record.who), self._key("request", record.subject)
        seen = self._seen[clerk] = self._seen.pop(clerk, {})
        before = sum(seen.values())
        if before > MOST[kind]:
            return None
        seen[request] = max(seen.get(request, 0), 1 if record.listed is None else record.listed)
        self._forget()
        return kind if sum(seen.values()) > MOST[kind] else None

    def _turn(self, hour: Instant) -> None:
        """Start counting anew when the hour changes; a late record of the hour before counts in the new one."""
        if hour > self._hour:
            self._hour, self._seen = hour, {}

    def _forget(self) -> None:
        if len(self._seen) > MOST_CLERKS * len(MOST):
            del self._seen[next(iter(self._seen))]

    def _key(self, *parts: str) -> bytes:
        return hmac.digest(self._secret, "\0".join(parts).encode(), "sha256")[:8]


class WatchedAudit:
    """Append audit records, and tell of a clerk who is shown more than work asks for: nothing is shown without one."""

    def __init__(self, audit: AuditLog, looks: Looks, tell: Callable[[Kind], None]) -> None:
        self._audit = audit
        self._looks = looks
        self._tell = tell

    async def append(self, record: AuditRecord) -> None:
        """Append a record, then count it; raises StoreUnavailable, as what it appends to."""
        await self._audit.append(record)
        if kind := self._looks.passes(record):
            log.warning("many looks: %s, over %d %s in an hour, %s", record.who, MOST[kind], kind, record.at[:13])
            self._tell(kind)
