"""Taking in requests, telling how they stand, and withdrawing them."""

from typing import Literal

import msgspec
from msgspec.structs import replace

from services import keys, times
from services.advance.service import Advance
from services.case import cases, receipts
from services.case import request as requests
from services.case.ports import Queues, RequestStore
from services.case.receipts import ReceiptSecrets
from services.case.request import Case, Changes, Identity, Request, Step, Submission
from services.case.task import Staff
from services.catalog.model import Definition
from services.catalog.routing import CompiledService
from services.catalog.service import AS_SHIPPED, Catalog
from services.errors import (
    HandedOver,
    InvalidSubmission,
    KeyReused,
    MadoguchiError,
    NotYetProcessed,
    ReferenceTaken,
    Refusal,
    ServicePaused,
    StoreUnavailable,
    TooManyTries,
    UnknownRequest,
    UnknownService,
    WriteConflict,
)
from services.intake import submissions as intake
from services.intake.identities import identify
from services.intake.outage import LOOKS_SPARED_FOR, Outage
from services.intake.submissions import SealedMessage
from services.limits import Limiter, Rate
from services.times import Clock, Instant

type How = Literal["created", "repeated", "queued"]

TRIES = Rate(per_minute=10, at_once=20)
"""Wrong access codes for one reference that an instance looks at. There are 2^40 codes, so that even a thousand
instances together let nobody try more than one in 76,000 of them in a day; who mistypes a code does so a few times."""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Promise a resident that the request is kept."""

    reference: str
    access_code: str
    status: str
    service: str
    version: int
    received_at: Instant
    phone: str


class Requests:
    """Serve residents."""

    def __init__(
        self,
        store: RequestStore,
        queues: Queues,
        advance: Advance,
        catalog: Catalog,
        secrets: ReceiptSecrets,
        clock: Clock,
        phone: str,
    ) -> None:
        self._store = store
        self._queues = queues
        self._advance = advance
        self._catalog = catalog
        self._secrets = secrets
        self._clock = clock
        self._phone = phone
        self._outage = Outage()
        self._tries = Limiter(TRIES, keys.derived(secrets.reference, "tries of access codes"))

    async def submit(
        self, submission: Submission, key: str, traceparent: str | None, by: Staff | None = None
    ) -> tuple[Receipt, How]:
        """Keep a request and give its receipt; the same key and body give the first receipt again.

        `by` made it in the resident's place. Raises InvalidSubmission, SubmissionTooLarge, UnknownService,
        ServiceClosed, ServiceStopped, ServicePaused, KeyReused, ReferenceTaken, and StoreUnavailable where neither
        store took it.
        """
        now = self._clock()
        try:
            service = await self._open_service(submission, now)
        except (Refusal, ServicePaused) as refusal:
            return await self._recognise(submission, key, refusal), "repeated"
        identity = identify(self._secrets, submission, key)
        message = intake.message_for(submission, identity, received_at=now, traceparent=traceparent)
        request = requests.accept(
            submission,
            identity,
            version=service.edition.version,
            received_at=now,
            now=now,
            steps=first_steps(service.definition, Step(kind="dispatch", at=now)),
            traceparent=message.traceparent,
            by=by,
        )
        try:
            await self._create(request)
        except StoreUnavailable:
            await self._queue(message, request.version)
            return self._receipt(request, service.definition.phone, status="received"), "queued"
        except WriteConflict:
            receipt, how = await self._first_receipt(request, submission, identity)
        else:
            receipt, how = self._receipt(request, service.definition.phone), "created"
        if how == "created":
            await self._advance.wake(request.reference, request.traceparent)
        return receipt, how

    async def status(self, reference: str, access_code: str) -> Request | None:
        """Return a resident's request; None where the receipt is genuine but its document cannot be read (yet).

        Raises UnknownRequest, TooManyTries.
        """
        try:
            return await self._find(reference, access_code)
        except StoreUnavailable:
            known, code = receipts.read_reference(reference) or "", receipts.read_code(access_code)
            if receipts.is_genuine(self._secrets, known, code):
                self._tries.give_back(known)
                return None
            raise

    async def withdraw(self, reference: str, access_code: str) -> Request:
        """Withdraw a request; raises UnknownRequest, NotYetProcessed, and HandedOver once it was served."""
        request = await self.opened(reference, access_code)
        code = receipts.read_code(access_code)

        def decide(case: Case) -> Changes:
            if not self._opens(case.request, code):
                raise UnknownRequest()
            return requests.withdraw(case, self._clock())

        try:
            case = await cases.change(self._store, request.reference, decide)
        except HandedOver as refusal:
            refusal.phone = await self.phone_of(request)
            raise
        if case.request.pending:
            await self._advance.wake(case.request.reference, case.request.traceparent)
        return case.request

    def forget_tries(self, reference: str) -> None:
        """Forget the wrong codes tried for a reference, so that its newest code is not refused in this instance."""
        self._tries.forget(reference)

    async def phone_of(self, request: Request | None) -> str:
        """Return the number that can help with a request: its service's, else the municipality's."""
        if request is None:
            return self._phone
        try:
            return (await self._catalog.service(request.service)).edition.definition.phone
        except (UnknownService, StoreUnavailable):
            return self._phone

    def version_behind(self, receipt: Receipt) -> int | None:
        """Return the version of the secret behind the code of a receipt, by which `code_again` makes it."""
        return receipts.version_behind(self._secrets, receipt.reference, receipt.access_code)

    def code_again(self, reference: str, version: int) -> str | None:
        """Make the first access code of a request again; None where its secret is not there any more."""
        if version not in self._secrets.access:
            return None
        return receipts.access_code_for(self._secrets, reference, version=version, epoch=0)

    async def opened(self, reference: str, access_code: str) -> Request:
        """Return the request of a pair; raises UnknownRequest, TooManyTries, NotYetProcessed."""
        request = await self._find(reference, access_code)
        if request is None:
            raise NotYetProcessed(phone=self._phone)
        return request

    async def _find(self, reference: str, access_code: str) -> Request | None:
        """Return the request of a pair, None while a genuine one waits for its document.

        Raises UnknownRequest, TooManyTries. A try is counted before the store is asked; otherwise many at once would
        pass.
        """
        known, code = receipts.read_reference(reference), receipts.read_code(access_code)
        if known is None:
            raise UnknownRequest()
        if wait := self._tries.count(known, self._clock()):
            raise TooManyTries(wait)
        request = await self._judged(known, code)
        self._tries.give_back(known)
        return request

    async def _judged(self, reference: str, code: str) -> Request | None:
        if self._outage.spares_looks(self._clock()):
            raise StoreUnavailable("left to submissions while it throttles", wait=LOOKS_SPARED_FOR)
        request = await self._store.read(reference)
        if request is None and receipts.is_genuine(self._secrets, reference, code):
            return None
        if request is None or not self._opens(request, code):
            if request and receipts.has_ended(
                self._secrets, reference, code, version=request.access_version, epoch=request.access_epoch
            ):
                self._tries.give_back(reference)
            raise UnknownRequest()
        return request

    async def check(self, submission: Submission) -> CompiledService:
        """Check a submission without keeping it; raises what `submit` would refuse it for."""
        return await self._open_service(submission, self._clock())

    async def _open_service(self, submission: Submission, now: Instant) -> CompiledService:
        await self._catalog.must_be_open(submission.service)
        service = await self._catalog.accepted(submission.service, submission.version)
        definition = service.definition
        of_form = (
            replace(e, pointer=f"/answers{e.pointer}")
            for e in service.errors(submission.answers, times.day_in_japan(now))
        )
        errors = (*of_form, *intake.general_errors(submission))
        if errors:
            raise InvalidSubmission(errors, phone=definition.phone, form=definition.form)
        return service

    async def _create(self, request: Request) -> None:
        """Write the promise, unless the store is known to be away."""
        if request.version == AS_SHIPPED or self._outage.is_on(self._clock()):
            raise StoreUnavailable("spared after failures in a row")
        try:
            await self._store.create(request)
        except StoreUnavailable as error:
            self._outage.failed(self._clock(), throttled=error.wait is not None)
            raise
        self._outage.answered()

    async def _queue(self, message: SealedMessage, version: int) -> None:
        resolved = replace(message, resolved_version=version if version != AS_SHIPPED else None)
        await self._queues.send(intake.QUEUE, intake.sealed(resolved, self._secrets.reference))

    async def _recognise(self, submission: Submission, key: str, refusal: MadoguchiError) -> Receipt:
        """Return the first receipt of a repeat that would be refused today; raise the refusal where it is no repeat.

        While the store does not answer, raise StoreUnavailable and refuse nothing.
        """
        if intake.cannot_be_kept(submission):
            raise refusal
        identity = identify(self._secrets, submission, key)
        existing = await self._store.read(identity.reference)
        if existing is None:
            raise refusal
        return await self._repeated(existing, submission, identity)

    async def _first_receipt(self, request: Request, submission: Submission, identity: Identity) -> tuple[Receipt, How]:
        """Tell a repeat, another body and a foreign request apart; an own write whose reply was lost is a success."""
        existing = await self._store.read(request.reference)
        if existing is None:
            raise StoreUnavailable("the request that was in the way cannot be read yet")
        receipt = await self._repeated(existing, submission, identity)
        return receipt, ("created" if existing.received_at == request.received_at else "repeated")

    async def _repeated(self, existing: Request, submission: Submission, identity: Identity) -> Receipt:
        if existing.key_hash != identity.key_hash:
            raise ReferenceTaken()
        if existing.body_hash not in intake.hashes_of_body(submission, existing.locale):
            raise KeyReused(phone=self._phone)
        return self._receipt(existing, await self.phone_of(existing))

    def _opens(self, request: Request, code: str) -> bool:
        return receipts.opens(
            self._secrets, request.reference, code, version=request.access_version, epoch=request.access_epoch
        )

    def _receipt(self, request: Request, phone: str, status: str | None = None) -> Receipt:
        """Give the first receipt, with its first code: one that staff issued since is not for whoever holds the key."""
        return Receipt(
            reference=request.reference,
            access_code=receipts.access_code_for(
                self._secrets, request.reference, version=request.access_version, epoch=0
            ),
            status=status or request.status,
            service=request.service,
            version=request.version,
            received_at=request.received_at,
            phone=phone,
        )


def first_steps(definition: Definition, step: Step) -> dict[str, Step]:
    """Return what a new request has to do: find its team, and what the sections add."""
    steps: dict[str, Step] = {step.kind: step}
    for section in definition.sections.values():
        steps |= section.first_steps(step)
    return steps
