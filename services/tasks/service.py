"""Staff at work: claiming tasks, renewing, releasing and revoking leases, completing."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from services import times
from services.advance import following
from services.advance.dispatching import message_of
from services.advance.model import QUEUE, wake_up
from services.case import audit, cases
from services.case import request as requests
from services.case import task as tasks
from services.case.ports import AuditLog, Message, Queues, RequestStore
from services.case.request import Case, Changes, Request
from services.case.task import HIDDEN_AFTER_LEASE, MessageHandle, Staff, Task, TaskStatus, queue_of
from services.catalog.service import Catalog
from services.errors import (
    UNTIL_MENDED,
    UNUSABLE,
    DocumentDamaged,
    Forbidden,
    Refusal,
    StoreUnavailable,
    UnknownOutcome,
    UnknownTask,
    WriteConflict,
)
from services.tasks.claims import Claim
from services.tasks.ports import ClaimStore
from services.tasks.team_queues import Candidate, TeamQueues
from services.times import Clock

LIST_LIMIT = 200


class ClaimedTask(msgspec.Struct, frozen=True):
    """Hand a task over together with the request it belongs to."""

    task: Task
    request: Request


class Tasks:
    """Serve staff."""

    def __init__(
        self,
        store: RequestStore,
        claims: ClaimStore,
        queues: Queues,
        team_queues: TeamQueues,
        audit: AuditLog,
        catalog: Catalog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._claims = claims
        self._queues = queues
        self._team_queues = team_queues
        self._audit = audit
        self._catalog = catalog
        self._clock = clock

    async def claim_next(
        self, team: str, staff: Staff, *, claim_id: str, limit: int, seconds: int
    ) -> list[ClaimedTask]:
        """Lease up to `limit` tasks of a team.

        For a day the same claim id gives its holder these tasks again, as far as they are still held, and no others.
        """
        await self._must_work_for(team, staff)
        claim = await self._claims.read(claim_id)
        candidates: list[Candidate] = []
        if claim is None:
            candidates = await self._team_queues.next_of(team, limit)
            if not candidates:
                return []
            claim = await self._chosen(claim_id, team, staff, candidates)
        if not claim.is_of(staff, team):
            return []
        claimed = await self._lease(claim, candidates, staff, seconds)
        for one in claimed:
            await self._record_view(one, staff, claim_id)
        return claimed

    async def claim(self, task_id: str, staff: Staff, *, claim_id: str, seconds: int) -> ClaimedTask:
        """Lease one task, for an app that polls the queue itself; raises TaskHeld, TaskClosed, RequestWithdrawn."""
        case, task = await self._task_of(task_id, staff)
        claimed = await self._claim(Candidate(case, task), staff, claim_id, seconds)
        await self._record_view(claimed, staff, claim_id)
        return claimed

    async def renew(self, task_id: str, staff: Staff, token: int, *, seconds: int) -> Task:
        """Move the end of a lease; raises StaleToken."""
        case, task = await self._task_of(task_id, staff)
        now = self._clock()
        until = times.later(now, seconds)
        tasks.renew(task, staff, token, until=until, now=now)
        handle = await self._hide(task.lease.message if task.lease else None, seconds)
        return await self._change(
            case,
            task_id,
            lambda read: tasks.renew(read, staff, token, until=until, now=now, message=handle),
            done=lambda read: tasks.is_renewed(read, token, until),
        )

    async def release(self, task_id: str, staff: Staff, token: int, *, note: str | None) -> Task:
        """Give a task back to its team at once; raises StaleToken."""
        case, before = await self._task_of(task_id, staff)
        task = await self._change(
            case,
            task_id,
            lambda read: tasks.release(read, staff, token, note=note, now=self._clock()),
            done=lambda read: read.has(tasks.release_operation(token)),
        )
        await self._deliver_again(before, task)
        return task

    async def revoke(self, task_id: str, supervisor: Staff, token: int, *, note: str | None) -> Task:
        """Take a task from its holder; raises StaleToken, and Forbidden for whoever is no supervisor."""
        if not supervisor.supervises:
            raise Forbidden("Supervisor")
        case, before = await self._load(task_id)
        task = await self._change(
            case,
            task_id,
            lambda read: tasks.revoke(read, supervisor, token, note=note, now=self._clock()),
            done=lambda read: read.has(tasks.revoke_operation(token)),
        )
        await self._deliver_again(before, task)
        return task

    async def complete(self, task_id: str, staff: Staff, token: int, *, outcome: str, note: str | None) -> Task:
        """Finish a task and, with the last one, its request; raises StaleToken, RequestWithdrawn, UnknownOutcome.

        After an outcome that is no end, or where the request would stand still, a supervisor is asked.
        """
        case, before = await self._task_of(task_id, staff)
        definition = (await self._catalog.edition(before.service, before.version)).definition
        if not definition.knows_outcome(outcome):
            raise UnknownOutcome(outcome)

        def decide(read: Case) -> Changes:
            task = read.tasks[task_id]
            if task.has(tasks.complete_operation(token)) and _was_held_by(staff, task, token):
                return ()
            now = self._clock()
            completed = tasks.complete(task, staff, token, outcome=outcome, note=note, now=now)
            followed = read.request
            for section in definition.sections.values():
                followed = section.task_ended(followed, definition, task, outcome, now)
            is_final = definition.is_final(outcome)
            followed = following.after(read.request, followed, completed, is_end=outcome == "done" or is_final, now=now)
            return (requests.record_completion(followed, completed, now, final=is_final), completed)

        case = await cases.change(self._store, case.request.reference, decide, case)
        await self._wake(case.request)
        await self._delete(before)
        return case.tasks[task_id]

    async def of_team(self, team: str, staff: Staff, status: TaskStatus) -> list[Task]:
        """List who is working on what; ids only, so no view of a resident's data."""
        if not (staff.works_for(team) or staff.supervises):
            raise Forbidden(f"Team.{team}")
        return await self._store.tasks_of_team(team, status, LIST_LIMIT)

    async def _chosen(self, claim_id: str, team: str, staff: Staff, candidates: list[Candidate]) -> Claim:
        """Store what the claim takes before it takes any, or return what it chose when it was sent before.

        Messages of candidates that were not chosen come back a minute later.
        """
        ids = tuple(dict.fromkeys(candidate.task.id for candidate in candidates))
        claim = Claim(claim_id=claim_id, team=team, holder=staff.id, tasks=ids)
        try:
            await self._claims.create(claim)
        except WriteConflict as conflict:
            known = await self._claims.read(claim_id)
            if known is None:
                raise StoreUnavailable(str(conflict)) from conflict
            return known
        return claim

    async def _lease(self, claim: Claim, candidates: list[Candidate], staff: Staff, seconds: int) -> list[ClaimedTask]:
        """Lease what the claim chose; skip what another took meanwhile, what this claim lost, and what is damaged."""
        at_hand = {candidate.task.id: candidate for candidate in candidates}
        claimed: list[ClaimedTask] = []
        for id_ in claim.tasks:
            with suppress(Refusal, *UNUSABLE):
                candidate = at_hand.get(id_) or Candidate(*await self._load(id_))
                claimed.append(await self._claim(candidate, staff, claim.claim_id, seconds))
        return claimed

    async def _claim(self, candidate: Candidate, staff: Staff, claim_id: str, seconds: int) -> ClaimedTask:
        """Hide the message for the lease, then write the lease: a crash in between costs no more than the lease."""
        task_id = candidate.task.id
        message = candidate.message
        if not _holds(staff, candidate.task, claim_id):
            tasks.claim(candidate.task, staff, claim_id, seconds=seconds, now=self._clock())
        hidden = await self._queues.hide(message, seconds + HIDDEN_AFTER_LEASE) if message else None
        handle = MessageHandle(hidden.queue, hidden.id, hidden.receipt) if hidden else None

        def decide(read: Case) -> Changes:
            task = read.tasks[task_id]
            if _holds(staff, task, claim_id):
                return ()
            return (tasks.claim(task, staff, claim_id, seconds=seconds, now=self._clock(), message=handle),)

        case = await cases.change(self._store, candidate.case.request.reference, decide, candidate.case)
        return ClaimedTask(case.tasks[task_id], case.request)

    async def _change(
        self, case: Case, task_id: str, decide: Callable[[Task], Task], done: Callable[[Task], bool]
    ) -> Task:
        def changes(read: Case) -> Changes:
            return () if done(read.tasks[task_id]) else (decide(read.tasks[task_id]),)

        changed = await cases.change(self._store, case.request.reference, changes, case)
        return changed.tasks[task_id]

    async def _task_of(self, task_id: str, staff: Staff) -> tuple[Case, Task]:
        """Read a task that the caller may work."""
        case, task = await self._load(task_id)
        await self._must_work_for(task.team, staff)
        return case, task

    async def _must_work_for(self, team: str, staff: Staff) -> None:
        """Raise Forbidden; what is left of a team that no service sends tasks to any more is the supervisors' too."""
        if staff.works_for(team) or (staff.supervises and team not in await self._catalog.teams()):
            return
        raise Forbidden(f"Team.{team}")

    async def _load(self, task_id: str) -> tuple[Case, Task]:
        try:
            case = await self._store.load(tasks.reference_of(task_id))
        except ValueError as error:
            raise UnknownTask() from error
        if case and task_id in case.unreadable:
            raise DocumentDamaged(task_id, wait=UNTIL_MENDED)
        if case is None or task_id not in case.tasks:
            raise UnknownTask()
        return case, case.tasks[task_id]

    async def _record_view(self, claimed: ClaimedTask, staff: Staff, claim_id: str) -> None:
        """Record the view before it is shown: no view without its record."""
        task = claimed.task
        await self._audit.append(
            audit.record("claimed", task.reference, staff, self._clock(), task=task.id, operation=claim_id)
        )

    async def _hide(self, handle: MessageHandle | None, seconds: int) -> MessageHandle | None:
        """Keep the message of a lease hidden; best effort, the sweeper mends what goes wrong."""
        if handle is None:
            return None
        try:
            hidden = await self._queues.hide(_message(handle), seconds + HIDDEN_AFTER_LEASE)
        except StoreUnavailable:
            return handle
        return MessageHandle(hidden.queue, hidden.id, hidden.receipt) if hidden else None

    async def _deliver_again(self, before: Task, task: Task) -> None:
        """Show the message of a task given back at once, or send another; best effort as well."""
        try:
            handle = before.lease.message if before.lease else None
            if handle is None or await self._queues.hide(_message(handle), 0) is None:
                await self._queues.send(queue_of(task.team, task.priority), message_of(task))
        except StoreUnavailable:
            return

    async def _wake(self, request: Request) -> None:
        """Wake the request for the steps that the end of its task added; else the sweeper does it."""
        if requests.due_steps(request, self._clock()):
            try:
                await self._queues.send(QUEUE, wake_up(request.reference, request.traceparent))
            except StoreUnavailable:
                return

    async def _delete(self, task: Task) -> None:
        if task.lease is None or task.lease.message is None:
            return
        try:
            await self._queues.delete(_message(task.lease.message))
        except StoreUnavailable:
            return


def _message(handle: MessageHandle) -> Message:
    return Message(queue=handle.queue, id=handle.id, receipt=handle.receipt, body="", deliveries=0)


def _holds(staff: Staff, task: Task, claim_id: str) -> bool:
    lease = task.lease
    return task.status == "open" and lease is not None and (lease.holder, lease.claim_id) == (staff.id, claim_id)


def _was_held_by(staff: Staff, task: Task, token: int) -> bool:
    return task.lease is not None and (task.lease.holder, task.lease.token) == (staff.id, token)
