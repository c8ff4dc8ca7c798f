"""A browser whose connection loses an answer: whatever its resident does then, it ends at one request, one receipt."""

import itertools
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from azure.cosmos import ContainerProxy, CosmosClient
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from tests.end_to_end.browsing import context_of, fill, press
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import CONTACT, EXAMPLE, FORM, Typed
from tests.end_to_end.losing import Connection

pytestmark = pytest.mark.xdist_group("residents and counter")
LOST = {"check": ("POST", "/check"), "send": ("POST", "/send"), "receipt": ("GET", "/receipt")}
THEN = ("reload", "back", "back and forward", "second tab", "language", "double click")
ORDERS = [
    pytest.param(
        lost, then, scripts, marks=() if (one + two) % 2 == 0 and scripts == (one % 2 == 0) else pytest.mark.deep
    )
    for (one, lost), (two, then) in itertools.product(enumerate(LOST), enumerate(THEN))
    for scripts in (True, False)
]
"""Every order with and without JavaScript; each time half of the orders, by turns with and without it."""
FORM_PAGE, CHECK_PAGE, RECEIPT = 'form[action*="/check"]', 'form[action$="/send"]', "dl.receipt"
NAME = '[name="/contact/name"]'


@pytest.fixture(scope="module")
def connection(desk: RunningDesk) -> Iterator[Connection]:
    connection = Connection(desk.url)
    with connection.standing():
        yield connection


@pytest.fixture
def context(
    browser: Browser, desk: RunningDesk, connection: Connection, request: pytest.FixtureRequest
) -> Iterator[BrowserContext]:
    scripts = request.node.callspec.params.get("scripts", False)
    context = context_of(browser, desk, base_url=connection.url, java_script_enabled=scripts)
    yield context
    connection.restore()
    context.close()


@pytest.fixture(scope="module")
def store(desk: RunningDesk) -> ContainerProxy:
    settings = json.loads((desk.folder / "local.settings.json").read_text(encoding="utf-8"))["Values"]
    client = CosmosClient.from_connection_string(settings["COSMOS"])
    return client.get_database_client(settings["COSMOS_DATABASE"]).get_container_client("requests")


def kept(store: ContainerProxy, name: str) -> list[str]:
    """Return the references of all that one person sent."""
    query = "SELECT c.id FROM c WHERE c.type = 'request' AND c.contact.name = @name"
    found = store.query_items(query, parameters=[{"name": "@name", "value": name}], enable_cross_partition_query=True)
    return [one["id"] for one in found]


def answers_of(name: str) -> Typed:
    return EXAMPLE | CONTACT | {"/contact/name": [name]}


def somebody() -> str:
    return f"見本 {secrets.token_hex(4)}"


def attempt(page: Page, step: Callable[[], object]) -> None:
    """Go where a browser may have nothing to show but its own error, and wait until that is there."""
    try:
        step()
    except Error as error:
        if "net::ERR" not in str(error):
            raise
        wait_for_error(page)


def wait_for_error(page: Page) -> None:
    """Wait until the browser's own page is there: no event of the driver tells."""
    for _ in range(500):
        with suppress(Error):
            if page.url.startswith("chrome-error:") and page.evaluate("document.readyState") == "complete":
                return
        page.wait_for_timeout(20)
    raise AssertionError(page.url)


def is_ours(page: Page) -> bool:
    return page.locator("main").count() == 1


def go_on(page: Page) -> None:
    """Press the main button of a page and wait for the page that answers, or for the browser's error."""
    attempt(page, lambda: _pressed(page))


def _pressed(page: Page) -> None:
    with page.expect_navigation():
        page.locator("button.main").click(no_wait_after=True)


def lose(page: Page, connection: Connection, lost: str) -> None:
    """Go on until the answer to this call is lost."""
    connection.lose(*LOST[lost])
    while not connection.is_down:
        go_on(page)
    wait_for_error(page)
    connection.restore()


def arrive(page: Page, name: str) -> str:
    """Go on from wherever a browser is to its receipt, and return the reference; no answer is typed again."""
    for _ in range(4):
        if not is_ours(page):
            attempt(page, page.reload)
        elif page.locator(RECEIPT).count():
            return page.locator(f"{RECEIPT} dd").first.inner_text()
        else:
            assert page.locator(NAME).input_value() == name
            go_on(page)
    raise AssertionError(page.content())


