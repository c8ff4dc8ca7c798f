"""The pages as a browser without JavaScript uses them; reading any of them checks its structure (tests/html.py)."""

import re

import pytest

from services.catalog.bounds import MOST_CONTROLS
from tests.counter import DEFINITION
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import CONTACT, FORM, Typed, get, post, receipt_on, sent, start
from tests.end_to_end.over_http import RELIEF, submit
from tests.end_to_end.supplies import wait_for_booking
from tests.html import Page

pytestmark = pytest.mark.xdist_group("residents and counter")
STEPS = ("show", "edit", "receipt", "confirm", "change-place", "withdraw")


def test_the_first_page_leads_to_the_language_of_the_browser(desk: RunningDesk):
    assert desk.http.get("/").headers["location"] == "/ja"
    assert desk.http.get("/", headers={"Accept-Language": "en-GB"}).headers["location"] == "/en"


@pytest.mark.parametrize("language", ["ja", "ja-easy", "en"])
@pytest.mark.parametrize("place", ["", "/services/relief-supplies", "/services/disaster-certificate", "/requests"])
def test_every_page_stands_in_every_language(desk: RunningDesk, language: str, place: str):
    page = get(desk, f"/{language}{place}")

    assert page.all("html")[0].get("lang") == language[:2]
    assert not re.search(r"\b(page|form|check|home|field)\.[a-z_]+", page.text), "a text is missing"


def test_no_page_runs_scripts_or_may_be_framed_and_the_form_alone_sets_a_cookie(desk: RunningDesk):
    for path in ("/ja", FORM, "/ja/requests"):
        headers = desk.http.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert ("set-cookie" in headers) == (path == FORM)
        assert headers["x-content-type-options"] == "nosniff"


def test_styles_and_pictures_are_kept_until_they_change(desk: RunningDesk):
    link = get(desk, "/ja").all("link")[0].get("href")

    answer = desk.http.get(link)

    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert desk.http.get("/static/..%2Fhost.json").status_code == 404
    assert desk.http.get("/static/nothing.css").status_code == 404


def test_the_purpose_stands_before_the_form(desk: RunningDesk):
    html = desk.http.get(FORM).text

    assert 0 < html.index(RELIEF["purpose"]["ja"].strip()[:20]) < html.index("<form")


def test_a_request_is_sent_through_form_check_and_receipt(desk: RunningDesk):
    check = post(desk, FORM, start(desk), "check")
    receipt = post(desk, FORM, check.typed, "send", 201)
    reference, code = receipt_on(receipt)

    shown = post(desk, "/ja/requests", {"reference": [reference], "accessCode": [code]}, "show")

    assert check.heading == "内容を確かめてください"
    assert "見本 花子" in check.text
    assert receipt.heading == "申請を受け付けました"
    assert "受け付けました" in shown.text
    assert reference in shown.text


def test_double_click_reload_and_back_give_the_same_receipt(desk: RunningDesk):
    typed = start(desk)
    first = receipt_on(post(desk, FORM, typed, "send", 201))

    double_click = receipt_on(post(desk, FORM, typed, "send"))
    after_back = receipt_on(post(desk, FORM, post(desk, FORM, typed, "check").typed, "send"))

    assert first == double_click == after_back


def test_back_and_another_answer_is_another_request(desk: RunningDesk):
    typed = start(desk)
    first = receipt_on(post(desk, FORM, typed, "send", 201))

    other = receipt_on(post(desk, FORM, {**typed, "/contact/name": ["見本 次郎"]}, "send", 201))

    assert other[0] != first[0]


def test_the_same_person_may_fill_in_a_new_form_with_the_same_answers(desk: RunningDesk):
    first, second = (receipt_on(post(desk, FORM, start(desk), "send", 201)) for _ in range(2))

    assert first[0] != second[0]


