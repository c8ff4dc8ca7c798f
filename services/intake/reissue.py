"""Another access code for a resident whose code was seen by others: who they are is checked, and the old one ends."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from services import door, times
from services.case import audit, cases, receipts
from services.case.documents import Event
from services.case.ports import AuditLog, RequestStore
from services.case.receipts import ReceiptSecrets
from services.case.request import Case, Changes, Request
from services.case.task import Staff
from services.errors import AccessCodeShown, FieldError, InvalidSubmission, UnknownRequest
from services.intake.identities import known_version
from services.intake.service import Requests
from services.times import Clock, Instant

type Checked = Literal[
    "driving_licence", "my_number_card", "passport", "residence_card", "health_insurance", "questions", "other"
]
"""運転免許証, マイナンバーカード, パスポート, 在留カード, 資格確認書; 聞き取り (by questions alone); その他."""

WITHOUT_DOCUMENT: tuple[Checked, ...] = ("questions", "other")
SHOWN_FOR = 600.0
"""Seconds for which a repeat shows the code again, as a reply can get lost; later, no history brings it back."""
EVENT = "access_code_reissued"

_NUMBER = re.compile(r"[0-9](?:[\s\-‐-―−ー.・/]*[0-9]){5}")
"""Six digits or more: a number of a document, or a day of birth."""


class Reissue(msgspec.Struct, frozen=True, kw_only=True):
    """Say how it was checked who asks; `id` makes a repeat the same, `note` says what a document did not."""

    id: str
    checked: Checked
    note: str | None = None


class Reissued(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Hold the code that opens a request from now on."""

    reference: str
    access_code: str


class Reissuing:
    """Let staff and operators give a resident another access code."""

    def __init__(
        self, store: RequestStore, requests: Requests, audit: AuditLog, secrets: ReceiptSecrets, clock: Clock
    ) -> None:
        self._store = store
        self._requests = requests
        self._audit = audit
        self._secrets = secrets
        self._clock = clock

    async def reissue(self, typed: str, asked: Reissue, staff: Staff) -> Reissued:
        """End the code of a request and return the next one, recorded before; the same id gives the same code.

        Raises InvalidSubmission, UnknownRequest, and AccessCodeShown where it is not shown again.
        """
        errors = tuple(_problems(asked))
        if errors:
            raise InvalidSubmission(errors)
        known = receipts.read_reference(typed)
        request = await self._store.read(known) if known else None
        if request is None:
            raise UnknownRequest()
        await self._record(request.reference, asked, staff)
        case = await cases.change(self._store, request.reference, lambda case: self._decide(case, asked, staff))
        self._requests.forget_tries(request.reference)
        return Reissued(reference=request.reference, access_code=self._code_of(case.request))

    def _decide(self, case: Case, asked: Reissue, staff: Staff) -> Changes:
        version = known_version(self._secrets, case.request.access_version)
        return reissued(case.request, asked, staff, version=version, now=self._clock())

    def _code_of(self, request: Request) -> str:
        return receipts.access_code_for(
            self._secrets, request.reference, version=request.access_version, epoch=request.access_epoch
        )

    async def _record(self, reference: str, asked: Reissue, staff: Staff) -> None:
        now, operation = self._clock(), _operation(asked, staff)
        await self._audit.append(audit.record(EVENT, reference, staff, now, reason=_said(asked), operation=operation))


def reissued(request: Request, asked: Reissue, staff: Staff, *, version: int, now: Instant) -> Changes:
    """Let the next access code open a request, once for an id; raises AccessCodeShown."""
    operation = _operation(asked, staff)
    if request.has(operation):
        last = next(event for event in reversed(request.history) if event.event == EVENT)
        if last.id != operation or times.later(last.at, SHOWN_FOR) <= now:
            raise AccessCodeShown()
        return ()
    event = Event(id=operation, at=now, event=EVENT, by=staff.name, by_id=staff.id, note=_said(asked))
    epoch = request.access_epoch + 1
    return (replace(request, access_version=version, access_epoch=epoch, history=(*request.history, event)),)


def _problems(asked: Reissue) -> Iterator[FieldError]:
    if asked.checked in WITHOUT_DOCUMENT and not (asked.note or "").strip():
        yield FieldError("/note", "required")
    if _NUMBER.search(door.plain(asked.note or "")):
        yield FieldError("/note", "document_number")


def _operation(asked: Reissue, staff: Staff) -> str:
    return f"{EVENT}.{staff.id}.{asked.id}"


def _said(asked: Reissue) -> str:
    return f"{asked.checked}: {asked.note}" if asked.note else asked.checked
