"""Every way in which Madoguchi says no, as one tree.

MadoguchiError
├── Refusal                  what was asked cannot be done; nothing was changed
│   ├── InvalidSubmission      the answers, contact or version do not fit; lists every field
│   ├── SubmissionTooLarge     it would not fit into a queue message
│   ├── UnknownService         no such service is published
│   ├── ServiceClosed          its time is over, or has not come
│   ├── KeyReused              the same Idempotency-Key came with another body
│   ├── ReferenceTaken         another request stands under this reference: send again with a new key
│   ├── UnknownRequest         no request for this reference and access code
│   ├── AccessCodeShown        the access code of this reissue was shown, and another was issued or time has passed
│   ├── NotYetProcessed        the receipt is genuine, its document is still on its way
│   ├── HandedOver             the request was served: too late to withdraw
│   ├── PlaceGone              the place is not held for the request any more
│   ├── NoSuchSlot             no slot of this name takes anybody any more
│   ├── PlaceChangedTooOften   the resident has chosen other slots as often as one request may
│   ├── NothingDue             nothing is to be handed over for a request now
│   ├── AlreadyHandedOver      another counter handed over already
│   ├── UnknownSite            no such pickup site
│   ├── UnknownSlot            the site has no such slot
│   ├── SlotClosed             the slot is closed or over, and cannot be changed
│   ├── NotForSplit            the slot is filled in the order in which households come
│   ├── AlreadyDecided         the split of the slot was decided already
│   ├── LookAgain              the line or the stock is not what the preview showed any more
│   ├── TooManyCorrections     staff have corrected the household as often as one request may be
│   ├── NotEnoughStock         the site has fewer units free; names the items
│   ├── SheetRefused           a table has lines that do not fit; lists each with its number
│   ├── UnknownTask            no such task
│   ├── StaleToken             the caller does not hold the task (any more)
│   ├── TaskHeld               someone else holds the task
│   ├── TaskClosed             the task is completed or cancelled
│   ├── RequestWithdrawn       the resident has withdrawn the request
│   ├── UnknownOutcome         the service does not list this outcome
│   ├── DefinitionRefused      a service definition does not stand its own test
│   ├── DocumentFull           the document has grown to what the store takes; a person has to act
│   ├── TooManyRequests        one address calls too often; says how long to wait
│   │   └── TooManyTries         too many wrong access codes for one reference
│   ├── Unauthenticated        no valid token
│   └── Forbidden              the token lacks the role
├── StoreUnavailable         a store did not answer: the outcome is not known, sending the same again is safe
├── WriteConflict            a conditional write found another state; for the code that decides again
└── NeverPossible            a queue message that can never succeed; says why
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from services.door import MOST_PLACES
from services.times import Instant

LONGEST_REASON = 500
"""Characters of a reason why a definition is refused, which may quote it."""


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Say what is wrong with one field: a JSON pointer, a stable code and the limits the code speaks of."""

    pointer: str
    code: str
    limits: dict[str, object] = {}


class SheetProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """Say what is wrong with one line of a table: its number (the header is 1), its column, a code and limits."""

    line: int
    column: str
    code: str
    limits: dict[str, object] = {}


class MadoguchiError(Exception):
    """Stand at the root of the tree; `code` is stable, `phone` is the number that can help."""

    code: ClassVar[str]

    def __init__(self, message: str = "", *, phone: str | None = None) -> None:
        super().__init__(message)
        self.phone = phone


class Refusal(MadoguchiError):
    """Refuse what was asked; nothing was changed."""


class InvalidSubmission(Refusal):
    """List every field that does not fit."""

    code = "invalid"

    def __init__(self, errors: tuple[FieldError, ...], *, phone: str | None = None, form: object = None) -> None:
        self.errors = errors[:MOST_PLACES]
        super().__init__(", ".join(f"{e.pointer or '/'} {e.code}" for e in self.errors), phone=phone)
        self.form = form


class SubmissionTooLarge(Refusal):
    """Refuse a submission that would not fit into a queue message (60 KiB)."""

    code = "too_large"


class UnknownService(Refusal):
    """Say that no such service is published."""

    code = "unknown_service"


class ServiceClosed(Refusal):
    """Say that a service takes nothing now: it opens later, or has closed."""

    code = "service_closed"

    def __init__(self, *, opens: Instant | None, closes: Instant | None, phone: str) -> None:
        super().__init__(f"opens {opens}, closes {closes}", phone=phone)
        self.opens = opens
        self.closes = closes


class KeyReused(Refusal):
    """Refuse another body under an Idempotency-Key that already has a receipt."""

    code = "idempotency_key_reused"


class ReferenceTaken(Refusal):
    """Ask for a new Idempotency-Key: another request stands under the reference this one derives."""

    code = "send_again_with_new_key"


class UnknownRequest(Refusal):
    """Answer a wrong pair of reference and access code, and an unknown one, alike."""

    code = "unknown_request"


