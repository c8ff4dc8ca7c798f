"""What a browser is known by while it fills in forms: a draft, in one sealed cookie. No I/O; time comes in.

The draft makes the keys of what is sent, and says which receipt the browser may open again. It says nothing about a
person: ids, times and keyed hashes. `docs/decisions/0014-a-draft-in-a-cookie-makes-the-key.md` says why.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Literal

import msgspec

from services import door, times
from services.times import Instant

LASTS = 12 * 3600
"""Seconds for which a browser keeps the cookie: a day at a shared device, or a form that waits for a document."""
OPEN_FOR = 30 * 60.0
"""Seconds for which a receipt opens again without its access code."""
MOST_CLOSED = 20
"""Closed receipts that are remembered: a tab remembers 50 pages, and a request takes three of them."""
MOST_ASIDE = 3
"""Receipts that other content closed and their own content opens again."""
LONGEST = 3_000
"""Characters of a cookie that are looked at; ours has 2,500 at most."""

type Verdict = Literal["new", "same", "closed"]
"""What a body is to a browser: new; that of its open receipt; that of a receipt which was closed."""


class Open(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold what a receipt is drawn from once more; its access code derives from reference and `version`.

    `seed` is what its key was made of, `mark` tells its content from any other.
    """

    seed: str
    mark: str
    service: str
    reference: str
    version: int
    received_at: Instant
    until: Instant
    status: str
    how: str


class Draft(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Hold the draft of a browser: `receipt` may be opened again, `closed` are the marks of those that may not.

    `earlier` says when the request was received whose receipt was closed because other content was checked. Such
    receipts are put `aside`: whoever types the same content again on a page of now, opens theirs again.
    """

    id: str
    receipt: Open | None = None
    earlier: Instant | None = None
    aside: tuple[Open, ...] = ()
    closed: tuple[str, ...] = ()


def new() -> Draft:
    """Begin a draft."""
    return Draft(id=secrets.token_urlsafe(24))


def mark_of(secret: bytes, seed: str, body_hash: str) -> str:
    """Return by what a body under a seed is recognised; nobody can find out the body from it."""
    return _digest(secret, "mark", seed, body_hash)[:8]


def judged(draft: Draft | None, mark: str) -> Verdict:
    """Tell what a body is to a browser."""
    if draft and draft.receipt and draft.receipt.mark == mark:
        return "same"
    return "closed" if draft and mark in draft.closed else "new"


def checked(draft: Draft, secret: bytes, seed: str, body_hash: str) -> tuple[Verdict, str, Draft]:
    """Tell what a body that is checked is to a browser, under which seed to send it, and the draft from then on.

    A body keeps the seed of its page where that was used for it; any other goes under the draft. It closes a receipt,
    unless it is the content of one that was put aside.
    """
    for one in (seed, draft.id):
        verdict = judged(draft, mark_of(secret, one, body_hash))
        if verdict != "new":
            return verdict, one, draft
    for kept in draft.aside:
        if kept.mark == mark_of(secret, kept.seed, body_hash):
            return "same", kept.seed, _opened_again(draft, secret, kept)
    following = beside(draft, secret)
    return "new", following.id, following


def closed(draft: Draft, secret: bytes) -> Draft:
    """Close the receipt of a draft and begin the next one; a call that comes twice begins the same."""
    receipt = draft.receipt
    marks = (*draft.closed, receipt.mark) if receipt else draft.closed
    following = _digest(secret, "next", draft.id, receipt.mark if receipt else "")[:32]
    return Draft(id=following, closed=marks[-MOST_CLOSED:])


def beside(draft: Draft, secret: bytes) -> Draft:
    """Close the receipt of a draft for other content, put it aside, and remember when its request was received."""
    if draft.receipt is None:
        return draft
    aside = (draft.receipt, *draft.aside)[:MOST_ASIDE]
    return msgspec.structs.replace(closed(draft, secret), earlier=draft.receipt.received_at, aside=aside)


def opened(draft: Draft, receipt: Open) -> Draft:
    """Let a receipt be opened again."""
    return msgspec.structs.replace(draft, receipt=receipt, earlier=None)


def open_receipt(draft: Draft | None, service: str, mark: str, now: Instant) -> Open | None:
    """Return the receipt of a service, with this mark, that a browser may open now."""
    receipt = draft.receipt if draft else None
    is_that = receipt is not None and (receipt.service, receipt.mark) == (service, mark)
    return receipt if receipt and is_that and now < receipt.until else None


def held_by(draft: Draft | None, secret: bytes) -> str:
    """Return by what a page that shows a request is known as one of this draft; nothing where there is none."""
    return _digest(secret, "held", draft.id)[:8] if draft else ""


def has_ended(draft: Draft | None, secret: bytes, held: str) -> bool:
    """Tell whether a page was of a draft that has ended since, so that a browser sends again what nobody typed."""
    return draft is not None and held not in ("", held_by(draft, secret))


def sent_before(draft: Draft | None) -> Instant | None:
    """Return when a request was received that this browser sent and nobody said was the end."""
    if draft is None:
        return None
    return draft.receipt.received_at if draft.receipt else draft.earlier


def read(header: str, secret: bytes, *, is_secure: bool) -> Draft | None:
    """Read the draft in a Cookie header; None where none of its cookies is ours."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    sealed = (value for name, _, value in pairs if name == _name(is_secure) and len(value) <= LONGEST)
    return next((draft for one in sealed if (draft := _unsealed(one, secret))), None)


def cookie(draft: Draft, secret: bytes, *, is_secure: bool) -> str:
    """Write a draft as a Set-Cookie header; no script reads it, and no other site sends it with a form."""
    content = base64.urlsafe_b64encode(msgspec.json.encode(draft)).decode().rstrip("=")
    value = f"{content}.{_digest(secret, 'seal', content)}"
    secure = "; Secure" if is_secure else ""
    return f"{_name(is_secure)}={value}; Path=/; Max-Age={LASTS}; HttpOnly; SameSite=Lax{secure}"


def _opened_again(draft: Draft, secret: bytes, kept: Open) -> Draft:
    """Let a receipt that was put aside be opened again, in place of any other."""
    following = beside(draft, secret)
    return msgspec.structs.replace(
        following,
        receipt=kept,
        earlier=None,
        aside=tuple(one for one in following.aside if one.mark != kept.mark),
        closed=tuple(mark for mark in following.closed if mark != kept.mark),
    )


def until(now: Instant) -> Instant:
    """Return until when a receipt opens that is shown now."""
    return times.later(now, OPEN_FOR)


def _name(is_secure: bool) -> str:
    """Return the name: with the prefix, a browser takes it from this very host alone, and only over HTTPS."""
    return "__Host-draft" if is_secure else "draft"


def _unsealed(value: str, secret: bytes) -> Draft | None:
    content, _, seal = value.partition(".")
    if not hmac.compare_digest(seal.encode(errors="replace"), _digest(secret, "seal", content).encode()):
        return None
    try:
        return msgspec.convert(door.json(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4))), Draft)
    except (ValueError, msgspec.ValidationError, door.Unreadable, door.TooMuch):
        return None


def _digest(secret: bytes, *parts: str) -> str:
    made = hmac.digest(secret, "\0".join(parts).encode(errors="replace"), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
