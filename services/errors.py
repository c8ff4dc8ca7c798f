"""Every way in which Madoguchi says no, as one tree; a capability has its own refusals, each under one of these kinds.

MadoguchiError
├── Refusal                  what was asked cannot be done; nothing was changed
│   ├── Unidentified           the caller did not show who they are, or that they hold the access code
│   │   └── Unauthenticated      no valid token
│   ├── NotAllowed             it is not open to the caller, or not now
│   │   ├── Forbidden            the token lacks the role
│   │   ├── ServiceClosed        its time is over, or has not come
│   │   └── ServiceStopped       an editor has paused it
│   ├── NotFound               what was named is not there
│   │   ├── UnknownService       no such service is published
│   │   ├── UnknownRequest       no request for this reference and access code
│   │   └── UnknownTask          no such task
│   ├── Conflict               it does not go with how things stand
│   │   ├── KeyReused            the same Idempotency-Key came with another body
│   │   ├── ReferenceTaken       another request stands under this reference: send again with a new key
│   │   ├── AccessCodeShown      the access code of this reissue was shown, and another was issued or time has passed
│   │   ├── HandedOver           the request was served: too late to withdraw
│   │   ├── StaleToken           the caller does not hold the task (any more)
│   │   │   └── TaskHeld           someone else holds the task
│   │   ├── TaskClosed           the task is completed or cancelled
│   │   ├── RequestWithdrawn     the resident has withdrawn the request
│   │   └── DocumentFull         the document has grown to what the store takes; a person has to act
│   ├── TooLarge               it has more bytes or values than its place takes
│   │   └── SubmissionTooLarge   it would not fit into a queue message
│   ├── Invalid                it can be read and does not fit; names each mistake
│   │   ├── InvalidSubmission    the answers, contact or version do not fit; lists every field
│   │   ├── UnknownOutcome       the service does not list this outcome
│   │   └── DefinitionRefused    a service definition does not stand its own test
│   ├── TooManyRequests        one address calls too often; says how long to wait
│   │   └── TooManyTries         too many wrong access codes for one reference
│   └── NotYet                 the same call will succeed later
│       └── NotYetProcessed      the receipt is genuine, its document is still on its way
├── StoreUnavailable         a store did not answer: the outcome is not known, sending the same again is safe
│   ├── ServicePaused          no edition of a service can be read: the others go on, and a person has to mend it
│   ├── DocumentDamaged        one document cannot be read: all others go on, and a person has to mend it
│   │   └── EditionDamaged       the edition that a request answers cannot be read
│   └── DocumentNewer          a later version of the app wrote one document: this one changes nothing of it
├── WriteConflict            a conditional write found another state; for the code that decides again
└── NeverPossible            a queue message that can never succeed; says why
"""

from typing import ClassVar

import msgspec

from services.door import MOST_PLACES
from services.texts import Text
from services.times import Told

UNTIL_MENDED = 60.0
"""Seconds after which to look again for what a person has to mend."""
LONGEST_REASON = 500
"""Characters of a reason why a definition is refused, which may quote it."""


