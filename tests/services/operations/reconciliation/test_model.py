import pytest

from services.case.ports import Due
from services.operations.reconciliation import model
from services.operations.reconciliation.model import REPAIRED_AT_MOST, OpenTasks, TeamQueue

NOW = "2026-11-23T00:00:00.000000Z"
QUEUE = TeamQueue("supplies", "normal")


def due(number: int) -> Due:
    return Due(id=f"R{number}.prepare.1", reference=f"R{number}", due_at=NOW, team="supplies")


def test_every_team_has_two_queues_and_a_queue_tells_of_a_team_that_no_definition_names():
    names = ["requests-intake", "tasks-old", "tasks-gone-urgent", "tasks-supplies", "tasks-supplies-poison"]

    queues = model.team_queues(["supplies"], names)

    assert [queue.name for queue in queues] == [
        "tasks-gone",
        "tasks-gone-urgent",
        "tasks-old",
        "tasks-old-urgent",
        "tasks-supplies",
        "tasks-supplies-urgent",
    ]


@pytest.mark.parametrize(
    ("tasks", "messages", "missing", "surplus"),
    [
        (OpenTasks(free=2, held=1), 3, 0, 0),
        (OpenTasks(free=2, held=1), 1, 2, 0),
        (OpenTasks(free=2, held=1), 5, 0, 2),
        (OpenTasks(free=0, held=0), 0, 0, 0),
    ],
)
def test_every_open_task_held_or_not_is_set_against_one_message(tasks, messages, missing, surplus):
    numbers = model.compare(QUEUE, tasks, messages)

    assert (numbers.missing_messages, numbers.surplus_messages) == (missing, surplus)


@pytest.mark.parametrize(
    ("peeked", "open_", "number"),
    [
        ([], set(), 0),
        (["a", "b"], {"a", "b"}, 0),
        (["a", "b"], {"a"}, 1),
        (["a", "a", "b"], {"a", "b"}, 1),
        ([""], set(), 1),
    ],
)
def test_a_message_of_no_open_task_is_needless_and_so_is_the_second_of_one_task(peeked, open_, number):
    assert model.needless(peeked, open_) == number


def test_as_many_tasks_are_sent_as_messages_are_missing_and_none_that_was_seen():
    chosen = model.to_send([due(1), due(2), due(3), due(4)], {"R1.prepare.1"}, 2)

    assert [task.reference for task in chosen] == ["R2", "R3"]


def test_one_run_sends_a_bounded_number_of_messages():
    assert len(model.to_send([due(n) for n in range(600)], (), 600)) == REPAIRED_AT_MOST
