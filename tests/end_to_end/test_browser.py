"""The pages in a real browser at a phone's width."""

import copy
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.counter import DEFINITION
from tests.end_to_end.browsing import PHONE, check_page, context_of, fill, go_on, numbers_on, receipt_on
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import CONTACT, EXAMPLE, FORM

pytestmark = pytest.mark.xdist_group("residents and counter")
LOOKED_AT = [
    pytest.param(language, place, marks=() if language in each_time else pytest.mark.deep)
    for place, each_time in {
        "": ("en",),
        "/services/relief-supplies": ("ja-easy",),
        "/services/disaster-certificate": ("en",),
        "/requests": ("ja-easy",),
    }.items()
    for language in ("ja", "ja-easy", "en")
]
"""Every page in the languages with the longest words; in Japanese every step of a request is looked at below."""


@pytest.fixture
def page(browser: Browser, desk: RunningDesk) -> Iterator[Page]:
    """Return a page without JavaScript, as the counter must work."""
    context = context_of(browser, desk, java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def examined(browser: Browser, desk: RunningDesk) -> Iterator[Page]:
    """Return a page that a test may look into with scripts of its own."""
    context = context_of(browser, desk, bypass_csp=True)
    yield context.new_page()
    context.close()


def send(page: Page) -> tuple[str, str]:
    """Fill in the form, check and send it; return reference and access code."""
    page.goto(FORM)
    fill(page, EXAMPLE | CONTACT)
    go_on(page, "入力した内容を確かめる")
    go_on(page, "この内容で申請する")
    return receipt_on(page)


def test_a_resident_asks_sees_how_it_stands_and_withdraws(page: Page):
    page.goto("/")
    page.get_by_role("link", name="支援物資の受け取り").click()
    fill(page, EXAMPLE | CONTACT)
    go_on(page, "入力した内容を確かめる")
    expect(page.get_by_role("heading", level=1)).to_have_text("内容を確かめてください")
    expect(page.get_by_text("090-0000-0000")).to_be_visible()
    go_on(page, "この内容で申請する")
    reference, code = receipt_on(page)

    page.goto("/ja/requests")
    page.get_by_label("受付番号").fill(reference.lower().replace("-", " "))
    page.get_by_label("アクセスコード").fill(code)
    go_on(page, "状況を確かめる")
    expect(page.get_by_text("受け付けました（対応中）")).to_be_visible()
    go_on(page, "申請を取り下げる")
    go_on(page, "取り下げる")
    expect(page.get_by_text("取り下げました", exact=True)).to_be_visible()


def test_back_and_send_again_gives_the_same_receipt(page: Page):
    first = send(page)

    page.go_back()
    go_on(page, "この内容で申請する")
    after_back = receipt_on(page)
    page.reload()

    assert first == after_back == receipt_on(page)


def test_a_double_click_gives_one_receipt(page: Page, desk: RunningDesk):
    page.goto(FORM)
    fill(page, EXAMPLE | CONTACT)
    go_on(page, "入力した内容を確かめる")
    with page.expect_response(lambda answer: answer.request.method == "GET" and answer.ok):
        page.get_by_role("button", name="この内容で申請する").dblclick(no_wait_after=True)

    reference, code = receipt_on(page)

    answer = desk.http.get(f"/api/requests/{reference}", headers={"Access-Code": code})
    assert [e["event"] for e in answer.json()["history"]].count("accepted") == 1


def test_a_refusal_focuses_its_summary_whose_links_lead_to_the_fields(page: Page):
    page.goto(FORM)
    fill(page, EXAMPLE | CONTACT | {"/contact/phone": ["でんわ"]})

    go_on(page, "入力した内容を確かめる")

    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").first.click()
    expect(page.get_by_label("電話番号")).to_be_focused()
    expect(page.get_by_label("電話番号")).to_have_value("でんわ")
    expect(page.get_by_label("電話番号")).to_have_accessible_description(re.compile("エラー：.*市外局番から入力"))


def test_a_link_of_the_summary_shows_the_field_with_its_label_and_message(examined: Page):
    examined.goto(FORM)
    fill(examined, EXAMPLE | {"/contact/phone": ["でんわ"], "/answers/household/members": ["三人"]})
    go_on(examined, "入力した内容を確かめる")

    for label in ("電話番号", "人数"):
        examined.get_by_role("alert").get_by_role("link").filter(has_text=label).click()

        field = examined.locator(".field.wrong").filter(has_text=label)
        box = field.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= PHONE["height"]


def test_a_receipt_is_kept_over_a_change_of_language_and_no_address_tells_it(page: Page):
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    reference, code = send(page)

    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    receipt = numbers_on(page)
    go_on(page, "See how your request stands")
    go_on(page, "やさしい日本語")

    assert receipt == (reference, code)
    expect(page.get_by_role("heading", level=1)).to_have_text("あなたの 申請（しんせい）")
    assert len(seen) > 4
    assert not [url for url in seen if reference in url or code in url]


def test_enter_looks_a_request_up_and_does_not_change_the_language(page: Page):
    page.goto("/ja/requests")
    page.get_by_label("受付番号").fill("K7M2-QX9P-D4TB")

    page.get_by_label("受付番号").press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("両方が必要です")


def test_enter_checks_the_answers_and_does_not_change_the_language(page: Page):
    page.goto(FORM)
    fill(page, EXAMPLE | CONTACT)

    page.get_by_label("電話番号").press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("内容を確かめてください")


def test_another_language_keeps_what_was_typed(page: Page):
    page.goto(FORM)
    fill(page, CONTACT)

    go_on(page, "English")

    expect(page.get_by_label("Phone number")).to_have_value("090-0000-0000")
    expect(page).to_have_url(f"{page.url.partition('/en')[0]}/en/services/relief-supplies")


@pytest.mark.parametrize(("language", "place"), LOOKED_AT)
def test_every_page_is_accessible_and_fits_a_phone(examined: Page, language: str, place: str):
    examined.goto(f"/{language}{place}")

    check_page(examined)


def test_every_step_is_accessible_and_fits_a_phone(examined: Page):
    examined.goto(FORM)
    go_on(examined, "入力した内容を確かめる")
    check_page(examined)
    fill(examined, EXAMPLE | CONTACT)
    go_on(examined, "入力した内容を確かめる")
    check_page(examined)
    go_on(examined, "この内容で申請する")
    receipt_on(examined)
    check_page(examined)
    go_on(examined, "申請の状況を確かめる")
    check_page(examined)
    go_on(examined, "申請を取り下げる")
    check_page(examined)


def test_a_service_that_is_paused_ends_an_open_form_with_the_reason(examined: Page, desk: RunningDesk):
    editor, address = desk.token("e", "Editor"), "/api/catalog/services/water-to-pause"
    form = copy.deepcopy(DEFINITION["form"])
    form["required"].append("inNeed")
    form["properties"]["inNeed"] = {"type": "boolean", "x-text": {"label": {"ja": "急いでいますか"}}}
    form["examples"][0]["inNeed"] = False
    cases = [{**case, "answers": {**case["answers"], "inNeed": True}} for case in DEFINITION["cases"]]
    published = {**DEFINITION, "id": "water-to-pause", "form": form, "cases": cases}
    assert desk.http.put(address, json=published, headers=editor).status_code == 201
    examined.goto("/ja/services/water-to-pause")
    fill(examined, {"/answers/members": ["2"], **CONTACT})
    go_on(examined, "入力した内容を確かめる")
    expect(examined.get_by_role("alert")).to_contain_text("急いでいますか")
    examined.get_by_label("いいえ").check()
    go_on(examined, "入力した内容を確かめる")
    reason = {"reason": {"ja": "申請の内容に誤りがあり、直しています。12時ごろに再開します。"}}
    assert desk.http.post(f"{address}/pause", json=reason, headers=editor).status_code == 200

    go_on(examined, "この内容で申請する")

    expect(examined.get_by_role("alert")).to_contain_text(reason["reason"]["ja"])
    expect(examined.get_by_text("090-0000-0000")).to_be_visible()
    check_page(examined)
    examined.goto("/ja")
    expect(examined.get_by_text(reason["reason"]["ja"])).to_be_visible()
    check_page(examined)