class Mistake(msgspec.Struct, frozen=True):
    """Tell one mistake: where it stands, its code with limits, and the prefixes under which its text is looked for.

    `said` is the text itself, where whoever made the rule wrote one.
    """

    place: dict[str, object]
    code: str
    limits: dict[str, object] = {}
    texts: tuple[str, ...] = ("field",)
    said: Text = {}


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Say what is wrong with one field: a JSON pointer, a stable code and the limits the code speaks of.

    `said` says it in words, by language, where a definition does.
    """

    pointer: str
    code: str
    limits: dict[str, object] = {}
    said: Text = {}

    @property
    def mistake(self) -> Mistake:
        """Return it as any other mistake is told."""
        return Mistake({"pointer": self.pointer}, self.code, self.limits, said=self.said)


class MadoguchiError(Exception):
    """Stand at the root; `code` is stable, `phone` the number that can help, `details` what else is told, as JSON."""

    code: ClassVar[str]
    details: dict[str, object] = {}

    def __init__(self, message: str = "", *, phone: str | None = None) -> None:
        super().__init__(message)
        self.phone = phone


class Refusal(MadoguchiError):
    """Refuse what was asked; nothing was changed."""


class Unidentified(Refusal):
    """Refuse whoever does not show who they are, or that they hold the access code."""


class NotAllowed(Refusal):
    """Refuse what is not open to the caller, or not now."""


class NotFound(Refusal):
    """Say that what was named is not there."""


class Conflict(Refusal):
    """Refuse what does not go with how things stand."""


class TooLarge(Refusal):
    """Refuse what has more bytes or values than its place takes."""

    code = "too_large"


class Invalid(Refusal):
    """Refuse what can be read and does not fit; names each mistake, and the form that has texts of its own for them."""

    mistakes: tuple[Mistake, ...] = ()
    form: object = None


class TooManyRequests(Refusal):
    """Refuse a call of an address that called too often; `wait` says in seconds when the next is admitted."""

    code = "too_many_requests"

    def __init__(self, wait: float) -> None:
        super().__init__(f"wait {wait:.0f} s")
        self.wait = wait


class NotYet(Refusal):
    """Refuse what the same call will be given later."""


class InvalidSubmission(Invalid):
    """List every field that does not fit."""

    code = "invalid"

    def __init__(self, errors: tuple[FieldError, ...], *, phone: str | None = None, form: object = None) -> None:
        self.errors = errors[:MOST_PLACES]
        self.mistakes = tuple(e.mistake for e in self.errors)
        self.form = form
        super().__init__(", ".join(f"{e.pointer or '/'} {e.code}" for e in self.errors), phone=phone)


class SubmissionTooLarge(TooLarge):
    """Refuse a submission that would not fit into a queue message (60 KiB)."""


class UnknownService(NotFound):
    """Say that no such service is published."""

    code = "unknown_service"


class ServiceClosed(NotAllowed):
    """Say that a service takes nothing now: it opens later, or has closed."""

    code = "service_closed"

    def __init__(self, *, opens: Told | None, closes: Told | None, phone: str) -> None:
        super().__init__(f"opens {opens}, closes {closes}", phone=phone)
        self.opens, self.closes = opens, closes
        self.details = {"opens": opens, "closes": closes}


class ServiceStopped(NotAllowed):
    """Say that an editor has paused a service, and why."""

    code = "service_stopped"

    def __init__(self, reason: Text, *, phone: str) -> None:
        super().__init__("paused", phone=phone)
        self.reason = reason
        self.details = {"reason": reason}


class KeyReused(Conflict):
    """Refuse another body under an Idempotency-Key that already has a receipt."""

    code = "idempotency_key_reused"


class ReferenceTaken(Conflict):
    """Ask for a new Idempotency-Key: another request stands under the reference this one derives."""

    code = "send_again_with_new_key"


class UnknownRequest(NotFound):
    """Answer a wrong pair of reference and access code, and an unknown one, alike."""

    code = "unknown_request"


class AccessCodeShown(Conflict):
    """Refuse to show the code of a reissue again: another was issued since, or it was shown a while ago."""

    code = "access_code_shown"


class NotYetProcessed(NotYet):
    """Say that the receipt is genuine and its document still on its way."""

    code = "not_yet_processed"


class HandedOver(Conflict):
    """Refuse a withdrawal after a task was done."""

    code = "handed_over"


class UnknownTask(NotFound):
    """Say that there is no such task."""

    code = "unknown_task"


class StaleToken(Conflict):
    """Refuse a fencing token that is not the current one, and say who holds the task now."""

    code = "stale_token"

    def __init__(self, holder: str | None) -> None:
        super().__init__(f"held by {holder}" if holder else "held by nobody")
        self.holder = holder
        self.details = {"holder": holder}


class TaskHeld(StaleToken):
    """Refuse a claim on a task that someone else holds."""

    code = "task_held"


class TaskClosed(Conflict):
    """Refuse work on a task that is completed or cancelled."""

    code = "task_closed"


class RequestWithdrawn(Conflict):
    """Tell the holder of a task that the resident has withdrawn the request."""

    code = "withdrawn"


class UnknownOutcome(Invalid):
    """Refuse an outcome that the service does not list."""

    code = "unknown_outcome"


class DefinitionRefused(Invalid):
    """Name everything for which a service definition is not published."""

    code = "definition_refused"

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = tuple(reason[:LONGEST_REASON] for reason in reasons[:MOST_PLACES])
        super().__init__("; ".join(self.reasons))
        self.details = {"reasons": list(self.reasons)}


class DocumentFull(Conflict):
    """Say that a document would grow over what the store takes (2 MB in Cosmos DB): nothing was written."""

    code = "document_full"


class TooManyTries(TooManyRequests):
    """Refuse to look at an access code: too many wrong ones came for the same reference."""

    code = "too_many_tries"


class Unauthenticated(Unidentified):
    """Refuse a call without a valid token."""

    code = "unauthenticated"


class Forbidden(NotAllowed):
    """Refuse a token that lacks the role."""

    code = "forbidden"


class StoreUnavailable(MadoguchiError):
    """Say that a store did not answer: the outcome is not known, sending the same again is safe.

    `wait` is there where the store throttles: the seconds that it asks to be left alone.
    """

    code = "unavailable"

    def __init__(self, message: str = "", *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class ServicePaused(StoreUnavailable):
    """Say that no edition of a service can be read; the other services go on."""

    code = "service_paused"


class DocumentDamaged(StoreUnavailable):
    """Say that one stored document cannot be read; all others go on."""

    code = "document_damaged"


class EditionDamaged(DocumentDamaged):
    """Say that the edition that a request answers cannot be read; other requests go on."""

    code = "edition_damaged"


class DocumentNewer(StoreUnavailable):
    """Say that a later version of the app wrote a document, of which this one changes nothing."""

    code = "document_newer"


class WriteConflict(MadoguchiError):
    """Tell the caller to read again and decide again: a conditional write found another state."""

    code = "conflict"


class NeverPossible(MadoguchiError):
    """Say why a queue message can never succeed."""

    code = "never_possible"


UNUSABLE = (DocumentDamaged, DocumentNewer)
"""What one document costs whoever asks for it: whatever goes through many documents leaves it out and goes on."""
