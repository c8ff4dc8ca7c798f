"""Every way of sending something wrong gets its clear problem, never a 500, and leaves no record."""

import json
import secrets
import time

import httpx
import pytest

from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.over_http import BODY, new_key

pytestmark = pytest.mark.xdist_group("residents and counter")
JSON = {"Content-Type": "application/json"}


def deep(levels: int) -> bytes:
    return (
        b'{"service":"relief-supplies","contact":{"name":"a"},"answers":'
        + b'{"a":' * levels
        + b"1"
        + b"}" * (levels + 1)
    )


def with_answers(text: str) -> bytes:
    return f'{{"service":"relief-supplies","contact":{{"name":"a"}},"answers":{{"note":{text}}}}}'.encode()


def body(**changes: object) -> bytes:
    return json.dumps({**BODY, **changes}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"not json", JSON, 400, "bad_request"),
        (b"", JSON, 400, "bad_request"),
        (b"\xff\xfe", JSON, 400, "bad_request"),
        (with_answers("NaN"), JSON, 400, "bad_request"),
        (with_answers('"\\ud800"'), JSON, 400, "bad_request"),
        (with_answers("1e999"), JSON, 400, "bad_request"),
        (deep(20_000), JSON, 413, "too_large"),
        (deep(6_000), JSON, 400, "bad_request"),
        (deep(400), JSON, 400, "bad_request"),
        (deep(100), JSON, 400, "bad_request"),
        (deep(50), JSON, 422, "invalid"),
        (b"[]", JSON, 422, "invalid"),
        (b"null", JSON, 422, "invalid"),
        (b'{"service": 1}', JSON, 422, "invalid"),
        (body(surprise=1), JSON, 422, "invalid"),
        (body(contact={}), JSON, 422, "invalid"),
        (body(answers={}), JSON, 422, "invalid"),
        (body(locale="nobody speaks this"), JSON, 422, "invalid"),
        (with_answers('"\\u0000"'), JSON, 422, "invalid"),
        (with_answers('"\\uffff"'), JSON, 422, "invalid"),
        (with_answers(str(2**60)), JSON, 422, "invalid"),
        (body(version=99), JSON, 422, "invalid"),
        (body(service="nothing"), JSON, 404, "unknown_service"),
        (body(service="../../etc"), JSON, 404, "unknown_service"),
        (body(channel="phone"), JSON, 401, "unauthenticated"),
        (body(), {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (body(), {}, 415, "unsupported_media_type"),
        (b" " * (48 * 1024 + 1), JSON, 413, "too_large"),
        (with_answers('"' + "あ" * 17_000 + '"'), JSON, 413, "too_large"),
    ],
)
def test_a_bad_submit_gets_its_problem(desk: RunningDesk, content: bytes, headers: dict, status: int, code: str):
    answer = desk.http.post("/api/requests", content=content, headers={**headers, **new_key()})

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["title"]
    assert problem["detail"]
    assert problem["phone"]
    assert len(problem["traceId"]) == 32


@pytest.mark.parametrize(
    ("path", "type_"),
    [("/api/requests", "application/json"), ("/ja/services/relief-supplies", "application/x-www-form-urlencoded")],
)
def test_a_body_without_its_length_is_refused_in_words(desk: RunningDesk, path: str, type_: str):
    answer = desk.http.post(path, content=iter([body()]), headers={"Content-Type": type_, **new_key()})

    assert answer.status_code == 411
    assert "Content-Length" in answer.text


def test_a_catch_all_route_without_its_value_is_not_found(desk: RunningDesk):
    assert desk.http.get("/static/").status_code == 404


