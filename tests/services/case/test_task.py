import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import times
from services.case import task as tasks
from services.case.task import Task
from services.errors import MadoguchiError, RequestWithdrawn, StaleToken, TaskClosed, TaskHeld
from tests.counter import HANAKO, SUPERVISOR, TARO

NOW = "2026-11-23T00:00:00.000000Z"
TASK = Task(
    id="K7M2-QX9P-D4TB.prepare.1",
    reference="K7M2-QX9P-D4TB",
    service="water",
    version=1,
    route="prepare",
    kind="prepare-water",
    team="supplies",
    priority="normal",
    deadline="2026-11-24T00:00:00.000000Z",
    created_at=NOW,
)


def at(seconds: float) -> str:
    return times.later(NOW, seconds)


def held(seconds: int = 900) -> Task:
    return tasks.claim(TASK, HANAKO, "claim-1", seconds=seconds, now=NOW)


def test_a_claim_leases_the_task_under_the_next_token():
    task = held()

    assert task.lease is not None
    assert (task.lease.holder, task.lease.token, task.lease.until) == ("u-hanako", 1, at(900))
    assert task.due_at == at(900 + 600)


def test_a_held_task_is_refused_and_says_who_holds_it():
    with pytest.raises(TaskHeld) as refusal:
        tasks.claim(held(), TARO, "claim-2", seconds=900, now=at(900))

    assert refusal.value.holder == "花子"


@pytest.mark.parametrize(("seconds", "claimable"), [(900, False), (904.9, False), (905, True)])
def test_a_lease_must_be_over_for_five_seconds_before_another_may_take_the_task(seconds: float, claimable: bool):
    assert tasks.is_claimable(held(), at(seconds)) is claimable


def test_a_takeover_gets_a_higher_token_and_fences_off_the_earlier_holder():
    taken_over = tasks.claim(held(), TARO, "claim-2", seconds=900, now=at(1000))

    assert taken_over.token == 2
    with pytest.raises(StaleToken) as refusal:
        tasks.complete(taken_over, HANAKO, 1, outcome="done", note=None, now=at(1001))
    assert refusal.value.holder == "太郎"


def test_a_late_holder_may_still_complete_while_nobody_has_taken_over():
    done = tasks.complete(held(), HANAKO, 1, outcome="done", note=None, now=at(9000))

    assert (done.status, done.outcome, done.due_at) == ("completed", "done", None)


def test_a_colleague_cannot_act_under_the_holders_token():
    with pytest.raises(StaleToken):
        tasks.complete(held(), TARO, 1, outcome="done", note=None, now=NOW)


def test_a_renewal_moves_the_end_and_keeps_the_token_and_one_event():
    once = tasks.renew(held(), HANAKO, 1, until=at(1800), now=at(600))
    twice = tasks.renew(once, HANAKO, 1, until=at(2700), now=at(1200))

    assert twice.lease is not None
    assert (twice.lease.until, twice.lease.token) == (at(2700), 1)
    assert [e.event for e in twice.history] == ["claimed", "renewed"]


def test_a_released_task_is_open_for_the_next_and_keeps_the_note():
    released = tasks.release(held(), HANAKO, 1, note="留守でした", now=at(10))

    assert released.lease is None
    assert tasks.is_claimable(released, at(10))
    assert released.history[-1].note == "留守でした"


def test_after_a_revocation_the_former_holder_can_do_nothing():
    revoked = tasks.revoke(held(), SUPERVISOR, 1, note=None, now=at(10))

    with pytest.raises(StaleToken):
        tasks.complete(revoked, HANAKO, 1, outcome="done", note=None, now=at(11))


def test_a_revocation_under_an_old_token_does_not_hit_the_next_holder():
    taken_over = tasks.claim(held(), TARO, "claim-2", seconds=900, now=at(1000))

    with pytest.raises(StaleToken):
        tasks.revoke(taken_over, SUPERVISOR, 1, note=None, now=at(1001))


def test_the_holder_of_a_withdrawn_request_is_told_so():
    cancelled = tasks.cancel(held(), "withdraw", at(10))

    with pytest.raises(RequestWithdrawn):
        tasks.complete(cancelled, HANAKO, 1, outcome="done", note=None, now=at(11))


def test_a_completed_task_cannot_be_claimed():
    done = tasks.complete(held(), HANAKO, 1, outcome="done", note=None, now=at(1))

    with pytest.raises(TaskClosed):
        tasks.claim(done, TARO, "claim-2", seconds=900, now=at(9999))


commands = st.tuples(
    st.sampled_from(["claim", "renew", "release", "complete", "revoke"]),
    st.sampled_from([HANAKO, TARO]),
    st.integers(0, 4),
    st.integers(0, 1200),
)


@given(st.lists(commands, max_size=25))
def test_whatever_happens_tokens_only_rise_and_nobody_acts_without_the_current_one(steps):
    task, now, open_token = TASK, NOW, None
    for number, (verb, who, token, seconds) in enumerate(steps):
        now = times.later(now, seconds)
        before = task
        try:
            if verb == "claim":
                task = tasks.claim(task, who, f"claim-{number}", seconds=300, now=now)
                assert tasks.is_claimable(before, now)
                assert task.token == before.token + 1
                open_token = (who.id, task.token)
            elif verb == "renew":
                task = tasks.renew(task, who, token, until=times.later(now, 300), now=now)
            elif verb == "release":
                task = tasks.release(task, who, token, note=None, now=now)
            elif verb == "complete":
                task = tasks.complete(task, who, token, outcome="done", note=None, now=now)
            else:
                task = tasks.revoke(task, SUPERVISOR, token, note=None, now=now)
        except MadoguchiError:
            assert task is before
            continue
        if verb != "claim":
            assert open_token is not None
            assert token == open_token[1]
            assert verb == "revoke" or who.id == open_token[0]
        assert task.token >= before.token
        assert len({e.id for e in task.history}) == len(task.history)
