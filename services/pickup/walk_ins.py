"""Residents who come to the counter without having asked before: a request is made for them on the spot."""

import msgspec

from services.advance.service import Advance
from services.pickup.counter import Card, Counter
from services.requests.model import Submission
from services.requests.service import Requests
from services.tasks.model import Staff

CHANNEL = "counter"


class WalkIns:
    """Take in residents at the counter."""

    def __init__(self, requests: Requests, advance: Advance, counter: Counter) -> None:
        self._requests = requests
        self._advance = advance
        self._counter = counter

    async def take_in(self, submission: Submission, id_: str, staff: Staff, traceparent: str | None) -> Card:
        """Make the request and look for its place at once; the same id and answers give the same request again.

        `id_` is the Idempotency-Key. Raises what `Requests.submit` raises, and NothingDue where nothing is handed out.
        """
        sent = msgspec.structs.replace(submission, channel=CHANNEL)
        receipt, _ = await self._requests.submit(sent, id_, traceparent)
        await self._advance.advance(receipt.reference)
        return await self._counter.card(receipt.reference, staff)
