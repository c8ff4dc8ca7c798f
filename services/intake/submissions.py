"""What a submission must be before its service looks at it, and the shapes in which it waits in the intake queue."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from services import door, keys, messages, phones, times, traces
from services.case.request import Contact, Identity, Submission
from services.catalog.forms import canonical, hidden, unsendable
from services.errors import FieldError, NeverPossible, SubmissionTooLarge
from services.invisible import trimmed
from services.times import Instant, Told

QUEUE = "requests-intake"
MAX_MESSAGE_BYTES = 60 * 1024
"""A Storage queue takes 64 KiB a message; the rest is for the seal, and for the counters that a retry adds."""
MAX_ANSWERS_BYTES = 48 * 1024
"""As JSON; the door and the queue refuse the same, so that nothing with a receipt is refused later."""
OLDEST = 3 * 24 * 3600.0
"""How many seconds back the `receivedAt` of another channel is believed: enough for a weekend offline."""
DEFAULT_LOCALE = "ja"

_KEY = re.compile("[A-Za-z0-9_-]{22,128}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_LOCALE = re.compile("[a-z]{2}(-[a-z]{2,8})?")
_CHANNEL = re.compile("[a-z][a-z0-9-]{0,19}")
_UNSEALED = ("seal", "tries")
"""What a seal does not cover: itself, and the counter that a retry changes."""


class QueuedSubmission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Hold a submission on its way through the queue `requests-intake`."""

    received_at: Told
    service: str
    answers: dict[str, Any]
    contact: Contact
    channel: str = "web"
    locale: str = DEFAULT_LOCALE
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


class IntakeMessage(QueuedSubmission, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Hold what another channel sends: the Idempotency-Key, and the submission as over HTTP with `receivedAt`.

    Our own door sent this shape once, with `resolvedVersion` and `accessVersion` as its receipt says them.
    """

    idempotency_key: str


class SealedMessage(QueuedSubmission, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Hold what our own door sends: no key, but what derives from it, under a seal that nobody else can make.

    It adds what its receipt already says: `resolved_version`, the edition it validated against where the resident
    named none, and `access_version`, the secret behind the access code.
    """

    reference: str
    key_hash: str
    seal: str = ""


def is_idempotency_key(text: str) -> bool:
    """Tell whether a text can be an Idempotency-Key: 22 to 128 characters of the URL-safe alphabet."""
    return _KEY.fullmatch(text) is not None


def hash_of_body(submission: Submission) -> str:
    """Return the same text for every submission that is equal as JSON, whatever language it was sent in."""
    sent = {name: value for name, value in msgspec.to_builtins(submission).items() if name != "locale"}
    return _hash(sent)


def hash_with_language(submission: Submission) -> str:
    """Return the hash that documents and keys of forms were made of before the language was left out."""
    return _hash(msgspec.to_builtins(submission))


def hashes_of_body(submission: Submission, first_locale: str) -> tuple[str, str]:
    """Return every hash under which a body may be known that was first sent in this language."""
    return hash_of_body(submission), hash_with_language(msgspec.structs.replace(submission, locale=first_locale))


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
    submission: Submission, identity: Identity, *, received_at: Instant, traceparent: str | None
) -> SealedMessage:
    """Put a submission into its message, which has no seal yet; raises SubmissionTooLarge."""
    message = SealedMessage(
        reference=identity.reference,
        key_hash=identity.key_hash,
        received_at=received_at,
        service=submission.service,
        answers=submission.answers,
        contact=submission.contact,
        channel=submission.channel,
        locale=submission.locale,
        version=submission.version,
        access_version=identity.access_version,
        traceparent=traces.shaped(traceparent),
    )
    if _are_too_large(submission.answers) or len(msgspec.json.encode(message)) > MAX_MESSAGE_BYTES:
        raise SubmissionTooLarge()
    return message


def sealed(message: SealedMessage, secret: bytes) -> dict[str, Any]:
    """Return the message as it is sent: with a MAC over everything in it but the counter of tries."""
    plain = dict(msgspec.to_builtins(message))
    return {**plain, "seal": _seal(plain, secret)}


