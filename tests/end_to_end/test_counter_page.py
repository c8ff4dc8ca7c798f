"""The counter where supplies are handed out, in a real browser: scanned, typed, searched, walked in, and offline."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from functions.pickup.codes import content_of
from local.browser import chromium
from tests.camera import film
from tests.end_to_end.at_counter import COUNTER, counter_page, look, lose_connection, moves, regain_connection
from tests.end_to_end.browsing import fill, go_on, press, receipt_on
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import CONTACT, typed_of
from tests.end_to_end.over_http import of_another_household, status
from tests.end_to_end.staff_pages import (
    check_at_both_widths,
    hand_over,
    household_with_place,
    on_hand,
    open_site,
    staff_page,
)

pytestmark = pytest.mark.xdist_group("residents and counter")
DONE = "渡したことを記録しました"


@pytest.fixture
def site(desk: RunningDesk) -> tuple[str, str]:
    return open_site(desk)


@pytest.fixture
def counter(browser: Browser, desk: RunningDesk, site: tuple[str, str]) -> Iterator[Page]:
    """Return the counter's page, signed in and at a site of its own."""
    with counter_page(browser, desk, site[0]) as page:
        yield page


def test_a_resident_reserves_and_staff_scans_and_hands_over_so_that_stock_falls(
    browser: Browser, desk: RunningDesk, site: tuple[str, str], tmp_path: Path
):
    body = of_another_household()
    typed = typed_of(body["answers"]) | CONTACT | {"/answers/slot": [".".join(site)]}
    resident = browser.new_page(base_url=desk.url, locale="ja-JP")
    resident.goto("/ja/services/relief-supplies")
    while not resident.locator(f'[value="{".".join(site)}"]').count():  # an instance trusts its list for seconds
        resident.reload()
    fill(resident, typed)
    go_on(resident, "入力した内容を確かめる")
    go_on(resident, "この内容で申請する")
    reference, _ = receipt_on(resident)
    go_on(resident, "申請の状況を確かめる")
    while not resident.get_by_role("img", name="受け取りコード").count():
        go_on(resident, "最新の状況を確かめる")
    resident.close()
    before = on_hand(desk, site[0])

    camera = film(tmp_path / "code.y4m", content_of(reference))
    seeing = browser.browser_type.launch(
        executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", *camera]
    )
    with staff_page(seeing, desk, COUNTER, permissions=["camera"]) as page:
        page.get_by_label("この窓口の場所").select_option(site[0])
        press(page, "QR コードを読み取る")
        expect(page.get_by_text(f"{body['answers']['headName']} さんの世帯")).to_be_visible()
        expect(page.get_by_text("予約の時間より前です")).to_be_visible()
        press(page, "渡しました")
        expect(page.get_by_text(DONE)).to_be_visible()
    seeing.close()

    after = on_hand(desk, site[0])
    assert {item for item in before if after[item] < before[item]} == set(body["answers"]["items"])
    assert moves(desk, site[0]) == [reference]


def test_a_card_is_green_only_once_the_time_of_the_reservation_has_come(desk: RunningDesk, counter: Page):
    soon = open_site(desk, hours=0.1)
    receipt, _ = household_with_place(desk, *soon)
    counter.reload()
    counter.get_by_label("この窓口の場所").select_option(soon[0])

    look(counter, receipt["reference"])
    expect(counter.get_by_text("予約の時間より前です")).to_be_visible()
    expect(counter.get_by_text("今お渡しすることもできます")).to_be_visible()
    expect(counter.locator("#card-state")).not_to_contain_class("ready")
    press(counter, "次のかたへ")
    counter.clock.set_fixed_time(datetime.now(UTC) + timedelta(minutes=10))
    look(counter, receipt["reference"])

    expect(counter.locator("#card-state.ready")).to_have_text("お渡しできます")


def test_a_second_look_says_who_handed_over_and_when(desk: RunningDesk, counter: Page, site: tuple[str, str]):
    receipt, _ = household_with_place(desk, *site)
    hand_over(desk, receipt["reference"])

    look(counter, receipt["reference"].lower().replace("-", " "))

    expect(counter.get_by_text("お渡し済み")).to_be_visible()
    expect(counter.get_by_text("other が渡しました")).to_be_visible()
    expect(counter.get_by_role("button", name="渡しました")).to_be_hidden()
    check_at_both_widths(counter)


