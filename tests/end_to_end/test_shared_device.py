"""A device that one clerk leaves to the next, in a real browser: who is signed in, and whose hand-overs wait."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.at_counter import COUNTER, counter_page, look, lose_connection, moves, regain_connection
from tests.end_to_end.browsing import check_page, press
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.staff_pages import CLERK, OFFICER, hand_over, household_with_place, open_site

pytestmark = pytest.mark.xdist_group("residents and counter")
CHOICE = "だれとしてサインインしますか"
OF_CLERK = "見本 窓口 さんの記録 1件"
WITHOUT_OWNER = """() => {
  const key = Object.keys(localStorage).find((name) => name.startsWith("hand-over."));
  localStorage[key] = JSON.stringify({ handOver: JSON.parse(localStorage[key]).handOver });
}"""
"""Leave the hand-over as pages kept it that did not write down whose it is."""


@pytest.fixture
def site(desk: RunningDesk) -> tuple[str, str]:
    return open_site(desk)


@pytest.fixture
def counter(browser: Browser, desk: RunningDesk, site: tuple[str, str]) -> Iterator[Page]:
    """Return the counter's page, where the clerk is signed in, at a site of its own."""
    with counter_page(browser, desk, site[0], signs_in=True) as page:
        yield page


def sign_in(page: Page, person: str) -> None:
    """Sign in on the page of staff that is open, and come to the counter."""
    press(page, "サインインする")
    page.get_by_role("link", name=person).click()
    expect(page.locator("#who")).to_have_text(person)
    page.goto(COUNTER)
    expect(page.locator("#who")).to_have_text(person)


def sign_out(page: Page) -> None:
    press(page, "サインアウト")
    page.wait_for_url("**/staff")
    expect(page.get_by_role("button", name="サインインする")).to_be_visible()


def sign_out_offline(page: Page) -> None:
    """Sign out, and wait until the page gave up asking the issuer: it asks again once the connection is back."""
    press(page, "サインアウト")
    expect(page.get_by_text("アカウントのサインアウトはまだです")).to_be_visible()


def end_session(page: Page) -> None:
    """Answer the issuer, which asks whose session ends: nothing here knows it any more."""
    page.get_by_role("link", name="サインアウトする").click()
    page.wait_for_url("**/staff")
    expect(page.get_by_role("button", name="サインインする")).to_be_visible()


def is_signed_in_at_issuer(page: Page) -> bool:
    """Tell whether the issuer takes somebody without asking who it is."""
    asked = "?redirect_uri={origin}/staff&code_challenge=c&state=s".replace(
        "{origin}", page.evaluate("location.origin")
    )
    answer = page.request.get(f"/local/issuer/authorize{asked}", max_redirects=0)
    return answer.status == 302


def kept(page: Page) -> str:
    """Return all that the browser keeps of whoever was signed in."""
    return str(page.evaluate("JSON.stringify({...sessionStorage, roster: localStorage.getItem('kept.roster')})"))


def hand_over_offline(page: Page, reference: str) -> None:
    page.reload()
    expect(page.locator("#roster")).to_contain_text("1世帯")
    lose_connection(page)
    look(page, reference)
    press(page, "渡しました")
    expect(page.get_by_text("この端末に記録しました")).to_be_visible()


def test_who_signs_out_is_signed_out_at_the_issuer_too_and_leaves_nothing_behind(counter: Page):
    assert is_signed_in_at_issuer(counter)
    assert "見本 窓口" in kept(counter)

    sign_out(counter)

    assert not is_signed_in_at_issuer(counter)
    assert kept(counter) == '{"roster":null}'
    counter.go_back()
    expect(counter.locator("#who")).to_be_hidden()


def test_who_signs_out_on_another_page_leaves_no_roster_behind_either(counter: Page):
    assert '"roster":null' not in kept(counter)
    counter.goto("/staff")
    expect(counter.locator("#who")).to_have_text("見本 窓口")

    sign_out(counter)

    assert kept(counter) == '{"roster":null}'


def test_whoever_signs_in_is_asked_who_it_is_although_the_issuer_remembers_the_last(counter: Page):
    counter.evaluate("sessionStorage.clear()")
    counter.reload()

    press(counter, "サインインする")

    expect(counter.get_by_role("heading", name=CHOICE)).to_be_visible()


