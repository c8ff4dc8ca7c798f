"""Taking in what waited in the intake queue: what holds a receipt is never rejected."""

from collections.abc import Sequence

from services import times
from services.advance.service import Advance
from services.case import cases
from services.case import request as requests
from services.case.ports import RequestStore
from services.case.receipts import ReceiptSecrets
from services.case.request import Case, Changes, Identity, Step, Variant
from services.catalog.model import state_of
from services.catalog.routing import CompiledService
from services.catalog.service import AS_SHIPPED, Catalog
from services.errors import InvalidSubmission, NeverPossible, StoreUnavailable, UnknownService, WriteConflict
from services.intake import merging
from services.intake import submissions as intake
from services.intake.identities import identity_of
from services.intake.service import first_steps
from services.intake.submissions import QueuedSubmission
from services.names import is_name
from services.times import Clock, Instant


class QueuedIntake:
    """Turn messages of `requests-intake` into requests."""

    def __init__(
        self, store: RequestStore, advance: Advance, catalog: Catalog, secrets: ReceiptSecrets, clock: Clock
    ) -> None:
        self._store = store
        self._advance = advance
        self._catalog = catalog
        self._secrets = secrets
        self._clock = clock

    async def take_in(self, body: str) -> None:
        """Keep the submission in a message; raises NeverPossible where no team could act, and StoreUnavailable."""
        message = intake.read_message(body, self._secrets.reference)
        now = self._clock()
        received_at, is_believed = intake.received_at(message, now)
        submission = message.submission
        identity = identity_of(self._secrets, message)
        service, reason = await self._edition(message)
        paused = (await self._catalog.service(message.service)).paused
        if paused and received_at >= paused.at:
            reason = "paused"
        request = requests.accept(
            submission,
            identity,
            version=service.edition.version,
            received_at=received_at,
            now=now,
            steps=first_steps(
                service.definition, _first_step(service, message, reason, received_at, is_believed=is_believed)
            ),
            traceparent=message.traceparent,
        )
        try:
            await self._store.create(request)
        except WriteConflict:
            await self._merge(message, identity, received_at)
        await self._advance.wake(identity.reference, message.traceparent)

    async def _edition(self, message: QueuedSubmission) -> tuple[CompiledService, str | None]:
        """Return the edition that a message answers; where it is no longer accepted, the current one and the reason.

        A request is kept under a published edition only: while none can be read, the message waits.
        """
        service, reason = await self._accepted(message)
        if service.edition.version == AS_SHIPPED:
            raise StoreUnavailable("which edition is current cannot be read")
        return service, reason

    async def _accepted(self, message: QueuedSubmission) -> tuple[CompiledService, str | None]:
        try:
            return await self._catalog.accepted(message.service, message.version or message.resolved_version), None
        except InvalidSubmission:
            return await self._catalog.accepted(message.service, None), "outdated"
        except UnknownService as refusal:
            service = message.service if is_name(message.service) else "what stands in the field"
            raise NeverPossible(f"no such service: {service} is not published; publish it and replay") from refusal

    async def _merge(self, message: QueuedSubmission, identity: Identity, received_at: Instant) -> None:
        """Merge a message into the request that is already there: drop the same body, keep another one for a person.

        Raises NeverPossible for a foreign request, and for one body more than a request keeps.
        """
        variant = Variant(
            body_hash=identity.body_hash,
            received_at=received_at,
            answers=message.answers,
            contact=message.contact.kept,
        )

        def decide(case: Case) -> Changes:
            request = case.request
            if request.key_hash != identity.key_hash:
                raise NeverPossible("another request stands under this reference; send again with a new key")
            if request.body_hash in intake.hashes_of_body(message.submission, request.locale):
                return merging.received_earlier(request, received_at, self._clock())
            if any(one.body_hash == intake.hash_with_language(message.submission) for one in request.variants):
                return ()
            return merging.kept_beside(request, variant, self._clock())

        await cases.change(self._store, identity.reference, decide)


def _first_step(
    service: CompiledService, message: QueuedSubmission, reason: str | None, received_at: Instant, *, is_believed: bool
) -> Step:
    """Let the routes place a good submission, and a person any other."""
    reasons: Sequence[tuple[bool, str]] = (
        (reason is not None, reason or ""),
        (not is_believed, "undated"),
        (any(True for _ in intake.general_errors(message.submission)), "invalid"),
        (bool(service.errors(message.answers, times.day_in_japan(received_at))), "invalid"),
        (state_of(service.definition, received_at) == "closed", "late"),
    )
    found = next((why for applies, why in reasons if applies), None)
    return Step(kind="review", at=received_at, reason=found) if found else Step(kind="dispatch", at=received_at)
