"""What must hold at every write and of every stored case, however it came about."""

from services import times
from services.case.documents import Event
from services.case.request import Case, Changes, Request
from services.case.task import Task
from tests.fakes import FakeClock, FakeRequests

FIVE_SECONDS = 5


class WatchedRequests(FakeRequests):
    """Check each write of a task against the state it found."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock
        self._leases: dict[tuple[str, int], tuple[str, str]] = {}

    async def save(self, case: Case, changes: Changes) -> Case:
        before = self.cases[case.request.reference]
        saved = await super().save(case, changes)
        self._check_write(before, self.cases[case.request.reference])
        return saved

    def _check_write(self, before: Case, after: Case) -> None:
        check_request_write(before.request, after.request)
        for id_, task in after.tasks.items():
            if id_ not in before.tasks:
                assert (task.status, task.token, task.lease) == ("open", 0, None)
            elif task != before.tasks[id_]:
                check_task_write(before.tasks[id_], task, self._clock())
            if task.lease:
                held = (task.lease.holder, task.lease.claim_id)
                assert self._leases.setdefault((id_, task.lease.token), held) == held, "two leases share a token"


def check_request_write(before: Request, after: Request) -> None:
    """Check that a request ends only when nothing is left to do, and that a withdrawn one stays withdrawn."""
    check_only_added(before.history, after.history)
    assert before.status in (after.status, "accepted") or (before.status, after.status) == ("completed", "accepted")
    assert before.status == after.status or after.status == "accepted" or not after.pending


def check_task_write(before: Task, after: Task, now: str) -> None:
    """Check that whoever changed the task was allowed to, by the state that the write replaced."""
    check_only_added(before.history, after.history)
    assert before.status == "open", f"a {before.status} task was changed"
    event = after.history[-1]
    verb = event.id.partition(".")[0]
    if verb == "claim":
        assert before.lease is None or times.later(before.lease.until, FIVE_SECONDS) <= now, "two hold one task"
        assert after.lease is not None
        assert after.token == after.lease.token == before.token + 1
        return
    assert after.token == before.token
    if verb != "withdraw":
        assert before.lease is not None
        assert event.id == f"{verb}.{before.lease.token}", "a token that is not the current one"
        assert verb == "revoke" or event.by_id == before.lease.holder
        assert (after.lease is None) == (verb in ("release", "revoke"))


def check_only_added(before: tuple[Event, ...], after: tuple[Event, ...]) -> None:
    """Check that a history only grew; a renewal or an earlier receipt may replace the one before it."""
    ids = [event.id for event in after]
    assert len(ids) == len(set(ids)), "an event stands twice in a history"
    kept = set(after)
    assert all(event in kept or event.id.startswith(("renew.", "received.")) for event in before)


def check_case(case: Case) -> None:
    """Check a stored case on its own."""
    request, tasks = case.request, case.tasks
    mirrored = {t.id: (t.status, t.outcome, t.kind, t.team) for t in request.tasks}
    assert len(mirrored) == len(request.tasks)
    assert mirrored == {t.id: (t.status, t.outcome, t.kind, t.team) for t in tasks.values()}
    assert request.status == "accepted" or not any(task.status == "open" for task in tasks.values())
    assert (request.due_at is not None) == bool(request.pending), "pending for ever, or swept for ever"
    for task in tasks.values():
        assert (task.due_at is not None) == (task.status == "open"), "open for ever, or swept for ever"
    for history in (request.history, *(task.history for task in tasks.values())):
        check_only_added((), history)