def test_a_proxy_receives_fewer_units(desk: RunningDesk, counter: Page, site: tuple[str, str]):
    receipt, body = household_with_place(desk, *site)
    before = on_hand(desk, site[0])

    look(counter, receipt["reference"])
    counter.get_by_label("毛布を1つ減らす").click()
    counter.get_by_label("代理人", exact=True).check()
    counter.get_by_label("代理人の氏名").fill("見本 代理")
    check_at_both_widths(counter)
    press(counter, "渡しました")
    expect(counter.get_by_text(DONE)).to_be_visible()

    assert before["blanket"] - on_hand(desk, site[0])["blanket"] == body["answers"]["household"]["members"] - 1


def test_the_household_after_a_proxy_is_handed_over_to_as_any_other(
    desk: RunningDesk, counter: Page, site: tuple[str, str]
):
    first, _ = household_with_place(desk, *site)
    second, _ = household_with_place(desk, *site)
    look(counter, first["reference"])
    counter.get_by_label("代理人", exact=True).check()
    press(counter, "次のかたへ")

    look(counter, second["reference"])
    press(counter, "渡しました")

    expect(counter.get_by_text(DONE)).to_be_visible()
    assert moves(desk, site[0]) == [second["reference"]]


def test_what_is_said_is_seen_wherever_the_page_was_scrolled_to(counter: Page):
    counter.set_viewport_size({"width": 360, "height": 600})
    counter.get_by_text("受付番号がわからないかた").click()
    counter.get_by_label("世帯主のフリガナ").fill("ヤマダ ハナコ")
    press(counter, "探す")

    expect(counter.locator("#said")).to_contain_text("見つかりません")
    expect(counter.locator("#said")).to_be_in_viewport(ratio=1)


def test_a_number_of_nobody_and_what_is_no_reference_of_ours_are_told_in_the_words_of_the_counter(counter: Page):
    for typed in ("https://example.com/pay", "MADOGUCHI:", "番号"):
        look(counter, "0000-0000-0000")
        expect(counter.locator("#said")).to_contain_text("「受付番号がわからないかた」から探してください")

        look(counter, typed)

        expect(counter.locator("#said")).to_contain_text("この窓口の受付番号ではありません")


def test_without_a_camera_the_reference_is_typed(counter: Page):
    press(counter, "QR コードを読み取る")

    expect(counter.get_by_text("カメラを使えません")).to_be_visible()


def test_a_household_without_its_reference_is_found(desk: RunningDesk, counter: Page, site: tuple[str, str]):
    _, body = household_with_place(desk, *site)

    counter.get_by_text("受付番号がわからないかた").click()
    counter.get_by_label("世帯主のフリガナ").fill(body["answers"]["headKana"])
    press(counter, "探す")
    counter.get_by_role("button", name=f"{body['answers']['headName']} を開く").click()

    expect(counter.get_by_text(f"{body['answers']['headName']} さんの世帯")).to_be_visible()


HOSTILE = {
    "reference": "K7M2-QX9P-D4TB",
    "head": "花子\u2069\u202e",
    "kana": "ハナコ\n生年月日 一致\u2069\u202e",
    "address": "見本市\u2067\u202e",
    "members": 2,
    "state": "confirmed",
    "place": None,
    "isBornThen": False,
    "likeness": 0.5,
}
PLACES = """line => {
  const ours = line.lastChild, range = document.createRange();
  const lefts = [...ours.textContent].map((_, n) => {
    range.setStart(ours, n);
    range.setEnd(ours, n + 1);
    return range.getBoundingClientRect().left;
  });
  return { end: line.firstElementChild.getBoundingClientRect().right, lefts };
}"""
LINES = "own => own.getBoundingClientRect().height / parseFloat(getComputedStyle(own).lineHeight)"


def test_what_a_resident_wrote_stays_in_its_place_and_cannot_look_like_the_match(counter: Page):
    """Answers of before may hold directions; our words stand behind them and in their order all the same."""
    counter.route("**/pickup/searches", lambda route: route.fulfill(json={"found": [HOSTILE], "isCut": True}))
    counter.get_by_text("受付番号がわからないかた").click()
    counter.get_by_label("世帯主のフリガナ").fill("ミホン ハナコ")
    counter.get_by_label("生年月日").fill("1950-01-01")
    press(counter, "探す")

    expect(counter.locator("#found dt")).to_have_text(["フリガナ", "住所", "人数", "生年月日"])
    expect(counter.locator("#found dd").last).to_have_text("一致していません")
    assert counter.locator("#found dd bdi").first.evaluate(LINES) < 1.9
    button = counter.locator("#found button").evaluate(PLACES)
    assert button["lefts"] == sorted(button["lefts"])
    assert button["end"] <= button["lefts"][0] + 1
    expect(counter.locator("#said")).to_contain_text("ほかにも")
    check_at_both_widths(counter)


