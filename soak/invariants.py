"""What must hold after everything has come to rest: nothing lost, nothing twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from services.case.documents import Event
from services.case.request import Request
from services.case.task import Task
from services.failures.model import FailureSummary
from soak.diary import Diary, Promise

ONCE = {"accepted", "dispatched", "completed", "withdrawn", "created", "cancelled"}
"""Events that a document goes through at most once, whatever their ids."""


class Stored(msgspec.Struct, frozen=True):
    """Hold what the stores contain; `views` are the claims and tasks of the audit records."""

    requests: Sequence[Request]
    tasks: Sequence[Task]
    failures: Sequence[FailureSummary]
    views: frozenset[tuple[str | None, str | None]]

    def tasks_of(self) -> dict[str, list[Task]]:
        """Group the tasks by the reference of their request."""
        grouped: dict[str, list[Task]] = {request.reference: [] for request in self.requests}
        for task in self.tasks:
            grouped.setdefault(task.reference, []).append(task)
        return grouped


class Check(msgspec.Struct, frozen=True):
    """Hold how many things an invariant was asked of, and each that breaks it."""

    name: str
    asked: int
    broken: tuple[str, ...]


BESIDE_ROUTES = ("household", "notice", "handing-over")
"""Routes of tasks by which supplies ask a person, beside those that a request matches."""

type Rule = Callable[[Diary, Stored], Iterator[str]]


def check(diary: Diary, stored: Stored) -> list[Check]:
    """Ask every invariant."""
    counts = {"receipts": diary.held, "requests": len(stored.requests), "tasks": len(stored.tasks)}
    counts |= {"completions": len(diary.completions), "claims": len(diary.leases), "failures": len(stored.failures)}
    counts |= {"withdrawals": sum(promise.withdrawn for promise in diary.promises), "refusals": len(diary.refusals)}
    counts |= {"documents": counts["requests"] + counts["tasks"]}
    return [Check(name, counts[of], tuple(rule(diary, stored))) for name, of, rule in RULES]


def without_receipt(diary: Diary, stored: Stored) -> int:
    """Count the requests whose resident gave up before any receipt came."""
    waiting = {promise.identity.key_hash for promise in diary.promises if not promise.receipts}
    return sum(request.key_hash in waiting for request in stored.requests)


def _every_receipt_is_kept(diary: Diary, stored: Stored) -> Iterator[str]:
    by_key: dict[str, list[Request]] = {}
    for request in stored.requests:
        by_key.setdefault(request.key_hash, []).append(request)
    for promise in _held(diary):
        found = by_key.get(promise.identity.key_hash, [])
        if len(found) != 1:
            yield f"{promise.receipts[0].reference}: {len(found)} requests"
        elif (found[0].reference, found[0].body_hash) != (promise.receipts[0].reference, promise.identity.body_hash):
            yield f"{promise.receipts[0].reference}: another request or body stands for it"


def _every_receipt_is_the_same(diary: Diary, _: Stored) -> Iterator[str]:
    for promise in _held(diary):
        if len({(receipt.reference, receipt.access_code) for receipt in promise.receipts}) > 1:
            yield f"{promise.receipts[0].reference}: receipts differ"


def _the_earliest_receipt_counts(diary: Diary, stored: Stored) -> Iterator[str]:
    received = {request.key_hash: request.received_at for request in stored.requests}
    for promise in _held(diary):
        earliest = min(receipt.received_at for receipt in promise.receipts)
        if received.get(promise.identity.key_hash, earliest) > earliest:
            yield f"{promise.receipts[0].reference}: received later than its receipt says"


def _no_request_is_a_stranger(diary: Diary, stored: Stored) -> Iterator[str]:
    known = {promise.identity.key_hash for promise in diary.promises}
    yield from (f"{request.reference}: nobody sent it" for request in stored.requests if request.key_hash not in known)


def _every_route_made_one_task(diary: Diary, stored: Stored) -> Iterator[str]:
    routes = {promise.identity.key_hash: promise.routes for promise in diary.promises}
    tasks = stored.tasks_of()
    for request in stored.requests:
        wanted = routes.get(request.key_hash, Counter())
        made = Counter(task.route for task in tasks[request.reference] if task.route not in BESIDE_ROUTES)
        if made != wanted and not (request.status == "withdrawn" and not made):
            yield f"{request.reference}: tasks {sorted(made.elements())} for routes {sorted(wanted.elements())}"


def _the_request_mirrors_its_tasks(_: Diary, stored: Stored) -> Iterator[str]:
    tasks = stored.tasks_of()
    for request in stored.requests:
        mirrored = sorted((task.id, task.status, task.outcome) for task in request.tasks)
        if mirrored != sorted((task.id, task.status, task.outcome) for task in tasks[request.reference]):
            yield f"{request.reference}: says otherwise of its tasks"


def _no_step_is_pending(_: Diary, stored: Stored) -> Iterator[str]:
    for request in stored.requests:
        left = [id_ for id_, step in request.pending.items() if step.kind != "expire"]
        if left:
            yield f"{request.reference}: {', '.join(left)} pending"


def _no_event_stands_twice(_: Diary, stored: Stored) -> Iterator[str]:
    documents: tuple[Request | Task, ...] = (*stored.requests, *stored.tasks)
    for document in documents:
        twice = sorted(set(_repeated(document.history)))
        if twice:
            yield f"{document.id}: {', '.join(twice)} more than once"


def _what_is_final_has_no_open_task(_: Diary, stored: Stored) -> Iterator[str]:
    tasks = stored.tasks_of()
    for request in stored.requests:
        open_ = [task.id for task in tasks[request.reference] if task.status == "open"]
        if request.status != "accepted" and open_:
            yield f"{request.reference}: {request.status}, yet {', '.join(open_)} open"


def _what_is_not_final_has_an_open_task(_: Diary, stored: Stored) -> Iterator[str]:
    tasks = stored.tasks_of()
    for request in stored.requests:
        is_open = any(task.status == "open" for task in tasks[request.reference])
        is_kept = any(part.lasts for part in request.parts.values())
        if request.status == "accepted" and not is_open and not is_kept:
            yield f"{request.reference}: accepted, and nobody has anything to do"


def _every_open_task_is_due(_: Diary, stored: Stored) -> Iterator[str]:
    yield from (f"{t.id}: open and never due" for t in stored.tasks if t.status == "open" and not t.due_at)


def _a_confirmed_completion_stands(diary: Diary, stored: Stored) -> Iterator[str]:
    tasks = {task.id: task for task in stored.tasks}
    for task, times in Counter(lease.task for lease in diary.completions).items():
        if times > 1:
            yield f"{task}: completed {times} times"
        if task not in tasks or tasks[task].status != "completed":
            yield f"{task}: completed for its holder, not in the store"


def _a_confirmed_withdrawal_stands(diary: Diary, stored: Stored) -> Iterator[str]:
    statuses = {request.key_hash: request.status for request in stored.requests}
    for promise in diary.promises:
        if promise.withdrawn and statuses.get(promise.identity.key_hash) != "withdrawn":
            yield f"{promise.identity.reference}: withdrawn for its resident, not in the store"


def _no_token_was_given_twice(diary: Diary, _: Stored) -> Iterator[str]:
    given = Counter((lease.task, lease.token) for lease in diary.leases)
    yield from (f"{task}: token {token} given {n} times" for (task, token), n in given.items() if n > 1)


def _every_view_is_recorded(diary: Diary, stored: Stored) -> Iterator[str]:
    for lease in diary.leases:
        if (lease.claim, lease.task) not in stored.views:
            yield f"{lease.task}: claimed by {lease.holder} without a record"


def _nothing_failed(_: Diary, stored: Stored) -> Iterator[str]:
    yield from (f"{f.queue}: {f.error} ({f.tries} tries)" for f in stored.failures)


def _nobody_was_refused(diary: Diary, _: Stored) -> Iterator[str]:
    yield from diary.refusals


RULES: tuple[tuple[str, str, Rule], ...] = (
    ("every receipt has its request", "receipts", _every_receipt_is_kept),
    ("a repeat gave the same receipt", "receipts", _every_receipt_is_the_same),
    ("the earliest receipt counts", "receipts", _the_earliest_receipt_counts),
    ("no request but those that were sent", "requests", _no_request_is_a_stranger),
    ("every route made one task", "requests", _every_route_made_one_task),
    ("a request mirrors its tasks", "requests", _the_request_mirrors_its_tasks),
    ("no step is pending", "requests", _no_step_is_pending),
    ("no event stands twice", "documents", _no_event_stands_twice),
    ("nothing final has an open task", "requests", _what_is_final_has_no_open_task),
    ("nothing stands still", "requests", _what_is_not_final_has_an_open_task),
    ("every open task is due", "tasks", _every_open_task_is_due),
    ("a confirmed completion stands, once", "completions", _a_confirmed_completion_stands),
    ("a confirmed withdrawal stands", "withdrawals", _a_confirmed_withdrawal_stands),
    ("no fencing token was given twice", "claims", _no_token_was_given_twice),
    ("every view is in the audit", "claims", _every_view_is_recorded),
    ("no message failed for good", "failures", _nothing_failed),
    ("nobody was refused", "refusals", _nobody_was_refused),
)


def _held(diary: Diary) -> Iterable[Promise]:
    return (promise for promise in diary.promises if promise.receipts)


def _repeated(history: Sequence[Event]) -> Iterator[str]:
    ids = Counter(event.id for event in history)
    yield from (id_ for id_, times in ids.items() if times > 1)
    kinds = Counter(event.event for event in history if event.event in ONCE)
    yield from (kind for kind, times in kinds.items() if times > 1)
