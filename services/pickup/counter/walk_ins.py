"""Residents who come to the counter without having asked before: a request is made for them on the spot."""

import msgspec

from services.advance.service import Advance
from services.case import audit
from services.case.ports import AuditLog
from services.case.receipts import ReceiptSecrets, reference_for
from services.case.request import Submission
from services.case.task import Staff
from services.intake.service import Requests
from services.pickup.counter.counter import Card, Counter
from services.times import Clock

CHANNEL = "counter"


class WalkIns:
    """Take in residents at the counter."""

    def __init__(
        self,
        requests: Requests,
        advance: Advance,
        counter: Counter,
        audit: AuditLog,
        secrets: ReceiptSecrets,
        clock: Clock,
    ) -> None:
        self._requests = requests
        self._advance = advance
        self._counter = counter
        self._audit = audit
        self._secrets = secrets
        self._clock = clock

    async def take_in(self, submission: Submission, id_: str, staff: Staff, traceparent: str | None) -> Card:
        """Make the request and look for its place at once; the same id and answers give the same request again.

        `id_` is the Idempotency-Key. Who makes the request is on record before it is made, under the reference that the
        key derives: a record without a request is of one that was refused, or did not come through. Raises what
        `Requests.submit` raises, and NothingDue where nothing is handed out.
        """
        sent = msgspec.structs.replace(submission, channel=CHANNEL)
        reference = reference_for(self._secrets, CHANNEL, id_)
        await self._audit.append(audit.record("taken_in_at_counter", reference, staff, self._clock()))
        receipt, _ = await self._requests.submit(sent, id_, traceparent, by=staff)
        await self._advance.advance(receipt.reference)
        return await self._counter.card(receipt.reference, staff)
