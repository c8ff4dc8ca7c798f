"""An operator compares requests, tasks and queues on the whole desk."""

from typing import Any

import pytest
from azure.storage.queue import QueueClient

from tests.end_to_end.conftest import RunningDesk, storage_of
from tests.end_to_end.over_http import BODY, eventually, new_key, open_tasks, submit

pytestmark = pytest.mark.xdist_group("second desk")
PATH = "/api/operations/reconciliation"


def test_an_operator_sees_in_a_dry_run_what_a_run_then_repairs(lent_desk: RunningDesk):
    desk, storage = lent_desk, storage_of(lent_desk)
    operator = desk.token("op", "Operator")
    receipt = submit(desk, BODY, new_key())
    assert eventually(lambda: open_tasks(desk, receipt))

    def lose_messages_and_repair() -> list[dict[str, Any]] | None:
        """Return what was told, done and then told again, unless the desk made or sent something in between."""
        queues = [n["queue"] for n in reconcile(desk, operator, dry_run=False)["queues"]]
        for name in queues:
            with QueueClient.from_connection_string(storage, name) as queue:
                queue.clear_messages()
        told, done, again = (reconcile(desk, operator, dry_run=is_dry) for is_dry in (True, False, True))
        undisturbed = told["sentMessages"] == done["sentMessages"] and again["sentMessages"] == 0
        return [told, done, again] if undisturbed else None

    found = eventually(lose_messages_and_repair)

    assert found
    told, done, again = found
    assert [each["dryRun"] for each in found] == [True, False, True]
    assert told["missingMessages"] >= told["sentMessages"] == done["sentMessages"] >= 1
    assert again["sentMessages"] == 0


def reconcile(desk: RunningDesk, operator: dict[str, str], *, dry_run: bool) -> dict[str, Any]:
    shown: dict[str, Any] = desk.http.post(PATH, json={"dryRun": dry_run}, headers=operator).json()
    return shown


def test_whoever_asks_says_whether_to_repair(lent_desk: RunningDesk):
    for body in ({}, {"dryRun": "yes"}, {"dryRun": True, "team": "supplies"}):
        answer = lent_desk.http.post(PATH, json=body, headers=lent_desk.token("op", "Operator"))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