def test_a_refused_form_keeps_every_field_and_says_each_mistake_once(desk: RunningDesk):
    typed = start(desk) | {
        "/contact/phone": ["でんわ"],
        "/contact/email": ["a@"],
        "/answers/household/members": ["三人"],
    }

    page = post(desk, FORM, typed, "check", 422)

    assert {name: page.typed[name] for name in typed if typed[name]} == {n: v for n, v in typed.items() if v}
    assert page.all("title")[0].text.startswith("入力の確認：")
    mistakes = {e.get("href") for e in page.all("a") if e.get("href").startswith("#") and e.get("href") != "#main"}
    assert mistakes == {"#contact-phone", "#contact-email", "#answers-household-members"}
    assert [e.get("role") for e in page.elements if "autofocus" in e.attributes] == ["alert"]
    assert {e.get("name") for e in page.elements if e.get("aria-invalid")} == {
        "/contact/phone",
        "/contact/email",
        "/answers/household/members",
    }


def test_an_empty_form_names_every_required_field(desk: RunningDesk):
    empty = get(desk, FORM).typed

    page = post(desk, FORM, {name: empty[name] for name in ("seed", "version")}, "check", 422)

    linked = [e.get("href") for e in page.all("a") if re.match("#(answers|contact)", e.get("href"))]
    assert "#answers-household-members" in linked
    assert "#contact-name" in linked
    assert len(linked) == len(set(linked))


def test_going_back_to_correct_keeps_every_field(desk: RunningDesk):
    typed = start(desk)

    page = post(desk, FORM, post(desk, FORM, typed, "check").typed, "edit")

    assert {name: values for name, values in page.typed.items() if any(values)} == {n: v for n, v in typed.items() if v}


def test_changing_the_language_keeps_every_field(desk: RunningDesk):
    typed = start(desk)

    page = post(desk, "/en/services/relief-supplies", typed, "edit")

    assert page.all("html")[0].get("lang") == "en"
    assert {name: values for name, values in page.typed.items() if any(values)} == {n: v for n, v in typed.items() if v}


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}"])
def test_what_is_typed_is_shown_and_never_run(desk: RunningDesk, text: str):
    page = post(desk, FORM, start(desk) | {"/contact/name": [text]}, "check")

    assert text in page.text
    assert page.typed["/contact/name"] == [text]


@pytest.mark.parametrize("text", ["見\x00本", "見\u3164本", "本\u202e見"])
def test_what_nobody_sees_is_refused_at_its_field(desk: RunningDesk, text: str):
    page = post(desk, FORM, start(desk) | {"/contact/name": [text]}, "check", 422)

    assert [e.get("name") for e in page.elements if e.get("aria-invalid")] == ["/contact/name"]


def test_an_answer_too_long_for_the_counter_is_kept_for_shortening(desk: RunningDesk):
    typed = start(desk) | {"/contact/name": ["見" * 20_000]}

    page = post(desk, FORM, typed, "send", 413)

    assert page.typed["/contact/name"] == typed["/contact/name"]
    assert "大きすぎます" in page.text


@pytest.mark.parametrize("content", [b"\xff\xfe=%FF", b"a=1&" * 600, b"%FF=%FE"])
def test_a_body_that_is_no_form_of_ours_is_refused_with_what_to_do(desk: RunningDesk, content: bytes):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = desk.http.post(FORM, content=content, headers=headers)

    assert answer.status_code == 400
    assert "もう一度始めてください" in Page(answer.text).text


def test_a_body_over_the_limit_is_refused(desk: RunningDesk):
    answer = desk.http.post(FORM, data={"/answers/note": "a" * 300_000})

    assert answer.status_code == 413
    assert Page(answer.text).heading == "内容が大きすぎます"


@pytest.mark.parametrize("version", ["x", "-1", "9" * 5000, "٣"])
def test_a_version_that_is_no_number_is_taken_as_none(desk: RunningDesk, version: str):
    assert post(desk, FORM, start(desk) | {"version": [version]}, "check").heading == "内容を確かめてください"


