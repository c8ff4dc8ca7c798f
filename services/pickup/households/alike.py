"""As much of a request as tells whether its household may be another's."""

from typing import Any

import msgspec


class Alike(msgspec.Struct, frozen=True, kw_only=True):
    """Hold as much of a request as is compared."""

    reference: str
    service: str
    version: int
    status: str
    answers: dict[str, Any]
    phone: str | None = None
    household: str
    formerly: tuple[str, ...] = ()
