"""An operator compares requests, tasks and queues on the whole desk."""

from typing import Any

import pytest
from azure.storage.queue import QueueClient

from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.over_http import BODY, eventually, new_key, open_tasks, submit

pytestmark = pytest.mark.xdist_group("desk")
PATH = "/api/operations/reconciliation"


def test_an_operator_sees_in_a_dry_run_what_a_run_then_repairs(desk: RunningDesk, desk_storage: str):
    operator = desk.token("op", "Operator")
    receipt = submit(desk, BODY, new_key())
    assert eventually(lambda: open_tasks(desk, receipt))

    def lose_messages_and_repair() -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Return what was told and what was done, unless the sweeper of the desk was there in between."""
        queues = [n["queue"] for n in reconcile(desk, operator, dry_run=False)["queues"]]
        for name in queues:
            with QueueClient.from_connection_string(desk_storage, name) as queue:
                queue.clear_messages()
        told, done = (reconcile(desk, operator, dry_run=is_dry) for is_dry in (True, False))
        return (told, done) if told["sentMessages"] == done["sentMessages"] else None

    found = eventually(lose_messages_and_repair)
    again = reconcile(desk, operator, dry_run=True)

    assert found
    told, done = found
    assert (told["dryRun"], done["dryRun"]) == (True, False)
    assert told["missingMessages"] >= told["sentMessages"] == done["sentMessages"] >= 1
    assert again["sentMessages"] == 0


def reconcile(desk: RunningDesk, operator: dict[str, str], *, dry_run: bool) -> dict[str, Any]:
    shown: dict[str, Any] = desk.http.post(PATH, json={"dryRun": dry_run}, headers=operator).json()
    return shown


def test_whoever_asks_says_whether_to_repair(desk: RunningDesk):
    for body in ({}, {"dryRun": "yes"}, {"dryRun": True, "team": "supplies"}):
        answer = desk.http.post(PATH, json=body, headers=desk.token("op", "Operator"))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
