"""What a person writes stays in the store: marked words go in by every route, and no log, trace or metric has them."""

import json
import secrets
import time
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from local.desk import ROOT
from tests.end_to_end.conftest import DeskQueues, RunningDesk
from tests.end_to_end.forms import post, start
from tests.end_to_end.over_http import BODY, submit

pytestmark = pytest.mark.xdist_group("office")
NAME, WORD = "印見本花子", "Mark7Xq2Personal"
"""A name and a word that stand nowhere else."""
ROLES = ("Team.supplies", "Supervisor", "Operator", "Editor")
FORMS = (NAME, WORD, quote(NAME), json.dumps(NAME).strip('"'))


def marked(value: Any) -> Any:
    """Put the marks into every text of a body."""
    if isinstance(value, dict):
        return {key: marked(each) for key, each in value.items()}
    return f"{NAME} {WORD}" if isinstance(value, str) else value


def told(desk: RunningDesk) -> str:
    """Return all that the desk logged, traced and measured."""
    answer = desk.http.get("/local/telemetry.json")
    assert answer.json()["traces"], "nothing was traced: the search would find nothing"
    return "".join(desk.lines) + json.dumps(answer.json(), ensure_ascii=False)


def leaked(desk: RunningDesk) -> list[str]:
    everything = told(desk)
    return [form for form in FORMS if form in everything]


def test_the_search_finds_what_is_logged(desk: RunningDesk):
    desk.lines.append(f"a log line of {NAME}\n")
    try:
        assert leaked(desk) == [NAME]
    finally:
        desk.lines.pop()


def test_no_route_lets_marked_words_out_whatever_it_answers(desk: RunningDesk):
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    routes = [(m, path) for path, item in document["paths"].items() for m in item if m in ("get", "post", "put")]
    headers = desk.token("mark", *ROLES) | {"Access-Code": WORD, "Idempotency-Key": WORD * 2}
    bodies: tuple[Any, ...] = (marked(BODY), {NAME: WORD}, [NAME], f"{WORD} {NAME}")

    answers = []
    for method, path in routes:
        address = path.format_map(dict.fromkeys(("id", "reference", "team", "site", "slot"), quote(WORD)))
        for body in bodies if method != "get" else (None,):
            sent = desk.http.request(method, address, json=body, headers=headers, params={"q": NAME, "status": WORD})
            answers.append(sent.status_code)

    assert len(answers) > 60
    assert max(answers) < 500
    assert leaked(desk) == []


def test_a_whole_life_and_its_refusals_let_no_marked_word_out(desk: RunningDesk, desk_queues: DeskQueues):
    staff = desk.token("mark", *ROLES)
    body = json.loads(json.dumps(BODY))
    body["answers"] |= {"headName": f"{NAME} {WORD}", "address": f"見本市{NAME}町1 {WORD}"}
    body["contact"] = {"name": NAME, "phone": "090-0000-0000"}
    receipt = submit(desk, body)
    desk.http.post("/api/requests", json=body, headers={"Idempotency-Key": f"{WORD}!"})
    typed = start(desk) | {"/answers/headName": [NAME], "/answers/household/members": [WORD]}
    post(desk, "/ja/services/relief-supplies", typed, "check", 422)
    desk_queues.send("requests-intake", {"answers": {NAME: WORD}, "idempotencyKey": WORD})
    desk_queues.send("requests-advance", {"reference": f"{WORD} {NAME}"})
    desk_queues.send("requests-advance", {WORD: NAME})
    reference, look = receipt["reference"], secrets.token_hex(8)
    for path, sent in {
        "cards": {"reference": reference, "view": look},
        "searches": {"kana": NAME, "address": WORD, "reason": f"{NAME} {WORD}"},
        "hand-overs": {"reference": reference, "id": look, "receiver": "proxy", "proxyName": f"{NAME} {WORD}"},
        "overrides": {"reference": reference, "reason": f"{NAME} {WORD}"},
    }.items():
        desk.http.post(f"/api/staff/pickup/{path}", json=sent, headers=staff)
    _wait_for_failures(desk, staff)

    assert leaked(desk) == []


def _wait_for_failures(desk: RunningDesk, staff: dict[str, str]) -> None:
    """Wait until both poisonous messages were worked, then dismiss what came of them."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = desk.http.get("/api/operations/failures", headers=staff).json()["failures"]
        if {"requests-intake", "requests-advance"} <= {failure["queue"] for failure in found}:
            ids = [failure["id"] for failure in found]
            desk.http.post("/api/operations/failures/dismiss", json={"ids": ids, "reason": WORD}, headers=staff)
            return
        time.sleep(0.2)
    raise AssertionError("the messages were not recorded")