def test_who_signs_out_without_a_connection_is_forgotten_at_once_and_at_the_issuer_when_it_is_back(
    desk: RunningDesk, counter: Page, site: tuple[str, str]
):
    receipt, body = household_with_place(desk, *site)
    look(counter, receipt["reference"])
    expect(counter.locator("#card-title")).to_contain_text(body["answers"]["headName"])
    lose_connection(counter)

    sign_out_offline(counter)

    expect(counter.get_by_role("button", name="サインインする")).to_be_visible()
    assert kept(counter) == '{"roster":null}'
    assert body["answers"]["headName"] not in counter.content()
    check_page(counter)
    regain_connection(counter)
    end_session(counter)
    assert not is_signed_in_at_issuer(counter)


def test_who_signs_out_in_one_tab_is_signed_out_in_all(counter: Page):
    other = counter.context.new_page()
    other.goto("/staff")
    sign_in(other, CLERK)

    sign_out(counter)

    expect(other.get_by_role("button", name="サインインする")).to_be_visible()
    expect(other.locator("#who")).to_be_hidden()


def test_a_hand_over_waits_for_its_clerk_while_another_is_signed_in(
    desk: RunningDesk, counter: Page, site: tuple[str, str]
):
    receipt, _ = household_with_place(desk, *site)
    hand_over_offline(counter, receipt["reference"])
    sign_out_offline(counter)
    regain_connection(counter)
    end_session(counter)

    sign_in(counter, OFFICER)
    counter.get_by_label("この窓口の場所").select_option(site[0])
    expect(counter.get_by_text(OF_CLERK)).to_be_visible()
    look(counter, receipt["reference"])
    expect(counter.get_by_text("もう渡したと記録されています")).to_be_visible()
    expect(counter.get_by_text("送信待ち 1件")).to_be_hidden()
    check_page(counter)
    assert moves(desk, site[0]) == []

    sign_out(counter)
    sign_in(counter, CLERK)
    expect(counter.get_by_text("送信待ちの1件を送りました")).to_be_visible()
    expect(counter.get_by_text(OF_CLERK)).to_be_hidden()
    assert moves(desk, site[0]) == [receipt["reference"]]
    look(counter, receipt["reference"])
    expect(counter.get_by_text(f"{CLERK} が渡しました")).to_be_visible()


def test_a_conflict_is_settled_by_its_clerk_alone(desk: RunningDesk, counter: Page, site: tuple[str, str]):
    receipt, _ = household_with_place(desk, *site)
    hand_over_offline(counter, receipt["reference"])
    hand_over(desk, receipt["reference"])
    regain_connection(counter)
    expect(counter.get_by_role("button", name="確認しました")).to_be_visible(timeout=20_000)
    sign_out(counter)

    sign_in(counter, OFFICER)

    expect(counter.get_by_text(OF_CLERK)).to_be_visible()
    expect(counter.get_by_role("button", name="確認しました")).to_be_hidden()


def test_a_hand_over_of_nobody_known_is_sent_once_a_clerk_says_that_it_is_theirs(
    desk: RunningDesk, counter: Page, site: tuple[str, str]
):
    receipt, _ = household_with_place(desk, *site)
    hand_over_offline(counter, receipt["reference"])
    without_owner = "const {handOver} = JSON.parse(localStorage[key]); localStorage[key] = JSON.stringify({handOver})"
    counter.evaluate(
        f"for (const key of Object.keys(localStorage).filter((k) => k.startsWith('hand-over.'))) {{ {without_owner} }}"
    )
    counter.reload()
    regain_connection(counter)
    counter.reload()
    expect(counter.get_by_text("だれの記録か分からないもの 1件")).to_be_visible()
    check_page(counter)
    assert moves(desk, site[0]) == []

    press(counter, "自分が渡しました")

    expect(counter.get_by_text("送信待ちの1件を送りました")).to_be_visible()
    expect(counter.get_by_text("だれの記録か分からないもの")).to_be_hidden()
    assert moves(desk, site[0]) == [receipt["reference"]]


def test_the_roster_that_a_clerk_took_is_none_of_the_next(desk: RunningDesk, counter: Page, site: tuple[str, str]):
    receipt, _ = household_with_place(desk, *site)
    counter.reload()
    expect(counter.locator("#roster")).to_contain_text("1世帯")
    counter.evaluate("sessionStorage.clear()")
    counter.reload()
    sign_in(counter, "見本 広報")

    lose_connection(counter)
    counter.reload()
    look(counter, receipt["reference"])

    expect(counter.get_by_text("つながりません")).to_be_visible()
