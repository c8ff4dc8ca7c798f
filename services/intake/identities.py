"""The identity of a submission: derived from its key and body, or taken from a message with our own seal."""

from services.case import receipts
from services.case.receipts import ReceiptSecrets
from services.case.request import Identity, Submission
from services.intake import submissions as intake
from services.intake.submissions import IntakeMessage, SealedMessage


def identify(secrets: ReceiptSecrets, submission: Submission, key: str, access_version: int | None = None) -> Identity:
    """Derive what a submission is known by; the access code is made under the newest secret unless told otherwise."""
    return Identity(
        reference=receipts.reference_for(secrets, submission.channel, key),
        key_hash=receipts.hash_of_key(secrets, submission.channel, key),
        body_hash=intake.hash_of_body(submission),
        access_version=known_version(secrets, access_version),
    )


def identity_of(secrets: ReceiptSecrets, message: IntakeMessage | SealedMessage) -> Identity:
    """Return what a message is known by: as our seal vouches for it, else derived from its key."""
    if isinstance(message, IntakeMessage):
        return identify(secrets, message.submission, message.idempotency_key, message.access_version)
    return Identity(
        reference=message.reference,
        key_hash=message.key_hash,
        body_hash=intake.hash_of_body(message.submission),
        access_version=known_version(secrets, message.access_version),
    )


def known_version(secrets: ReceiptSecrets, access_version: int | None) -> int:
    """Return the version of the secret behind an access code, the newest where this one is not there (any more)."""
    return access_version if access_version in secrets.access else secrets.current_version
