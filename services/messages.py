"""Reading queue messages, and saying what is wrong with one so that a person can act, without a word of its content."""

import base64
import binascii
import re

import msgspec

from services.errors import NeverPossible

_OF_TYPES_ONLY = re.compile(
    r"Expected `[^`]*`( of length [<>=]+ \d+)?(, got `[^`]*`)?|Object missing required field `\w+`"
)
_WHERE = re.compile(r" - at `(\$[\w.\[\]]*)`$")


def read[T](body: str, type_: type[T], what: str) -> T:
    """Read a message; raises NeverPossible, which says what the sender has to change."""
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise NeverPossible(f"not {what}: {shape(error)}") from None
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise NeverPossible(_no_json(body)) from None


def shaped[T](plain: object, type_: type[T], what: str) -> T:
    """Read a message whose JSON was read; raises NeverPossible as `read` does."""
    try:
        return msgspec.convert(plain, type_)
    except msgspec.ValidationError as error:
        raise NeverPossible(f"not {what}: {shape(error)}") from None


def shape(error: msgspec.ValidationError) -> str:
    """Keep of msgspec's message what names types and our own fields; drop what quotes a value or the sender's field."""
    message = str(error)
    said, found = _OF_TYPES_ONLY.match(message), _WHERE.search(message)
    shape = said[0] if said else "unknown field, or value out of range"
    return f"{shape} at {found[1]}" if found else shape


def _no_json(body: str) -> str:
    try:
        msgspec.json.decode(base64.b64decode(body, validate=True))
    except (binascii.Error, msgspec.DecodeError, RecursionError, ValueError):
        return "not JSON: the sender must send one JSON object as UTF-8 text"
    return "base64: the sender must send plain text (messageEncoding none)"
