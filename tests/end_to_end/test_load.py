"""What residents and channels meet where an instance refuses for a while: on a desk with a limit that tests reach."""

import os
import re
import signal
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsing import check_page, context_of, fill, go_on, receipt_on
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import CONTACT, EXAMPLE, FORM
from tests.end_to_end.over_http import BODY, new_key
from tests.end_to_end.processes import answers, children, wait_until
from tests.html import Page as HtmlPage

pytestmark = pytest.mark.xdist_group("second desk")

NOBODY = {**BODY, "service": "no-such-service"}


@pytest.fixture(scope="module")
def narrow(lent_desk: RunningDesk) -> Iterator[RunningDesk]:
    """Lend a desk whose host takes six calls a minute from an address."""
    settings = lent_desk.folder / "local.settings.json"
    usual = settings.read_text(encoding="utf-8")
    restart_host(lent_desk, re.sub('("CALLS_PER_MINUTE"): "[0-9]+"', r'\1: "6"', usual))
    yield lent_desk
    restart_host(lent_desk, usual)


def restart_host(desk: RunningDesk, settings: str) -> None:
    """Let the host start again with other settings."""
    (desk.folder / "local.settings.json").write_text(settings, encoding="utf-8")
    [host] = [pid for pid, command in children(desk.process.pid).items() if "local.host" in command]
    os.kill(host, signal.SIGKILL)
    desk.wait_for_line("host ended")
    wait_until(lambda: answers(desk))


def call_until_refused(desk: RunningDesk, address: str) -> None:
    """Send from an address until it is refused."""
    headers = {"X-Forwarded-For": f"192.0.2.99, {address}:50123", **new_key()}
    for _ in range(20):
        if desk.http.post("/api/requests", json=NOBODY, headers=headers).status_code == 429:
            return
    raise AssertionError("it was never refused")


def test_a_refused_submission_says_why_and_when_to_send_again(narrow: RunningDesk):
    call_until_refused(narrow, "203.0.113.1")

    headers = {"X-Forwarded-For": "203.0.113.1:50124", **new_key(), "Accept-Language": "en"}
    refused = narrow.http.post("/api/requests", json=BODY, headers=headers)

    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 10
    assert refused.json()["code"] == "too_many_requests"
    assert "Wait a moment" in refused.json()["detail"]


def test_who_writes_an_address_into_the_header_gains_nothing(narrow: RunningDesk):
    call_until_refused(narrow, "203.0.113.2")

    headers = {"X-Forwarded-For": "198.51.100.7, 203.0.113.2:50124", **new_key()}

    assert narrow.http.post("/api/requests", json=BODY, headers=headers).status_code == 429


def test_staff_and_channels_are_not_counted_by_address(narrow: RunningDesk):
    call_until_refused(narrow, "203.0.113.3")
    called_from = {"X-Forwarded-For": "203.0.113.3:50124"}
    staff = narrow.token("u-hanako", "Team.supplies") | called_from
    channel = narrow.token("c-phone", "Channel.phone") | called_from | new_key()

    for _ in range(10):
        assert narrow.http.get("/api/staff/me", headers=staff).status_code == 200
    assert narrow.http.post("/api/requests", json={**BODY, "channel": "phone"}, headers=channel).status_code == 201


def test_codes_that_were_tried_too_often_lock_a_reference_for_a_while(narrow: RunningDesk):
    sent = narrow.http.post("/api/requests", json=BODY, headers=new_key()).json()

    looks = [
        narrow.http.get(f"/api/requests/{sent['reference']}", headers={"Access-Code": f"{number:08d}"})
        for number in range(30)
    ]

    assert {look.status_code for look in looks} == {404, 429}
    assert looks[-1].json()["code"] == "too_many_tries"
    assert 1 <= int(looks[-1].headers["Retry-After"]) <= 6


def test_a_refused_look_keeps_reference_and_code_also_in_another_language(narrow: RunningDesk):
    typed = {"reference": ["K7M2-QX9P-D4TB"], "accessCode": ["AAAAAAAA"]}
    called_from = {"X-Forwarded-For": "203.0.113.5:50123"}

    for _ in range(9):
        answer = narrow.http.post("/ja/requests", data={**typed, "step": "withdraw"}, headers=called_from)

    waiting = HtmlPage(answer.text)
    assert answer.status_code == 429
    assert waiting.typed == typed
    assert answer.headers["cache-control"] == "no-store"
    steps = {e.get("formaction"): e.get("value") for e in waiting.all("button")}
    assert steps == {"": "withdraw", **{f"/{language}/requests": "show" for language in ("ja", "ja-easy", "en")}}


@pytest.fixture
def page(browser: Browser, narrow: RunningDesk) -> Iterator[Page]:
    """Return a page that asks from an address of its own."""
    context = context_of(browser, narrow, bypass_csp=True, extra_http_headers={"X-Forwarded-For": "203.0.113.4:50123"})
    yield context.new_page()
    context.close()


def hidden(page: Page) -> dict[str, list[str]]:
    """Return what the form of a page keeps out of sight."""
    typed: dict[str, list[str]] = {}
    for control in page.locator("form#request input[type=hidden]").all():
        typed.setdefault(control.get_attribute("name") or "", []).append(control.input_value())
    return typed


def test_a_resident_waits_on_a_page_that_keeps_every_word_and_sends_it_once(page: Page, narrow: RunningDesk):
    note = {"/contact/name": ["見本 花子 <b>&amp;lt;"]}
    page.goto(FORM)
    fill(page, EXAMPLE | CONTACT | note)
    go_on(page, "入力した内容を確かめる")
    checked = hidden(page)
    call_until_refused(narrow, "203.0.113.4")

    with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
        go_on(page, "この内容で申請する")

    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["retry-after"]) <= 10
    expect(page.get_by_role("heading", level=1)).to_have_text("今、混み合っています")
    expect(page.get_by_role("alert")).to_be_focused()
    assert hidden(page) == checked
    assert checked["/contact/name"] == note["/contact/name"]
    assert page.locator("meta[http-equiv]").count() == 0
    check_page(page)

    reference, code = send_until_taken(page)

    page.go_back()
    go_on(page, "もう一度送る")
    answer = narrow.http.get(f"/api/requests/{reference}", headers={"Access-Code": code})
    assert [event["event"] for event in answer.json()["history"]].count("accepted") == 1


def send_until_taken(page: Page) -> tuple[str, str]:
    """Wait as the page says, and press its button, until there is a receipt."""
    for _ in range(5):
        time.sleep(10)
        go_on(page, "もう一度送る")
        if page.locator("dl.receipt").count():
            return receipt_on(page)
    raise AssertionError("it was never taken")