def test_a_version_that_is_no_longer_taken_is_shown_again_with_what_was_typed(desk: RunningDesk):
    typed = start(desk) | {"version": ["999"]}

    page = post(desk, FORM, typed, "send", 422)

    assert "新しくなりました" in page.text
    assert page.typed["/contact/name"] == typed["/contact/name"]
    assert page.typed["version"] != ["999"]


def test_an_unknown_service_says_where_to_turn(desk: RunningDesk):
    page = get(desk, "/ja/services/nothing", 404)

    assert page.heading == "手続きが見つかりません"
    assert "電話" in page.text


def test_a_closed_service_is_listed_and_says_since_when_and_whom_to_call(desk: RunningDesk):
    closed = {**DEFINITION, "id": "closed-water", "closes": "2026-11-01T00:00:00+09:00"}
    published = desk.http.put("/api/catalog/services/closed-water", json=closed, headers=desk.token("e", "Editor"))
    assert published.status_code == 201, published.text

    page = get(desk, "/ja/services/closed-water", 403)
    sending = post(desk, "/ja/services/closed-water", {"/answers/members": ["2"], **CONTACT}, "send", 403)

    assert "令和8年11月1日（日）0時0分" in page.text
    assert closed["phone"] in page.text
    assert sending.typed["/answers/members"] == ["2"]
    assert closed["phone"] in sending.text


def test_a_service_that_is_paused_ends_an_open_form_with_the_reason_and_keeps_what_was_typed(desk: RunningDesk):
    editor = desk.token("e", "Editor")
    address, paused = "/api/catalog/services/paused-water", {"reason": {"ja": "申請の内容を直しています。"}}
    published = desk.http.put(address, json={**DEFINITION, "id": "paused-water"}, headers=editor)
    assert published.status_code == 201, published.text
    typed = {"/answers/members": ["2"], **CONTACT}
    opened = post(desk, "/ja/services/paused-water", typed, "check")
    answer = desk.http.post(f"{address}/pause", json=paused, headers=editor)
    assert answer.json()["reason"] == paused["reason"]

    sending = post(desk, "/ja/services/paused-water", opened.typed, "send", 403)

    assert paused["reason"]["ja"] in sending.text
    assert sending.typed["/answers/members"] == ["2"]
    assert paused["reason"]["ja"] in get(desk, "/ja/services/paused-water", 403).text
    assert paused["reason"]["ja"] in get(desk, "/ja").text
    assert desk.http.get("/api/services/paused-water").json()["state"] == "paused"
    assert desk.http.post(f"{address}/resume", headers=editor).status_code == 200
    post(desk, "/ja/services/paused-water", sending.typed, "send", 201)


def test_the_largest_form_that_can_be_published_can_be_sent(desk: RunningDesk):
    chosen = [f"v{n}" for n in range(MOST_CONTROLS - 3)]
    many = {"type": "array", "items": {"enum": chosen}, "x-text": {"label": {"ja": "見本"}}}
    form = {**DEFINITION["form"], "properties": {**DEFINITION["form"]["properties"], "many": many}}
    large = {**DEFINITION, "id": "large-water", "form": form}
    published = desk.http.put("/api/catalog/services/large-water", json=large, headers=desk.token("e", "Editor"))
    assert published.status_code == 201, published.text
    page = get(desk, "/ja/services/large-water")
    whole = {"/answers/members": ["2"], "/answers/atHome": ["true"], "/answers/note": ["見本"], "/answers/many": chosen}

    checked = post(
        desk, "/ja/services/large-water", {**page.typed, **whole, **CONTACT, "/contact/email": ["a@b.jp"]}, "check"
    )
    post(desk, "/ja/services/large-water", checked.typed, "send", 201)


def test_a_withdrawal_is_confirmed_first(desk: RunningDesk):
    pair = sent(desk)

    asked = post(desk, "/ja/requests", pair, "confirm")
    still = post(desk, "/ja/requests", pair, "show")
    withdrawn = post(desk, "/ja/requests", pair, "withdraw")
    again = post(desk, "/ja/requests", pair, "withdraw")

    assert asked.heading == "申請を取り下げますか"
    assert "取り下げました" not in still.text
    assert "取り下げました" in withdrawn.text
    assert "取り下げました" in again.text
    assert "申請を取り下げる" not in withdrawn.text


