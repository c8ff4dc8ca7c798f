"""A poisonous message on a running desk: listed, replayed and dismissed, over HTTP and by the command line."""

import base64
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from local.desk import ROOT
from services import times
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.operators import QUEUE, Operator

pytestmark = pytest.mark.xdist_group("office")
NOBODY = "0" * 32


@pytest.fixture
def operator(desk: RunningDesk) -> Operator:
    return Operator(desk)


@pytest.fixture
def poison(desk_storage: str, operator: Operator) -> Callable[[], dict[str, Any]]:
    """Return how to send a message that nobody can work and wait for its failure."""

    def send() -> dict[str, Any]:
        before = {f["id"] for f in operator.get("failures", queue=QUEUE)["failures"]}
        body = json.dumps({"service": "relief-supplies", "mark": uuid.uuid4().hex, "tries": 3})
        with QueueClient.from_connection_string(desk_storage, QUEUE) as client:
            client.send_message(body)
        return operator.failure(lambda failure: failure["id"] not in before)

    return send


def test_a_failure_is_listed_tried_dry_replayed_and_dismissed(operator: Operator, poison):
    failure = poison()
    id_ = failure["id"]
    assert failure["error"] == "not a submission: Object missing required field `idempotencyKey`"
    assert (failure["tries"], failure["status"]) == (4, "open")
    numbers = {q["queue"]: q["openFailures"] for q in operator.get("queues")["queues"]}
    assert numbers[QUEUE] >= 1

    dry = operator.post("replay", ids=[id_, NOBODY], dryRun=True)
    assert (dry["wouldReplay"], dry["unknown"]) == ([id_], [NOBODY])

    replayed = operator.post("replay", ids=[id_])
    assert replayed["replayed"] == [id_]
    again = operator.failure(lambda f: f["id"] == id_ and f["tries"] == 5)
    assert {e["event"] for e in again["history"]} == {"failed", "replayed"}

    dismissed = operator.post("dismiss", ids=[id_], reason="a test message")
    assert dismissed["dismissed"] == [id_]
    resolved = operator.failure(lambda f: f["id"] == id_, status="dismissed")
    assert (resolved["history"][-1]["by"], resolved["history"][-1]["reason"]) == ("sato", "a test message")
    assert operator.post("replay", ids=[id_])["already"] == [{"id": id_, "status": "dismissed"}]


def test_a_message_in_base64_says_what_its_sender_must_change(operator: Operator, desk_storage: str):
    body = base64.b64encode(json.dumps({"mark": uuid.uuid4().hex}).encode()).decode()
    with QueueClient.from_connection_string(desk_storage, QUEUE) as client:
        client.send_message(body)

    failure = operator.failure(lambda f: f["error"].startswith("base64"))

    assert failure["error"] == "base64: the sender must send plain text (messageEncoding none)"


def test_the_command_line_does_the_same_in_the_same_name(operator: Operator, poison):
    failure = poison()
    id_, at = failure["id"], failure["lastAt"]
    until = times.later(at, 0.001)

    listed = operator.run("failures", "--queue", QUEUE, "--from", at, "--to", until)
    dry = operator.run("replay", "--queue", QUEUE, "--from", at, "--to", until, "--dry-run")
    dismissed = operator.run("dismiss", id_, "--reason", "a test message")
    already = operator.run("replay", id_)

    assert [f["id"] for f in listed["failures"]] == dry["wouldReplay"] == dismissed["dismissed"] == [id_]
    assert already["already"] == [{"id": id_, "status": "dismissed"}]
    resolved = operator.failure(lambda f: f["id"] == id_, status="dismissed")
    assert resolved["history"][-1]["by"] == "sato"


def test_the_command_line_publishes_or_says_every_reason_why_not(desk: RunningDesk, tmp_path: Path):
    editor = Operator(desk, "Editor")
    shipped = ROOT / "catalog" / "services" / "relief-supplies.yaml"
    broken, unreadable = tmp_path / "broken.yaml", tmp_path / "unreadable.yaml"
    broken.write_text("id: broken\ntitle: {ja: 3}\n", encoding="utf-8")
    unreadable.write_text("id: [", encoding="utf-8")

    published, refused = editor.try_to_run("publish", str(shipped)), editor.try_to_run("publish", str(broken))
    not_read = editor.try_to_run("publish", str(shipped), str(unreadable))

    assert (published.returncode, json.loads(published.stdout)) == (0, {"version": 1})
    assert (refused.returncode, refused.stderr.splitlines()) == (
        1,
        [
            "422: PUT /api/catalog/services/broken: ",
            f"{broken}:2: title.ja: 文字にします（今は整数）",
            "purpose: 必要なキーがありません",
            "phone: 必要なキーがありません",
            "form: 必要なキーがありません",
            "routes: 必要なキーがありません",
            "cases: 必要なキーがありません",
        ],
    )
    assert (not_read.returncode, not_read.stdout) == (1, "")
    assert f"{unreadable}: 1行6文字目: YAML の書きかたが" in not_read.stderr


def test_the_command_line_pauses_a_service_and_lets_it_go_on(desk: RunningDesk):
    editor = Operator(desk, "Editor")

    paused = editor.run("pause", "relief-supplies", "--reason", "直しています。", "--en", "It is being mended.")
    resumed = editor.run("resume", "relief-supplies")

    assert paused["reason"] == {"ja": "直しています。", "en": "It is being mended."}
    assert resumed == {"service": "relief-supplies"}


def test_the_command_line_passes_a_refusal_on(operator: Operator):
    refused = operator.try_to_run("replay", "--queue", QUEUE)

    assert refused.returncode == 1
    said, _, problem = refused.stderr.partition("{")
    assert said == "422: POST /api/operations/failures/replay: "
    assert [e["pointer"] for e in json.loads(f"{{{problem}")["errors"]] == ["/from", "/to"]


@pytest.mark.parametrize(
    ("path", "body", "pointers"),
    [
        ("replay", {}, ["/queue", "/from", "/to"]),
        ("replay", {"ids": [NOBODY], "queue": QUEUE}, ["/queue"]),
        ("replay", {"queue": QUEUE, "from": "yesterday", "to": "2026-11-23T00:00:00Z"}, ["/from"]),
        ("replay", {"queue": "a b", "from": "2026-11-23T00:00:00Z", "to": "2026-11-23T00:00:00Z"}, ["/queue"]),
        ("replay", {"ids": []}, ["/ids"]),
        ("dismiss", {"ids": [NOBODY]}, ["/reason"]),
        ("dismiss", {"ids": [NOBODY], "reason": ""}, ["/reason"]),
    ],
)
def test_what_an_operator_must_not_ask_names_the_field(operator: Operator, path: str, body: dict, pointers: list):
    assert [e["pointer"] for e in operator.post(path, **body)["errors"]] == pointers


@pytest.mark.parametrize(
    ("params", "pointer"),
    [({"status": "lost"}, "/status"), ({"from": "yesterday"}, "/from"), ({"queue": "?"}, "/queue")],
)
def test_a_list_asked_for_wrongly_names_the_parameter(operator: Operator, params: dict, pointer: str):
    assert [e["pointer"] for e in operator.get("failures", **params)["errors"]] == [pointer]