def do(page: Page, then: str, answers: Typed) -> Page:
    """Do what a resident does when a page did not come."""
    match then:
        case "reload":
            attempt(page, page.reload)
        case "back" | "double click" | "language":
            attempt(page, page.go_back)
        case "back and forward":
            attempt(page, page.go_back)
            attempt(page, page.go_forward)
        case "second tab":
            page = page.context.new_page()
            page.goto(FORM)
            fill(page, answers)
    if then == "language":
        press(page, "English")
        expect(page.locator("html")).to_have_attribute("lang", "en")
    if then == "double click":
        with page.expect_navigation():
            page.locator("button.main").dblclick(no_wait_after=True)
    return page


@pytest.mark.parametrize(("lost", "then", "scripts"), ORDERS)
def test_a_lost_answer_ends_at_one_request_and_its_receipt(
    context: BrowserContext, connection: Connection, store: ContainerProxy, lost: str, then: str, scripts: bool
):
    name = somebody()
    page = context.new_page()
    page.goto(FORM)
    fill(page, answers_of(name))
    lose(page, connection, lost)

    page = do(page, then, answers_of(name))
    reference = arrive(page, name)

    assert kept(store, name) == [reference]
    page.reload()
    assert arrive(page, name) == reference


@pytest.mark.parametrize("scripts", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_corrections_are_kept_when_the_answer_to_them_is_lost(
    context: BrowserContext, connection: Connection, scripts: bool
):
    page = context.new_page()
    page.goto(FORM)
    fill(page, answers_of("見本 花子") | {"/contact/phone": ["でんわ"]})
    go_on(page)
    fill(page, {"/contact/phone": ["090-1111-0000"]})
    lose(page, connection, "check")

    attempt(page, page.go_back)

    expect(page.get_by_label("電話番号")).to_have_value("090-1111-0000")


class Watched:
    """Walk through a browser and look at every page for a number that must not be on it."""

    def __init__(self, page: Page, number: str) -> None:
        self.page = page
        self._number = number
        self.seen: list[str] = []

    def look(self) -> None:
        if not is_ours(self.page):
            attempt(self.page, self.page.reload)
        self.seen += self.page.locator("h1").all_inner_texts()
        assert self._number not in self.page.content()

    def walk(self, step: Callable[[], object], times: int) -> None:
        for _ in range(times):
            attempt(self.page, step)
            self.look()

    def send_for(self, name: str, times: int) -> None:
        """Go back to what this person checked, and send it again if it is there."""
        for _ in range(times):
            attempt(self.page, self.page.go_back)
            if self.page.locator(CHECK_PAGE).count() and self.page.locator(NAME).input_value() == name:
                go_on(self.page)
                self.seen.append("sent again")
            self.look()


@pytest.mark.parametrize("scripts", [False, pytest.param(True, marks=pytest.mark.deep)])
@pytest.mark.parametrize("finishes", [True, False])
def test_two_strangers_at_one_browser_never_see_each_others_receipt(
    context: BrowserContext, store: ContainerProxy, finishes: bool, scripts: bool
):
    one, other = somebody(), somebody()
    page = context.new_page()
    page.goto(FORM)
    fill(page, answers_of(one))
    number = arrive(page, one)
    first = page.url
    if finishes:
        press(page, "終わる")
        expect(page.get_by_role("heading", level=1)).to_have_text("手続きを選んでください")
    walked = Watched(page, number)

    page.goto("/ja")
    page.goto(FORM)
    fill(page, answers_of(other))
    go_on(page)
    page.goto(first)
    walked.look()
    page.go_back()
    reference = arrive(page, other)
    second = page.url
    walked.walk(page.go_back, 8)
    walked.walk(page.go_forward, 8)
    page.goto(second)
    assert page.locator(f"{RECEIPT} dd").first.inner_text() == reference
    walked.send_for(one, 8)

    assert finishes or "sent again" in walked.seen
    assert "内容を確かめてください" in walked.seen
    assert kept(store, one) == [number]
    assert kept(store, other) == [reference]


@pytest.mark.parametrize("scripts", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_who_goes_back_after_finish_finds_nothing_of_whoever_was_here(context: BrowserContext, scripts: bool):
    name = somebody()
    page = context.new_page()
    page.goto(FORM)
    fill(page, answers_of(name))
    number = arrive(page, name)
    press(page, "終わる")
    expect(page.get_by_role("heading", level=1)).to_have_text("手続きを選んでください")
    walked = Watched(page, number)

    for _ in range(3):
        attempt(page, page.go_back)
        assert name not in page.content()
        fields = page.locator(NAME)
        assert fields.count() == 0 or fields.input_value() == ""
        walked.look()

    assert walked.seen == ["受付番号の画面は閉じました", "この内容は受け付け済みです", "支援物資の受け取り"]