def test_a_walk_in_is_taken_in_and_shown_without_a_word_lost_on_a_mistake(
    desk: RunningDesk, counter: Page, site: tuple[str, str]
):
    answers = {**of_another_household()["answers"], "slot": ".".join(site)}
    members = answers.pop("household")["members"]

    counter.get_by_text("申請していないかた").click()
    counter.get_by_role("link", name="支援物資の受け取り").click()
    fill(counter, typed_of(answers) | CONTACT)
    check_at_both_widths(counter)
    press(counter, "受け付けて、場所を取る")
    expect(counter.locator("p.error").first).to_be_visible()
    counter.get_by_label("全員の人数").fill(str(members))
    press(counter, "受け付けて、場所を取る")

    expect(counter.get_by_text(f"{answers['headName']} さんの世帯")).to_be_visible()
    press(counter, "渡しました")
    expect(counter.get_by_text(DONE)).to_be_visible()
    assert len(moves(desk, site[0])) == 1


def test_a_hand_over_without_a_connection_is_kept_over_a_reload_and_sent_once(
    desk: RunningDesk, counter: Page, site: tuple[str, str]
):
    receipt, _ = household_with_place(desk, *site)
    counter.reload()
    expect(counter.locator("#roster")).to_contain_text("1世帯")

    lose_connection(counter)
    look(counter, receipt["reference"])
    expect(counter.get_by_text("名簿で表示しています")).to_be_visible()
    press(counter, "渡しました")
    expect(counter.get_by_text("この端末に記録しました")).to_be_visible()
    look(counter, receipt["reference"])
    expect(counter.get_by_text("もう渡したと記録されています")).to_be_visible()
    counter.reload()
    expect(counter.locator("#who")).to_have_text("見本 窓口（オフライン）")
    expect(counter.get_by_text("送信待ち 1件")).to_be_visible()
    assert moves(desk, site[0]) == []

    regain_connection(counter)
    expect(counter.get_by_text("送信待ちの1件を送りました")).to_be_visible(timeout=20_000)
    expect(counter.get_by_text("送信待ち 1件")).to_be_hidden()
    assert moves(desk, site[0]) == [receipt["reference"]]
    assert status(desk, receipt)["booking"]["state"] == "collected"


def test_what_another_counter_handed_over_meanwhile_is_shown_as_a_conflict_until_somebody_saw_to_it(
    desk: RunningDesk, counter: Page, site: tuple[str, str]
):
    receipt, _ = household_with_place(desk, *site)
    counter.reload()
    expect(counter.locator("#roster")).to_contain_text("1世帯")

    lose_connection(counter)
    look(counter, receipt["reference"])
    press(counter, "渡しました")
    hand_over(desk, receipt["reference"])
    regain_connection(counter)
    conflict = counter.get_by_role("listitem").filter(has_text=receipt["reference"])
    expect(conflict).to_contain_text("other が渡しました", timeout=20_000)
    check_at_both_widths(counter)
    counter.reload()
    expect(conflict).to_be_visible()
    conflict.get_by_role("button", name="確認しました").click()

    expect(conflict).to_be_hidden()
    assert len(moves(desk, site[0])) == 1


def test_who_has_no_role_for_it_is_told_so(browser: Browser, desk: RunningDesk, site: tuple[str, str]):
    receipt, _ = household_with_place(desk, *site)
    with staff_page(browser, desk, COUNTER, "見本 広報") as page:
        look(page, receipt["reference"])

        expect(page.locator("#said.problem")).to_contain_text("役割が割り当てられていません")


def test_a_household_is_corrected_and_the_units_due_follow(desk: RunningDesk, counter: Page, site: tuple[str, str]):
    receipt, body = household_with_place(desk, *site)
    members = body["answers"]["household"]["members"] + 1

    look(counter, receipt["reference"])
    counter.get_by_text("世帯の内容を直す").click()
    expect(counter.get_by_label("世帯主の氏名")).to_have_value(body["answers"]["headName"])
    counter.get_by_label("直す理由").fill("本人の申し出")
    press(counter, "直した内容を記録する")
    expect(counter.get_by_text("直したところがありません")).to_be_visible()
    counter.get_by_label("全員の人数").fill("0")
    press(counter, "直した内容を記録する")
    expect(counter.locator("#correction p.error")).to_be_visible()
    check_at_both_widths(counter)
    counter.get_by_label("全員の人数").fill(str(members))
    counter.get_by_label("障害のあるかた").check()
    press(counter, "直した内容を記録する")

    expect(counter.locator("#said.done")).to_have_text("世帯の内容を直しました。")
    expect(counter.locator("#card-facts")).to_contain_text(f"{members}人")
    expect(counter.get_by_label(f"毛布 {members}枚")).to_be_visible()
