"""The page of supplies officers, in a real browser: numbers, entries, slots and tables."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from services.pickup.tables.sheets import MOST_BYTES
from services.times import JAPAN
from tests.end_to_end.browsing import press
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.staff_pages import (
    CLERK,
    OFFICER,
    check_at_both_widths,
    hand_over,
    household_with_place,
    officer,
    on_hand,
    open_site,
    staff_page,
)
from tests.end_to_end.supplies import ask_for_milk, look, post, slot_on

pytestmark = pytest.mark.xdist_group("office")
SUPPLIES = "/staff/supplies"


@pytest.fixture
def site(desk: RunningDesk) -> tuple[str, str]:
    return open_site(desk)


@pytest.fixture
def office(browser: Browser, desk: RunningDesk, site: tuple[str, str]) -> Iterator[Page]:
    """Return the officer's page, at a site of its own."""
    with staff_page(browser, desk, SUPPLIES, OFFICER, bypass_csp=True) as page:
        choose(page, site)
        yield page


def choose(page: Page, site: tuple[str, str]) -> None:
    page.get_by_label("場所", exact=True).select_option(site[0])
    expect(page.locator("#at-site")).to_have_attribute("data-shown", site[0])


def row(page: Page, item: str) -> list[str]:
    return (
        page.get_by_role("row")
        .filter(has=page.get_by_role("rowheader", name=item))
        .get_by_role("cell")
        .all_inner_texts()
    )


def slots(desk: RunningDesk, site: tuple[str, str]) -> dict[str, dict]:
    shown = desk.http.get(f"/api/pickup/sites/{site[0]}", headers=officer(desk)).json()
    return {slot["id"]: slot for slot in shown["slots"]}