class AccessCodeShown(Refusal):
    """Refuse to show the code of a reissue again: another was issued since, or it was shown a while ago."""

    code = "access_code_shown"


class NotYetProcessed(Refusal):
    """Say that the receipt is genuine and its document still on its way."""

    code = "not_yet_processed"


class HandedOver(Refusal):
    """Refuse a withdrawal after a task was done."""

    code = "handed_over"


class PlaceGone(Refusal):
    """Say that the place is not held for this request any more, or that nothing can be chosen for it."""

    code = "place_gone"


class PlaceChangedTooOften(Refusal):
    """Refuse another slot to a resident who has chosen as often as one request may; staff can still help."""

    code = "place_changed_too_often"


class TooManyCorrections(Refusal):
    """Refuse to correct the household of a request once more."""

    code = "too_many_corrections"


class UnknownSite(Refusal):
    """Say that there is no such pickup site."""

    code = "unknown_site"


class UnknownSlot(Refusal):
    """Say that a site has no such slot."""

    code = "unknown_slot"


class SlotClosed(Refusal):
    """Refuse to change a slot that is closed or over."""

    code = "slot_closed"


class NotForSplit(Refusal):
    """Refuse to split a slot that is filled in the order in which households come."""

    code = "not_for_split"


class AlreadyDecided(Refusal):
    """Say that the split of a slot was decided already, when and by whom."""

    code = "already_decided"

    def __init__(self, at: Instant, by: str) -> None:
        super().__init__(f"at {at} by {by}")
        self.at = at
        self.by = by


class LookAgain(Refusal):
    """Refuse to decide something else than the preview showed: the line or the stock changed since."""

    code = "look_again"


class NotEnoughStock(Refusal):
    """Refuse to allot or take away units that a site does not have free; names the items."""

    code = "not_enough_stock"

    def __init__(self, items: Sequence[str]) -> None:
        super().__init__(", ".join(items))
        self.items = tuple(items)


class NothingDue(Refusal):
    """Say that nothing is to be handed over for a request now; the message is the state of its booking."""

    code = "nothing_due"


class AlreadyHandedOver(Refusal):
    """Say that another counter handed over already, when and by whom."""

    code = "already_handed_over"

    def __init__(self, at: Instant, by: str) -> None:
        super().__init__(f"at {at} by {by}")
        self.at = at
        self.by = by


class NoSuchSlot(Refusal):
    """Say that no slot with this name takes anybody any more."""

    code = "no_such_slot"


class SheetRefused(Refusal):
    """List every line of a table that does not fit; nothing of it was taken."""

    code = "sheet_refused"

    def __init__(self, problems: tuple[SheetProblem, ...]) -> None:
        self.problems = problems[:MOST_PLACES]
        super().__init__(", ".join(f"line {p.line} {p.code}" for p in self.problems))


class UnknownTask(Refusal):
    """Say that there is no such task."""

    code = "unknown_task"


class StaleToken(Refusal):
    """Refuse a fencing token that is not the current one, and say who holds the task now."""

    code = "stale_token"

    def __init__(self, holder: str | None) -> None:
        super().__init__(f"held by {holder}" if holder else "held by nobody")
        self.holder = holder


class TaskHeld(StaleToken):
    """Refuse a claim on a task that someone else holds."""

    code = "task_held"


class TaskClosed(Refusal):
    """Refuse work on a task that is completed or cancelled."""

    code = "task_closed"


class RequestWithdrawn(Refusal):
    """Tell the holder of a task that the resident has withdrawn the request."""

    code = "withdrawn"


class UnknownOutcome(Refusal):
    """Refuse an outcome that the service does not list."""

    code = "unknown_outcome"


class DefinitionRefused(Refusal):
    """Name everything for which a service definition is not published."""

    code = "definition_refused"

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = tuple(reason[:LONGEST_REASON] for reason in reasons[:MOST_PLACES])
        super().__init__("; ".join(self.reasons))


class DocumentFull(Refusal):
    """Say that a document would grow over what the store takes (2 MB in Cosmos DB): nothing was written."""

    code = "document_full"


class TooManyRequests(Refusal):
    """Refuse a call of an address that called too often; `wait` says in seconds when the next is admitted."""

    code = "too_many_requests"

    def __init__(self, wait: float) -> None:
        super().__init__(f"wait {wait:.0f} s")
        self.wait = wait


class TooManyTries(TooManyRequests):
    """Refuse to look at an access code: too many wrong ones came for the same reference."""

    code = "too_many_tries"


class Unauthenticated(Refusal):
    """Refuse a call without a valid token."""

    code = "unauthenticated"


class Forbidden(Refusal):
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


class WriteConflict(MadoguchiError):
    """Tell the caller to read again and decide again: a conditional write found another state."""

    code = "conflict"


class NeverPossible(MadoguchiError):
    """Say why a queue message can never succeed."""

    code = "never_possible"