def test_a_request_that_was_served_is_withdrawn_by_phone_only(desk: RunningDesk):
    receipt = submit(desk)
    wait_for_booking(desk, receipt)
    handed = {"reference": receipt["reference"], "id": "hand-over-0001", "receiver": "household"}
    desk.http.post("/api/staff/pickup/hand-overs", json=handed, headers=desk.token("busshi", "Team.supplies"))
    pair = {"reference": [receipt["reference"]], "accessCode": [receipt["accessCode"]]}

    page = post(desk, "/ja/requests", pair, "withdraw", 409)

    assert RELIEF["phone"] in page.text
    assert page.typed == {"held": [""], "reference": pair["reference"], "accessCode": [""]}


def test_a_wrong_pair_and_an_unknown_one_are_told_alike_and_the_code_is_typed_again(desk: RunningDesk):
    pair = sent(desk)
    wrong = post(desk, "/ja/requests", {**pair, "accessCode": ["AAAAAAAA"]}, "show", 404)
    unknown = post(desk, "/ja/requests", {"reference": ["K7M2-QX9P-D4TB"], "accessCode": ["AAAAAAAA"]}, "show", 404)

    assert wrong.typed == {"held": [""], "reference": pair["reference"], "accessCode": [""]}
    assert unknown.all("section")[0].text == wrong.all("section")[0].text


def test_a_receipt_is_kept_by_no_cache(desk: RunningDesk):
    pair = sent(desk)

    asked = desk.http.get("/ja/requests")
    answers = [desk.http.post("/ja/requests", data={**pair, "step": step}) for step in STEPS]
    wrong = desk.http.post("/ja/requests", data={**pair, "accessCode": "AAAAAAAA", "step": "show"})
    form = desk.http.get(FORM)

    assert {one.headers["cache-control"] for one in (asked, wrong, *answers)} == {"no-store"}
    assert "no-store" not in form.headers["cache-control"]


def test_a_code_that_was_right_is_in_no_field_that_one_sees(desk: RunningDesk):
    pair = sent(desk)

    pages = [post(desk, "/ja/requests", pair, step) for step in ("show", "confirm", "withdraw")]

    for page in pages:
        assert pair["accessCode"][0] not in page.text
        assert {e.get("type") for e in page.all("input") if e.get("name") == "accessCode"} == {"hidden"}


def language_buttons(page: Page) -> set[tuple[str, str]]:
    """Return step and address of every button that changes the language."""
    return {(e.get("value"), e.get("formaction")) for e in page.all("button") if e.get("formaction")}


def test_a_receipt_is_shown_in_another_language_without_sending_the_form_again(desk: RunningDesk):
    receipt = post(desk, FORM, start(desk), "send", 201)
    reference, code = receipt_on(receipt)

    answer = desk.http.post("/en/requests", data={"reference": reference, "accessCode": code, "step": "receipt"})
    english = Page(answer.text)

    assert ("receipt", "/en/requests") in language_buttons(receipt)
    assert english.heading == "We have your request"
    assert receipt_on(english) == (reference, code)
    assert "Relief supplies" in english.text
    assert "already had" not in english.text
    assert answer.headers["cache-control"] == "no-store"
    assert reference not in "".join(e.get("href") + e.get("formaction") + e.get("action") for e in english.elements)


def test_status_and_withdrawal_stay_what_they_are_in_another_language(desk: RunningDesk):
    pair = sent(desk)

    status = post(desk, "/ja/requests", pair, "show")
    confirmation = post(desk, "/ja/requests", pair, "confirm")
    in_english = post(desk, "/en/requests", pair, "confirm")

    assert ("show", "/en/requests") in language_buttons(status)
    assert ("confirm", "/en/requests") in language_buttons(confirmation)
    assert in_english.heading == "Withdraw this request?"
    assert pair["reference"][0] in in_english.text