def site_at(desk: RunningDesk, site: tuple[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = desk.http.get(f"/api/pickup/sites/{site[0]}", headers=officer(desk)).json()["site"]
    return found


def open_entry(page: Page, name: str) -> None:
    page.locator("summary", has_text=name).first.click()


def test_stock_is_shown_as_the_api_counts_it_and_moves_explain_it(
    browser: Browser, desk: RunningDesk, site: tuple[str, str]
):
    receipt, body = household_with_place(desk, *site)
    household_with_place(desk, *site)
    hand_over(desk, receipt["reference"])
    members = body["answers"]["household"]["members"]

    with staff_page(browser, desk, SUPPLIES, OFFICER, bypass_csp=True) as page:
        choose(page, site)

        assert row(page, "毛布") == [str(n) for n in (120 - members, 60, 60 - 2 * members, members, members)]
        expect(page.get_by_role("cell", name=receipt["reference"])).to_be_visible()
        open_entry(page, "受付中")
        expect(page.get_by_text("確定 1、お渡し済み 1")).to_be_visible()
        check_at_both_widths(page)


def test_an_entry_of_stock_is_made_once_and_a_mistake_stands_at_its_field(
    desk: RunningDesk, office: Page, site: tuple[str, str]
):
    open_entry(office, "入庫・数え直し")
    office.get_by_label("区分").first.select_option("adjusted")
    office.get_by_label("毛布（枚）").first.fill("-70")
    press(office, "記録する")
    expect(office.locator(".error")).to_contain_text("入力してください")
    office.get_by_label("理由（調整のときは必須）").fill("数え直し")
    press(office, "記録する")
    expect(office.locator("#said.problem")).to_contain_text("毛布")
    office.get_by_label("毛布（枚）").first.fill("-50")
    press(office, "記録する")
    expect(office.locator("#said.done")).to_be_visible()

    assert on_hand(desk, site[0])["blanket"] == 70


def test_a_slot_is_opened_changed_and_closed(desk: RunningDesk, office: Page, site: tuple[str, str]):
    tomorrow = datetime.now(JAPAN) + timedelta(days=2)
    open_entry(office, "枠を開く")
    office.get_by_label("日付").fill(f"{tomorrow:%Y-%m-%d}")
    office.get_by_label("開始").fill("10:00")
    office.get_by_label("終了").fill("09:00")
    office.locator("#open-slot").get_by_label("世帯数").fill("20")
    office.locator("#open-slot").get_by_label("毛布（枚）").fill("40")
    check_at_both_widths(office)
    press(office, "枠を開く")
    expect(office.locator("#open-slot .error")).to_contain_text("始まりより後")
    office.get_by_label("終了").fill("12:00")
    press(office, "枠を開く")
    expect(office.locator("#said.done")).to_have_text("枠を開きました。")

    id_ = f"pickup-{tomorrow:%Y%m%d}-1000"
    assert (slots(desk, site)[id_]["places"], slots(desk, site)[id_]["state"]) == (20, "open")
    opened = office.locator(".slot", has_text="空き20／20世帯")
    opened.locator("summary").first.click()
    opened.locator("summary", has_text="この枠の数を変える").click()
    opened.get_by_label("世帯数").fill("5")
    opened.get_by_role("button", name="この数を足す").click()
    expect(office.locator("#said.done")).to_have_text("枠の数を変えました。")
    office.on("dialog", lambda dialog: dialog.accept())
    changed = office.locator(".slot", has_text="空き25／25世帯")
    changed.locator("summary").first.click()
    changed.get_by_role("button", name="この枠を閉じる").click()
    expect(office.locator("#said.done")).to_have_text("枠を閉じました。")

    assert slots(desk, site)[id_]["state"] == "closed"


def test_a_site_is_opened(desk: RunningDesk, office: Page, site: tuple[str, str]):
    open_entry(office, "場所を開く・直す")
    office.get_by_label("新しい場所").check()
    office.get_by_label("拠点ID").fill(f"{site[0]}-b")
    office.get_by_label("名称", exact=True).fill("例示会館の別館")
    office.locator("#put-site").get_by_label("住所").fill("見本市例示町2")
    press(office, "保存する")
    expect(office.locator("#said.done")).to_be_visible()

    found = desk.http.get(f"/api/pickup/sites/{site[0]}-b", headers=officer(desk)).json()["site"]
    assert (found["name"], found["address"], found["isOpen"]) == ({"ja": "例示会館の別館"}, "見本市例示町2", True)


def test_the_first_site_of_a_counter_needs_no_word_that_it_is_new(
    browser: Browser, desk: RunningDesk, site: tuple[str, str]
):
    with staff_page(browser, desk, SUPPLIES, OFFICER) as page:
        page.route("**/api/pickup/sites", lambda route: route.fulfill(json={"sites": []}))
        page.reload()
        open_entry(page, "場所を開く・直す")
        page.get_by_label("拠点ID").fill(f"{site[0]}-first")
        page.get_by_label("名称", exact=True).fill("例示会館")
        page.locator("#put-site").get_by_label("住所").fill("見本市例示町3")
        press(page, "保存する")
        expect(page.locator("#said.done")).to_be_visible()

    assert desk.http.get(f"/api/pickup/sites/{site[0]}-first", headers=officer(desk)).status_code == 200


def test_degrees_that_are_no_number_are_refused_at_their_field_and_the_earlier_ones_stay(
    browser: Browser, desk: RunningDesk, site: tuple[str, str]
):
    known = {"name": {"ja": "例示会館"}, "kind": "temporary", "address": "見本市例示町1", "lat": 35.5, "lon": 139.5}
    desk.http.put(f"/api/pickup/sites/{site[0]}", json=known, headers=officer(desk)).raise_for_status()
    with staff_page(browser, desk, SUPPLIES, OFFICER) as page:
        choose(page, site)
        open_entry(page, "場所を開く・直す")
        for name, wrong in (("緯度", "北緯35"), ("経度", "Infinity")):
            before = page.get_by_label(name).input_value()
            page.get_by_label(name).fill(wrong)
            press(page, "保存する")
            expect(page.locator("#put-site .field", has_text=name).locator(".error")).to_be_visible()
            expect(page.get_by_label(name)).to_have_value(wrong)
            page.get_by_label(name).fill(before)

    found = site_at(desk, site)
    assert (found["lat"], found["lon"]) == (35.5, 139.5)


def test_what_has_to_be_filled_in_is_told_at_its_field(office: Page):
    open_entry(office, "場所を開く・直す")
    office.get_by_label("新しい場所").check()
    press(office, "保存する")
    expect(office.locator("#put-site .field", has_text="拠点ID").locator(".error")).to_have_text("入力してください。")
    expect(office.get_by_label("拠点ID")).to_be_focused()

    open_entry(office, "枠を開く")
    office.get_by_label("日付").fill("2026-12-01")
    press(office, "枠を開く")
    for name in ("開始", "終了"):
        error = office.locator("#open-slot .field", has_text=name).locator(".error")
        expect(error).to_have_text("入力してください。")
    expect(office.locator("#open-slot .error")).to_have_count(2)
    office.get_by_label("日付").fill("")
    press(office, "枠を開く")
    expect(office.locator("#open-slot .error")).to_have_count(3)
    check_at_both_widths(office)


@pytest.mark.parametrize(
    ("choice", "asked"),
    [("開設している", "予約のある1世帯には、別の場所と時間"), ("場所が移った", "予約のある1世帯に、来られるか")],
)
def test_a_site_is_closed_or_moved_only_after_asking_with_the_number_of_households(
    browser: Browser, desk: RunningDesk, site: tuple[str, str], choice: str, asked: str
):
    household_with_place(desk, *site)
    with staff_page(browser, desk, SUPPLIES, OFFICER) as page:
        choose(page, site)
        open_entry(page, "場所を開く・直す")
        page.locator("#put-site").get_by_label("住所").fill("見本市例示町2")
        page.get_by_label(choice).click()
        said: list[str] = []
        page.once("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        press(page, "保存する")
        assert asked in said[0]
        assert site_at(desk, site)["address"] != "見本市例示町2"

        page.once("dialog", lambda dialog: dialog.accept())
        press(page, "保存する")
        expect(page.locator("#said.done")).to_have_text("保存しました。")

    assert site_at(desk, site)["address"] == "見本市例示町2"


def test_a_table_is_looked_through_before_it_is_taken(
    desk: RunningDesk, office: Page, site: tuple[str, str], tmp_path: Path
):
    bad, good = tmp_path / "bad.csv", tmp_path / "good.csv"
    bad.write_bytes("品目,数量\n毛布,5\n金,1\n水,たくさん\n".encode("cp932"))
    good.write_bytes("品目,数量\n毛布,5\n".encode("cp932"))

    office.get_by_label("ファイル").set_input_files(bad)
    problems = office.locator("#table-problems").get_by_role("row")
    expect(problems).to_have_count(3)
    assert [text.split("\t")[:2] for text in problems.all_inner_texts()[1:]] == [["3", "品目"], ["4", "品目"]]
    check_at_both_widths(office)
    office.get_by_label("ファイル").set_input_files(good)
    expect(office.get_by_text("1件を取り込めます")).to_be_visible()
    assert on_hand(desk, site[0])["blanket"] == 120
    press(office, "取り込む")
    expect(office.locator("#said.done")).to_have_text("1件を取り込みました。")

    assert on_hand(desk, site[0])["blanket"] == 125
    with office.expect_download() as download:
        press(office, "在庫")
    assert download.value.suggested_filename.startswith("在庫_")
    assert "毛布" in Path(download.value.path()).read_text(encoding="utf-8-sig")


def test_a_file_that_is_too_large_is_not_sent(office: Page):
    sent: list[str] = []
    office.on("request", lambda request: sent.append(request.method))
    too_large = {"name": "photo.csv", "mimeType": "text/csv", "buffer": b"x" * (MOST_BYTES + 1)}

    office.get_by_label("ファイル").set_input_files(too_large)

    expect(office.locator("#said.problem")).to_contain_text("ファイルが大きすぎます")
    assert "POST" not in sent


def test_who_does_not_supervise_sees_stock_and_no_button_that_is_not_theirs(
    browser: Browser, desk: RunningDesk, site: tuple[str, str]
):
    with staff_page(browser, desk, SUPPLIES, CLERK) as page:
        choose(page, site)

        expect(page.locator("summary", has_text="入庫・数え直し")).to_be_visible()
        for name in ("枠を開く", "場所を開く・直す"):
            expect(page.locator("summary", has_text=name)).to_be_hidden()
        open_entry(page, "受付中")
        expect(page.get_by_role("button", name="この枠を閉じる")).to_have_count(0)


def test_a_short_stock_is_split_after_a_look_at_every_rule(browser: Browser, desk: RunningDesk):
    references = [ask_for_milk(desk, infants)["reference"] for infants in (2, 1)]
    name, _ = open_site(desk, infantMilk=2)
    fields = slot_on(30, method="delivery", fill="split", places=500, allotted={"infantMilk": 2})
    opened = post(desk, f"{name}/slots", fields, officer(desk)).json()["id"]
    with staff_page(browser, desk, SUPPLIES, OFFICER, bypass_csp=True) as page:
        page.on("dialog", lambda dialog: dialog.accept())
        choose(page, (name, opened))
        kept = page.locator(".slot", has_text="配達")
        expect(kept.locator("summary").first).to_contain_text("分けかたの決定待ち")
        kept.locator("summary").first.click()
        press(page, "公平な分けかたを決める")
        equally = kept.locator(".previews section", has_text="同じ数ずつ")
        expect(equally).to_contain_text("渡す 2")
        check_at_both_widths(page)
        page.get_by_role("radio", name="同じ数ずつ").check()
        page.get_by_label("その分けかたにする理由").fill("ミルクが足りないため")
        press(page, "この分けかたに決める")
        expect(page.locator("#said.done")).to_contain_text("分けかたを決めました")
        expect(kept.locator("summary").first).not_to_contain_text("決定待ち")

        kept.locator("summary").first.click()
        press(page, "決まった分けかたを見る")
        expect(kept).to_contain_text("「同じ数ずつ」に決めました。理由：ミルクが足りないため")
        shares = {
            share["reference"]: share["granted"]
            for share in look(desk, f"{name}/slots/{opened}", officer(desk))["decided"]["shares"]
        }
        assert set(references) <= set(shares)
        for reference, granted in shares.items():
            told = f"乳児用ミルク {granted['infantMilk']}" if granted else "なし"
            expect(kept.get_by_role("listitem").filter(has_text=reference)).to_contain_text(told)
        check_at_both_widths(page)