@pytest.mark.parametrize("key", [None, "", "short", "x" * 129, "with space in the key 00000", "日本語" * 10])
def test_a_missing_or_malformed_key_is_told(desk: RunningDesk, key: str | None):
    headers = {} if key is None else {"Idempotency-Key": key.encode()}

    answer = desk.http.post("/api/requests", json=BODY, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key")


def test_all_errors_come_at_once_each_with_its_field_and_in_the_language_of_the_caller(desk: RunningDesk):
    answers = {**BODY["answers"], "surprise": 1, "household": {}}
    headers = {**new_key(), "Accept-Language": "en"}

    answer = desk.http.post("/api/requests", json={**BODY, "answers": answers}, headers=headers)

    errors = answer.json()["errors"]
    assert len(errors) >= 2
    assert {"/answers/surprise"} <= {e["pointer"] for e in errors}
    assert all(e["message"].isascii() for e in errors)


def test_a_refused_submit_does_not_use_up_its_key(desk: RunningDesk):
    key = new_key()
    refused = desk.http.post("/api/requests", json={**BODY, "answers": {}}, headers=key)

    accepted = desk.http.post("/api/requests", json=BODY, headers=key)

    assert (refused.status_code, accepted.status_code) == (422, 201)


def test_the_same_key_with_another_body_is_refused(desk: RunningDesk):
    key = new_key()
    desk.http.post("/api/requests", json=BODY, headers=key)

    other = {**BODY, "contact": {**BODY["contact"], "name": "見本 次郎"}}
    answer = desk.http.post("/api/requests", json=other, headers=key)

    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


def test_the_same_key_and_body_in_another_language_give_the_first_receipt(desk: RunningDesk):
    key = new_key()
    first = desk.http.post("/api/requests", json={**BODY, "locale": "ja"}, headers=key)

    again = desk.http.post("/api/requests", json={**BODY, "locale": "en"}, headers=key)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["reference"] == first.json()["reference"]


def test_a_double_click_gives_one_receipt(desk: RunningDesk):
    key = new_key()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: httpx.post(f"{desk.url}/api/requests", json=BODY, headers=key), range(8)))

    assert sorted(a.status_code for a in answers) == [200] * 7 + [201]
    assert len({a.json()["accessCode"] for a in answers}) == 1


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "access_code_missing"),
        ({"Access-Code": ""}, 401, "access_code_missing"),
        ({"Access-Code": "00000000"}, 404, "unknown_request"),
    ],
)
def test_a_status_needs_the_right_pair(desk: RunningDesk, headers: dict, status: int, code: str):
    reference = desk.http.post("/api/requests", json=BODY, headers=new_key()).json()["reference"]

    for known in (reference, "0000-0000-0000", "x"):
        answer = desk.http.get(f"/api/requests/{known}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def guarded_routes() -> list[tuple[str, str]]:
    task = "K7M2-QX9P-D4TB.prepare.1"
    return [
        ("POST", "/api/staff/teams/supplies/claims"),
        ("GET", "/api/staff/teams/supplies/tasks"),
        *(("POST", f"/api/staff/tasks/{task}/{verb}") for verb in ("claim", "renew", "release", "complete", "revoke")),
        ("GET", "/api/operations/queues"),
        ("GET", "/api/operations/failures"),
        ("POST", "/api/operations/reconciliation"),
        ("POST", "/api/operations/refolding"),
        ("POST", "/api/operations/failures/replay"),
        ("POST", "/api/operations/failures/dismiss"),
        ("PUT", "/api/catalog/services/water"),
    ]


def test_a_team_that_no_queue_can_be_named_after_is_refused(desk: RunningDesk):
    answer = desk.http.get("/api/staff/teams/NO_PE/tasks", headers=desk.token("kacho", "Supervisor"))

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/team", "pattern")]


@pytest.mark.parametrize("roles", ["Team.certificates", "Team.*", "Team.", "Team.certificates,Team.*"])
@pytest.mark.parametrize("team", ["*", "%2A", "supplies"])
def test_a_role_opens_the_claims_of_its_own_team_alone_however_a_team_is_spelt(
    desk: RunningDesk, team: str, roles: str
):
    headers = desk.token("sato", roles)

    answer = desk.http.post(f"/api/staff/teams/{team}/claims", json={"claimId": "claim-0001"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("role", ["Team.*", "Team."])
def test_a_role_of_no_team_opens_nothing_that_is_open_to_any_team(desk: RunningDesk, role: str):
    answer = desk.http.get("/api/pickup/sites", headers=desk.token("sato", role))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(("method", "path"), guarded_routes())
def test_a_guarded_route_refuses_whoever_has_no_valid_token(desk: RunningDesk, method: str, path: str):
    good = desk.token("yamada", "Team.delivery")["Authorization"]
    head, claims, signature = good.split(".")
    forged = f"{head}.{claims}.{signature[::-1]}"

    for header in (None, "Bearer", "Bearer x.y.z", forged, f"{head}.{claims}."):
        answer = desk.http.request(method, path, json={}, headers={"Authorization": header} if header else {})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), header


@pytest.mark.parametrize(("method", "path"), guarded_routes())
def test_a_guarded_route_refuses_the_wrong_role(desk: RunningDesk, method: str, path: str):
    body = {"claimId": "claim-0001", "token": 1} if "claim" in path.rsplit("/", 1)[-1] else {"token": 1}
    body = {k: v for k, v in body.items() if k == "claimId"} if "claim" in path.rsplit("/", 1)[-1] else body

    answer = desk.http.request(method, path, json=body, headers=desk.token("nobody", "Channel.line"))

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_the_task_of_another_team_is_refused(desk: RunningDesk):
    receipt = desk.http.post("/api/requests", json=BODY, headers=new_key()).json()
    supervisor = desk.token("kacho", "Supervisor")
    deadline = time.monotonic() + 20
    mine: list[dict] = []
    while not mine and time.monotonic() < deadline:
        tasks = desk.http.get("/api/staff/teams/supplies/tasks", headers=supervisor).json()["tasks"]
        mine = [t for t in tasks if t["reference"] == receipt["reference"]]
        time.sleep(0.1)

    answer = desk.http.post(
        f"/api/staff/tasks/{mine[0]['id']}/claim",
        json={"claimId": secrets.token_urlsafe(9)},
        headers=desk.token("sato", "Team.certificates"),
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"max": 0}, "/max"),
        ({"max": 33}, "/max"),
        ({"leaseSeconds": 29}, "/leaseSeconds"),
        ({"claimId": "x"}, "/claimId"),
    ],
)
def test_a_claim_out_of_bounds_names_the_field(desk: RunningDesk, changes: dict, pointer: str):
    body = {"claimId": "claim-0001", **changes}

    answer = desk.http.post("/api/staff/teams/supplies/claims", json=body, headers=desk.token("y", "Team.supplies"))

    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]