def test_after_a_withdrawal_another_language_shows_how_the_request_stands(desk: RunningDesk):
    withdrawn = post(desk, "/ja/requests", sent(desk), "withdraw")

    assert {step for step, _ in language_buttons(withdrawn)} == {"show"}


def test_nobody_gets_a_receipt_for_a_wrong_code(desk: RunningDesk):
    page = post(desk, "/en/requests", {**sent(desk), "accessCode": ["AAAAAAAA"]}, "receipt", 404)

    assert page.heading == "See how your request stands"


def test_mistakes_and_the_check_page_come_back_in_the_other_language(desk: RunningDesk):
    wrong = start(desk) | {"/contact/phone": ["でんわ"]}
    plain = get(desk, FORM)
    mistakes = post(desk, FORM, wrong, "check", 422)
    check = post(desk, FORM, start(desk), "check")

    in_english = post(desk, "/en/services/relief-supplies", mistakes.typed, "check", 422)

    assert ("edit", "/en/services/relief-supplies") in language_buttons(plain)
    for page in (mistakes, check):
        assert ("", "/en/services/relief-supplies/check") in language_buttons(page)
    assert "There is something to correct" in in_english.text


def test_what_must_be_filled_in_is_told_as_its_control_is_used(desk: RunningDesk):
    empty = get(desk, FORM).typed

    page = post(desk, FORM, {name: empty[name] for name in ("seed", "version")}, "check", 422)

    told = {e.get("href"): e.text.rpartition("：")[2] for e in page.all("a") if e.get("href").startswith("#answers")}
    assert told["#answers-headName"] == "入力してください。"
    assert told["#answers-receive-0"] == told["#answers-items-0"] == "選んでください。"
    assert told["#answers-consentToShare"].endswith("チェックを付けてください。")


def test_only_what_must_be_filled_in_carries_a_badge(desk: RunningDesk):
    badges = [e.text for e in get(desk, FORM).all("span") if e.get("class") == "badge"]

    assert set(badges) == {"必須"}


def test_the_check_page_keeps_the_order_of_the_form(desk: RunningDesk):
    form = get(desk, FORM)
    check = post(desk, FORM, start(desk), "check")

    labels = [field["x-text"]["label"]["ja"] for field in RELIEF["form"]["properties"].values()]

    for page in (form, check):
        positions = [page.text.index(f"\n{label}" if page is form else label) for label in labels]
        assert positions == sorted(positions)


def test_every_phone_number_on_a_page_can_be_called(desk: RunningDesk):
    closed = get(desk, FORM)

    calls = {(e.get("href"), e.text) for e in closed.all("a") if e.get("class") == "tel"}

    assert calls == {("tel:" + RELIEF["phone"].replace("-", ""), RELIEF["phone"])}
    assert len(re.findall(RELIEF["phone"], closed.all("body")[0].text)) == len(
        [e for e in closed.all("a") if e.get("class") == "tel"]
    )


def test_phone_and_email_have_the_keyboard_that_fits(desk: RunningDesk):
    modes = {e.get("name"): e.get("inputmode") for e in get(desk, FORM).all("input") if e.get("inputmode")}

    assert (modes["/contact/phone"], modes["/contact/email"]) == ("tel", "email")


@pytest.mark.parametrize("pair", [{}, {"reference": ["K7M2-QX9P-D4TB"]}, {"accessCode": ["AAAAAAAA"]}])
def test_a_lookup_without_both_numbers_says_that_both_are_needed(desk: RunningDesk, pair: Typed):
    page = post(desk, "/ja/requests", pair, "show", 422)

    assert "受付番号とアクセスコードを入力してください" in page.text


def test_a_failed_lookup_says_the_number_to_call_once(desk: RunningDesk):
    pair: Typed = {"reference": ["K7M2-QX9P-D4TB"], "accessCode": ["AAAAAAAA"]}

    page = post(desk, "/ja/requests", pair, "show", 404)

    assert len([e for e in page.all("a") if e.get("class") == "tel"]) == 1
