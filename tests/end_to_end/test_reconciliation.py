"""An operator compares requests, tasks and queues on the whole desk."""

import pytest
from azure.storage.queue import QueueClient

from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.test_main_job import BODY, new_key, open_tasks, submit
from tests.end_to_end.test_pickup import eventually

pytestmark = pytest.mark.xdist_group("desk")
PATH = "/api/operations/reconciliation"


def test_an_operator_sees_in_a_dry_run_what_a_run_then_repairs(desk: RunningDesk, desk_storage: str):
    operator = desk.token("op", "Operator")
    receipt = submit(desk, BODY, new_key())
    assert eventually(lambda: open_tasks(desk, receipt))
    queues = [n["queue"] for n in desk.http.post(PATH, json={"dryRun": False}, headers=operator).json()["queues"]]
    for name in queues:
        with QueueClient.from_connection_string(desk_storage, name) as queue:
            queue.clear_messages()

    told = desk.http.post(PATH, json={"dryRun": True}, headers=operator).json()
    done = desk.http.post(PATH, json={"dryRun": False}, headers=operator).json()
    again = desk.http.post(PATH, json={"dryRun": True}, headers=operator).json()

    assert (told["dryRun"], done["dryRun"]) == (True, False)
    assert told["missingMessages"] >= told["sentMessages"] >= 1
    assert 1 <= done["sentMessages"] <= told["sentMessages"], "the sweeper may have been there in between"
    assert again["sentMessages"] == 0


def test_whoever_asks_says_whether_to_repair(desk: RunningDesk):
    for body in ({}, {"dryRun": "yes"}, {"dryRun": True, "team": "supplies"}):
        answer = desk.http.post(PATH, json=body, headers=desk.token("op", "Operator"))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