def read_message(body: str, secret: bytes) -> IntakeMessage | SealedMessage:
    """Read a message from the queue; raises NeverPossible where it is none, or its seal is not ours.

    A locale that is none is the default one, a traceparent that is none is dropped.
    """
    plain = messages.read(body, dict[str, Any], "a submission")
    if any(door.is_too_deep(value) for value in plain.values()):
        raise NeverPossible("answers are nested too deeply")
    if door.count_values(plain) > door.MOST_VALUES:
        raise NeverPossible("over 2,000 values: the sender must send less")
    read = _ours(plain, secret) if "seal" in plain else _of_another(plain)
    _refuse_what_no_document_holds(read)
    return msgspec.structs.replace(
        read,
        locale=read.locale if _LOCALE.fullmatch(read.locale) else DEFAULT_LOCALE,
        traceparent=traces.shaped(read.traceparent),
    )


def received_at(message: IntakeMessage | SealedMessage, now: Instant) -> tuple[Instant, bool]:
    """Return when a message counts as received, and whether its own `receivedAt` is believed.

    That of our own message is. Another channel's is within the last three days: otherwise, whoever can write to the
    queue could be the first in every line. Beyond that the message counts as received now, and a person is to look. No
    `receivedAt` ahead of now counts. Raises NeverPossible where it is no time.
    """
    try:
        at = times.told(message.received_at)
    except times.BeyondTime:
        return now, False
    except ValueError:
        raise NeverPossible("receivedAt is not an RFC 3339 time with its offset, such as Z or +09:00") from None
    if isinstance(message, IntakeMessage) and at < times.later(now, -OLDEST):
        return now, False
    return min(at, now), True


def _ours(plain: dict[str, Any], secret: bytes) -> SealedMessage:
    seal = plain["seal"]
    if not isinstance(seal, str) or any(True for _ in unsendable(plain)):
        raise NeverPossible("not sealed by this app")
    if not hmac.compare_digest(seal.encode(), _seal(plain, secret).encode()):
        raise NeverPossible("not sealed by this app")
    return messages.shaped(plain, SealedMessage, "a submission")


def _of_another(plain: dict[str, Any]) -> IntakeMessage:
    if "idempotencyKey" not in plain:
        raise NeverPossible("not a submission: Object missing required field `idempotencyKey`")
    read = messages.shaped(plain, IntakeMessage, "a submission")
    if not is_idempotency_key(read.idempotency_key):
        raise NeverPossible("idempotencyKey is not 22 to 128 characters of A-Z a-z 0-9 _ -")
    return read


def _seal(plain: dict[str, Any], secret: bytes) -> str:
    covered = {name: value for name, value in plain.items() if name not in _UNSEALED}
    return hmac.digest(keys.derived(secret, "intake"), canonical(covered).encode(), hashlib.sha256).hex()


def _refuse_what_no_document_holds(message: QueuedSubmission) -> None:
    if cannot_be_kept(message.submission):
        raise NeverPossible("control characters or integers over 2^53")
    if _are_too_large(message.answers):
        raise NeverPossible("answers are over 48 KiB: the sender must send less")
    if not _CHANNEL.fullmatch(message.channel):
        raise NeverPossible("channel is not 1 to 20 characters of a-z 0-9 - that begin with a letter")


def _hash(plain: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(plain).encode()).hexdigest()


def _are_too_large(answers: dict[str, Any]) -> bool:
    return len(msgspec.json.encode(answers)) > MAX_ANSWERS_BYTES


def _contact_errors(contact: Contact) -> Iterator[FieldError]:
    if not any(trimmed(given) for given in (contact.phone, contact.email, contact.name) if given):
        yield FieldError("/contact", "contact_missing")
    if contact.phone and not phones.is_number(contact.phone):
        yield FieldError("/contact/phone", "phone")
    if contact.email and (len(contact.email) > 254 or not _EMAIL.fullmatch(contact.email)):
        yield FieldError("/contact/email", "email")
    if contact.name and len(contact.name) > 100:
        yield FieldError("/contact/name", "max_length", {"limit": 100})
