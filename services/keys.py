"""Keys derived from the one secret of references, one for each purpose and useless for any other."""

import hashlib
import hmac


def derived(secret: bytes, purpose: str) -> bytes:
    """Derive the key of a purpose (32 bytes).

    Receipts, households and quotas keep using the secret itself: what they derived stands in documents and in hands.
    """
    return hmac.digest(secret, f"key\0{purpose}".encode(), hashlib.sha256)
