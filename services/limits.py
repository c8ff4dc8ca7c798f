"""How often somebody may call: a pure rule, and the memory that one instance has for it."""

import hmac
from itertools import islice
from typing import Literal

import msgspec

from services import times
from services.times import Instant

type Kind = Literal["send", "look"]
"""What is counted apart, so that those who look do not keep others from sending: what a form or a submission sends,
and everything that only asks."""
KINDS: tuple[Kind, ...] = ("send", "look")

MOST_NAMES = 50_000
"""How many names one limiter remembers: 7 MB. Past that it forgets whoever called the longest ago."""
FORGOTTEN_AT_ONCE = 2


class Rate(msgspec.Struct, frozen=True):
    """Allow so many calls a minute in the long run, and so many at once."""

    per_minute: float
    at_once: float


def admit(rate: Rate, paid_until: float, now: float) -> tuple[float, float]:
    """Return the seconds to wait (0: the call is admitted), and the time until which calls are paid for then.

    The generic cell rate algorithm (ITU-T I.371): a call costs `60 / per_minute` seconds, and at most `at_once` calls
    may be paid for ahead of time. Times are in seconds; a name that is not known has paid until 0.
    """
    cost = 60 / rate.per_minute
    paid = max(paid_until, now) + cost
    wait = paid - now - cost * rate.at_once
    return (wait, paid_until) if wait > 0 else (0.0, paid)


class Limiter:
    """Count calls by name, in this instance alone.

    A name is kept as a keyed hash, until its calls do not count any more: then it is as good as one never seen.
    """

    def __init__(self, rate: Rate, secret: bytes, most: int = MOST_NAMES) -> None:
        self._rate = rate
        self._secret = secret
        self._most = most
        self._paid_until: dict[bytes, float] = {}

    def __len__(self) -> int:
        return len(self._paid_until)

    def count(self, name: str, now: Instant) -> float:
        """Count a call and return 0, or return the seconds to wait: a refused call does not count."""
        seconds, key = times.moment(now).timestamp(), self._key(name)
        wait, paid_until = admit(self._rate, self._paid_until.pop(key, 0.0), seconds)
        self._paid_until[key] = paid_until
        self._forget(seconds)
        return wait

    def give_back(self, name: str) -> None:
        """Let a call that was taken not count."""
        key = self._key(name)
        if key in self._paid_until:
            self._paid_until[key] -= 60 / self._rate.per_minute

    def forget(self, name: str) -> None:
        """Let no call of a name count any more."""
        self._paid_until.pop(self._key(name), None)

    def _key(self, name: str) -> bytes:
        return hmac.digest(self._secret, name.encode(), "sha256")

    def _forget(self, now: float) -> None:
        """Forget a few of those who called the longest ago, where their calls do not count or memory is short."""
        for key in list(islice(self._paid_until, FORGOTTEN_AT_ONCE)):
            if self._paid_until[key] <= now or len(self._paid_until) > self._most:
                del self._paid_until[key]
