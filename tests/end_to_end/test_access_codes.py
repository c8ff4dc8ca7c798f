"""Another access code, at the counter's page, over the API and by the command line of operators."""

import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.at_counter import counter_page, look, lose_connection
from tests.end_to_end.browsing import press
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.operators import Operator
from tests.end_to_end.over_http import submit
from tests.end_to_end.staff_pages import check_at_both_widths, household_with_place, open_site

pytestmark = pytest.mark.xdist_group("residents and counter")
AT_COUNTER, OF_OPERATORS = "/api/staff/requests/access-codes", "/api/operations/requests/access-codes"


@pytest.fixture
def site(desk: RunningDesk) -> tuple[str, str]:
    return open_site(desk)


@pytest.fixture
def counter(browser: Browser, desk: RunningDesk, site: tuple[str, str]) -> Iterator[Page]:
    """Return the counter's page, where the clerk is signed in, at a site of its own."""
    with counter_page(browser, desk, site[0]) as page:
        yield page


@pytest.fixture
def receipt(desk: RunningDesk, counter: Page, site: tuple[str, str]) -> dict[str, Any]:
    """Return the receipt of a household whose card stands open at the counter."""
    given, _ = household_with_place(desk, *site)
    look(counter, given["reference"])
    return given


def opens(desk: RunningDesk, reference: str, code: str) -> int:
    return desk.http.get(f"/api/requests/{reference}", headers={"Access-Code": code}).status_code


def reissue_on(page: Page, check: str) -> str:
    page.get_by_text("アクセスコードを再発行").click()
    page.get_by_label(check).check()
    press(page, "再発行する")
    expect(page.locator("#new-code")).not_to_be_empty()
    return page.locator("#new-code").inner_text()


def test_staff_give_another_code_at_the_counter_and_the_old_one_ends(
    desk: RunningDesk, counter: Page, receipt: dict[str, Any]
):
    code = reissue_on(counter, "運転免許証")

    expect(counter.get_by_text("前のコードは使えません")).to_be_visible()
    expect(counter.get_by_text("書き写して")).to_be_visible()
    expect(counter.locator("#new-code")).to_be_in_viewport()
    check_at_both_widths(counter)
    assert opens(desk, receipt["reference"], receipt["accessCode"]) == 404
    assert opens(desk, receipt["reference"], code) == 200


def test_nobody_is_given_a_code_without_saying_how_it_was_checked_who_they_are(
    desk: RunningDesk, counter: Page, receipt: dict[str, Any]
):
    counter.get_by_text("アクセスコードを再発行").click()
    press(counter, "再発行する")
    counter.get_by_label("聞き取りで確認").check()
    press(counter, "再発行する")
    counter.get_by_label("確かめた内容").fill("免許証 012345678901")
    press(counter, "再発行する")

    expect(counter.get_by_text("6桁以上の数字は書かないでください")).to_be_visible()
    check_at_both_widths(counter)
    assert opens(desk, receipt["reference"], receipt["accessCode"]) == 200
    counter.get_by_label("確かめた内容").fill("世帯の人数と続柄を聞いた")
    press(counter, "再発行する")
    expect(counter.locator("#new-code")).not_to_be_empty()


def test_the_code_is_gone_with_the_card(counter: Page, receipt: dict[str, Any]):
    reissue_on(counter, "マイナンバーカード")

    press(counter, "次のかたへ")

    expect(counter.locator("#new-code")).to_be_empty()
    look(counter, receipt["reference"])
    expect(counter.locator("#reissued")).to_be_hidden()


def test_a_card_from_the_roster_gives_no_code(counter: Page, receipt: dict[str, Any]):
    counter.reload()
    expect(counter.locator("#roster")).to_contain_text("1世帯")
    lose_connection(counter)

    look(counter, receipt["reference"])

    expect(counter.get_by_text("氏名のない名簿で表示しています")).to_be_visible()
    expect(counter.get_by_text("アクセスコードを再発行")).to_be_hidden()


def test_an_operator_gives_another_code_by_the_command_line(desk: RunningDesk):
    receipt = submit(desk)
    asked = ("--checked", "questions", "--note", "世帯の人数と続柄を聞いた")

    given = Operator(desk).run("reissue", receipt["reference"].lower(), *asked)

    assert given["reference"] == receipt["reference"]
    assert opens(desk, receipt["reference"], receipt["accessCode"]) == 404
    assert opens(desk, receipt["reference"], given["accessCode"]) == 200


@pytest.mark.parametrize(
    ("route", "role"), [(AT_COUNTER, "Operator"), (AT_COUNTER, "Editor"), (OF_OPERATORS, "Team.supplies")]
)
def test_each_route_is_for_its_own(desk: RunningDesk, route: str, role: str):
    receipt = submit(desk)
    asked = {"reference": receipt["reference"], "id": secrets.token_hex(8), "checked": "passport"}

    assert desk.http.post(route, json=asked, headers=desk.token("somebody", role)).status_code == 403
    assert desk.http.post(route, json=asked).status_code == 401
    assert opens(desk, receipt["reference"], receipt["accessCode"]) == 200


def test_no_other_word_says_how_it_was_checked(desk: RunningDesk):
    asked = {"reference": "0000-0000-0000", "id": secrets.token_hex(8)}
    staff = desk.token("somebody", "Team.supplies")

    for said in ({}, {"checked": None}, {"checked": "face"}, {"checked": "passport", "number": "TR1234567"}):
        assert desk.http.post(AT_COUNTER, json={**asked, **said}, headers=staff).status_code == 422
