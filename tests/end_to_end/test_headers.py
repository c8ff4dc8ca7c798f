"""What a browser is told with every kind of answer, and what it tells of a form that another site sends."""

import httpx
import pytest

from functions.edge.headers import OF_ALL
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import FORM, get, sent, start
from tests.html import Page

pytestmark = pytest.mark.xdist_group("residents and counter")
OFFICER = "Team.supplies"
ANSWERS = {
    "the way to a language": ("GET", "/", 302),
    "a page": ("GET", "/ja", 200),
    "a form": ("GET", FORM, 200),
    "a page that refuses": ("GET", "/ja/services/nothing", 404),
    "a form that refuses": ("POST", "/ja/requests", 422),
    "a style": ("GET", "/static/site.css", 200),
    "a script": ("GET", "/static/staff/shared/page.js", 200),
    "no file": ("GET", "/static/nothing.css", 404),
    "the service worker": ("GET", "/staff/worker.js", 200),
    "an answer of the API": ("GET", "/api/services", 200),
    "a refusal of the API": ("GET", "/api/services/nothing", 404),
    "a refusal of staff": ("GET", "/api/operations/queues", 403),
    "a table": ("GET", "/api/pickup/sites.csv", 200),
    "an answer to monitors": ("GET", "/api/health", 200),
}


def asked(desk: RunningDesk, method: str, path: str, **headers: str) -> httpx.Response:
    return desk.http.request(method, path, headers=desk.token("yamada", OFFICER) | headers, follow_redirects=False)


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS.values(), ids=ANSWERS)
def test_every_kind_of_answer_carries_the_headers_of_all(desk: RunningDesk, method: str, path: str, status: int):
    answer = asked(desk, method, path)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in OF_ALL} == OF_ALL


def test_a_file_that_the_browser_has_already_carries_them_too(desk: RunningDesk):
    tag = asked(desk, "GET", "/static/site.css").headers["etag"]

    answer = asked(desk, "GET", "/static/site.css", **{"If-None-Match": tag})

    assert answer.status_code == 304
    assert {name: answer.headers.get(name) for name in OF_ALL} == OF_ALL


@pytest.mark.parametrize("path", ["/staff", "/staff/counter", "/staff/supplies"])
def test_a_page_of_staff_carries_them_and_may_use_the_camera(desk: RunningDesk, path: str):
    headers = asked(desk, "GET", path).headers

    assert {name for name in OF_ALL if headers.get(name) != OF_ALL[name]} == {"Permissions-Policy"}
    assert "camera=(self)" in headers["permissions-policy"]


@pytest.mark.parametrize(
    "path", ["/api/services", "/api/services/nothing", "/api/operations/queues", "/api/pickup/sites.csv"]
)
def test_what_is_no_page_runs_nothing_and_is_kept_by_no_cache(desk: RunningDesk, path: str):
    headers = asked(desk, "GET", path).headers

    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("language", ["ja", "ja-easy", "en"])
def test_a_form_that_another_site_sends_is_refused_with_the_way_to_ours(desk: RunningDesk, language: str, site: str):
    for place in ("requests", *(f"services/relief-supplies{step}" for step in ("", "/check", "/send", "/receipt"))):
        answer = desk.http.post(f"/{language}/{place}", data={"step": "send"}, headers={"Sec-Fetch-Site": site})

        assert answer.status_code == 403
        assert f"/{language}/{place}" in [e.get("href") for e in Page(answer.text).all("a") if not e.get("lang")]


def test_nothing_is_done_for_a_form_that_another_site_sends(desk: RunningDesk):
    pair = sent(desk)

    desk.http.post("/ja/requests", data={**pair, "step": "withdraw"}, headers={"Sec-Fetch-Site": "cross-site"})

    shown = Page(desk.http.post("/ja/requests", data={**pair, "step": "show"}).text)
    assert "取り下げました" not in shown.text


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_form_of_ours_is_taken(desk: RunningDesk, site: str):
    answer = desk.http.post(f"{FORM}/send", data=start(desk), headers={"Sec-Fetch-Site": site})

    assert answer.status_code == 201


def test_whoever_comes_by_a_link_of_another_site_finds_our_pages(desk: RunningDesk):
    assert desk.http.get("/ja", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert get(desk, "/ja/requests").heading


def test_calls_of_the_api_are_told_apart_by_their_token_alone(desk: RunningDesk):
    answer = asked(desk, "POST", "/api/staff/pickup/cards", **{"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 415
