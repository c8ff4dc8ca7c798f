"""References (受付番号) and access codes: derived by HMAC, so that a receipt is known before its document is there."""

import hashlib
import hmac
import re

import msgspec

from services import door

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 12
ACCESS_CODE_LENGTH = 8
_WRITTEN = re.compile(f"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{2}}")
_LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})


class ReceiptSecrets(msgspec.Struct, frozen=True):
    """Hold the secret behind references, which never rotates, and the versioned ones behind access codes."""

    reference: bytes
    access: dict[int, bytes]

    @property
    def current_version(self) -> int:
        """Return the version under which new access codes are made: the highest."""
        return max(self.access)


def reference_for(secrets: ReceiptSecrets, channel: str, key: str) -> str:
    """Derive the reference of a submission: `K7M2-QX9P-D4TB`, 11 characters and a check character."""
    free = _characters(_hmac(secrets.reference, "reference", channel, key), REFERENCE_LENGTH - 1)
    return _grouped(free + _check_character(free))


def access_code_for(secrets: ReceiptSecrets, reference: str, *, version: int, epoch: int) -> str:
    """Derive the access code (8 characters) that opens a request; staff reissue it by counting the epoch up."""
    return _characters(_hmac(secrets.access[version], "access", reference, str(epoch)), ACCESS_CODE_LENGTH)


def hash_of_key(secrets: ReceiptSecrets, channel: str, key: str) -> str:
    """Derive the hash by which a document recognises its Idempotency-Key; nobody can send the key again from it."""
    return _hmac(secrets.reference, "key", channel, key).hex()


def read_reference(typed: str) -> str | None:
    """Read a reference as people type it (case, dashes, full width, O for 0); None where it cannot be one."""
    plain = read_code(typed)
    if len(plain) != REFERENCE_LENGTH or any(c not in ALPHABET for c in plain):
        return None
    return _grouped(plain) if _check_character(plain[:-1]) == plain[-1] else None


def is_reference(text: str) -> bool:
    """Tell whether a text has the shape of a reference as we write it, whatever its check character says."""
    return _WRITTEN.fullmatch(text) is not None


def read_code(typed: str) -> str:
    """Bring a typed reference or access code into the alphabet's spelling, without separators.

    Return an empty text for one that is too long to be either.
    """
    folded = door.plain(typed).upper() if len(typed) <= door.LONGEST_LINE else ""
    return "".join(c for c in folded if c.isalnum()).translate(_LOOK_ALIKES)


def opens(secrets: ReceiptSecrets, reference: str, code: str, *, version: int, epoch: int) -> bool:
    """Tell whether an access code opens a request whose code was made under this version and epoch."""
    if version not in secrets.access:
        return False
    expected = access_code_for(secrets, reference, version=version, epoch=epoch)
    return hmac.compare_digest(expected.encode(), code.encode(errors="replace"))


def has_ended(secrets: ReceiptSecrets, reference: str, code: str, *, version: int, epoch: int) -> bool:
    """Tell whether a code opened the request before another was issued; whoever still tries it is not guessing."""
    return any(opens(secrets, reference, code, version=version, epoch=earlier) for earlier in range(epoch))


def is_genuine(secrets: ReceiptSecrets, reference: str, code: str) -> bool:
    """Tell whether a pair is a first receipt of ours, whether or not its document is there yet."""
    return version_behind(secrets, reference, code) is not None


def version_behind(secrets: ReceiptSecrets, reference: str, code: str) -> int | None:
    """Return the version of the secret behind a first access code; None where it is none."""
    found = (version for version in secrets.access if opens(secrets, reference, code, version=version, epoch=0))
    return next(found, None)


def _hmac(secret: bytes, *parts: str) -> bytes:
    return hmac.digest(secret, "\0".join(parts).encode(), hashlib.sha256)


def _characters(digest: bytes, length: int) -> str:
    number = int.from_bytes(digest, "big")
    return "".join(ALPHABET[(number >> (5 * i)) & 31] for i in range(length))


def _check_character(free: str) -> str:
    """Compute the check character by the Luhn algorithm modulo 32: every single wrong character shows."""
    total = 0
    for position, character in enumerate(reversed(free)):
        value = ALPHABET.index(character) * (2 - position % 2)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def _grouped(plain: str) -> str:
    return "-".join(plain[i : i + 4] for i in range(0, len(plain), 4))
