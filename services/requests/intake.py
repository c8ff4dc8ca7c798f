"""What a submission must be before its service looks at it, and the shape in which it waits in the intake queue."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from services import door, messages, times
from services.catalog.forms import canonical, hidden, unsendable
from services.errors import FieldError, NeverPossible, SubmissionTooLarge
from services.invisible import trimmed
from services.requests.model import Contact, Submission
from services.times import Instant

QUEUE = "requests-intake"
MAX_MESSAGE_BYTES = 60 * 1024
"""A Storage queue takes 64 KiB a message; the rest is for the counters that a retry adds."""
MAX_ANSWERS_BYTES = 48 * 1024
"""As JSON; the door and the queue refuse the same, so that nothing with a receipt is refused later."""

_KEY = re.compile("[A-Za-z0-9_-]{22,128}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_LOCALE = re.compile("[a-z]{2}(-[a-z]{2,8})?")
_CHANNEL = re.compile("[a-z][a-z0-9-]{0,19}")


class IntakeMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Hold a submission on its way through the queue `requests-intake`: the shape that every channel sends.

    Our own door adds what its receipt already says: `resolved_version`, the edition it validated against where the
    resident named none, and `access_version`, the secret behind the access code.
    """

    idempotency_key: str
    received_at: Instant
    service: str
    answers: dict[str, Any]
    contact: Contact
    channel: str = "web"
    locale: str = "ja"
    version: int | None = None
    resolved_version: int | None = None
    access_version: int | None = None
    traceparent: str | None = None
    tries: int = 0

    @property
    def submission(self) -> Submission:
        """Return the submission as it would have come over HTTP."""
        return Submission(
            service=self.service,
            answers=self.answers,
            contact=self.contact,
            version=self.version,
            locale=self.locale,
            channel=self.channel,
        )


def is_idempotency_key(text: str) -> bool:
    """Tell whether a text can be an Idempotency-Key: 22 to 128 characters of the URL-safe alphabet."""
    return _KEY.fullmatch(text) is not None


def hash_of_body(submission: Submission) -> str:
    """Return the same text for every submission that is equal as JSON."""
    return hashlib.sha256(canonical(msgspec.to_builtins(submission)).encode()).hexdigest()


def cannot_be_kept(submission: Submission) -> bool:
    """Tell whether a submission holds what neither a document nor a message can, so that none was ever taken."""
    return any(True for _ in unsendable(msgspec.to_builtins(submission)))


def general_errors(submission: Submission) -> Iterator[FieldError]:
    """Find what no service would take: characters that cannot be kept or seen, no way to reach the resident."""
    sent = msgspec.to_builtins(submission)
    yield from unsendable(sent)
    yield from hidden(sent)
    if not _LOCALE.fullmatch(submission.locale):
        yield FieldError("/locale", "locale")
    if not _CHANNEL.fullmatch(submission.channel):
        yield FieldError("/channel", "channel")
    yield from _contact_errors(submission.contact)


def message_for(
    submission: Submission, key: str, *, received_at: Instant, access_version: int, traceparent: str | None
) -> IntakeMessage:
    """Put a submission into its message; raises SubmissionTooLarge."""
    message = IntakeMessage(
        idempotency_key=key,
        received_at=received_at,
        service=submission.service,
        answers=submission.answers,
        contact=submission.contact,
        channel=submission.channel,
        locale=submission.locale,
        version=submission.version,
        access_version=access_version,
        traceparent=traceparent,
    )
    if _are_too_large(submission.answers) or len(msgspec.json.encode(message)) > MAX_MESSAGE_BYTES:
        raise SubmissionTooLarge()
    return message


def read_message(body: str) -> IntakeMessage:
    """Read a message from the queue; raises NeverPossible where it is not one."""
    message = messages.read(body, IntakeMessage, "a submission")
    if not is_idempotency_key(message.idempotency_key):
        raise NeverPossible("idempotencyKey is not 22 to 128 characters of A-Z a-z 0-9 _ -")
    if door.is_too_deep(message.answers):
        raise NeverPossible("answers are nested too deeply")
    if cannot_be_kept(message.submission):
        raise NeverPossible("control characters or integers over 2^53")
    if _are_too_large(message.answers):
        raise NeverPossible("answers are over 48 KiB: the sender must send less")
    try:
        return msgspec.structs.replace(message, received_at=times.instant(times.moment(message.received_at)))
    except (ValueError, OverflowError):
        raise NeverPossible("receivedAt is not an RFC 3339 time with its offset, such as Z or +09:00") from None


def _are_too_large(answers: dict[str, Any]) -> bool:
    return len(msgspec.json.encode(answers)) > MAX_ANSWERS_BYTES


def _contact_errors(contact: Contact) -> Iterator[FieldError]:
    if not any(trimmed(given) for given in (contact.phone, contact.email, contact.name) if given):
        yield FieldError("/contact", "contact_missing")
    if contact.phone and not _is_phone(contact.phone):
        yield FieldError("/contact/phone", "phone")
    if contact.email and (len(contact.email) > 254 or not _EMAIL.fullmatch(contact.email)):
        yield FieldError("/contact/email", "email")
    if contact.name and len(contact.name) > 100:
        yield FieldError("/contact/name", "max_length", {"limit": 100})


def _is_phone(typed: str) -> bool:
    """Accept numbers as people type them: `090-0000-0000`, `（03）0000-0000`, `+81 90 0000 0000`, full width."""
    plain = re.sub(r"[\s()ー‐−–—-]", "", door.plain(typed))
    return re.fullmatch(r"0[0-9]{9,10}|\+[0-9]{8,15}|1[0-9]{2}", plain) is not None
