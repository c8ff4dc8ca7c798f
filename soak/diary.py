"""What residents and staff were told, written down as they were told it."""

from collections import Counter

import msgspec

from services.case.receipts import ReceiptSecrets
from services.case.request import Identity, Submission
from services.intake.identities import identify
from soak.work import Work


class Receipt(msgspec.Struct, frozen=True, rename="camel"):
    """Hold what a resident keeps of a receipt."""

    reference: str
    access_code: str
    received_at: str


class Promise(msgspec.Struct):
    """Hold one submission under its key, the routes it must take, and every receipt that its resident was given."""

    key: str
    submission: Submission
    identity: Identity
    routes: Counter[str]
    receipts: list[Receipt] = []
    withdrawn: bool = False


class Lease(msgspec.Struct, frozen=True):
    """Hold what a member of staff was told to hold."""

    task: str
    token: int
    claim: str
    holder: str


class Diary(msgspec.Struct):
    """Collect what all clients were told; `refusals` are answers that nobody should have been given."""

    promises: list[Promise] = []
    leases: list[Lease] = []
    completions: list[Lease] = []
    refusals: list[str] = []
    answers: Counter[str] = msgspec.field(default_factory=Counter)
    seconds: list[float] = []

    def open(self, key: str, work: Work, secrets: ReceiptSecrets) -> Promise:
        """Begin a submission."""
        promise = Promise(key, work.submission, identify(secrets, work.submission, key), work.routes)
        self.promises.append(promise)
        return promise

    @property
    def held(self) -> int:
        """Return how many residents hold a receipt."""
        return sum(1 for promise in self.promises if promise.receipts)
