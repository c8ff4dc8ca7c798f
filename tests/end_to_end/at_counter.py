"""The counter's page in a real browser: opened at a site, asked for a household, without and with its connection."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.staff_pages import officer, staff_page

COUNTER = "/staff/counter"


@contextmanager
def counter_page(browser: Browser, desk: RunningDesk, site: str, *, signs_in: bool = False) -> Iterator[Page]:
    """Open the counter's page, where the clerk is signed in, at a site."""
    with staff_page(browser, desk, COUNTER, signs_in=signs_in, bypass_csp=True) as page:
        page.get_by_label("この窓口の場所").select_option(site)
        expect(page.locator("#roster")).to_contain_text("現在")
        yield page


def look(page: Page, reference: str) -> None:
    page.get_by_label("受付番号").fill(reference)
    page.get_by_label("受付番号").press("Enter")


def lose_connection(page: Page) -> None:
    """Abort what the page and its service worker send.

    Chromium's own emulation is no use here: after a reload it reports a call as failed that the server did receive.
    """
    page.context.route("**", lambda route: route.abort("internetdisconnected"))


def regain_connection(page: Page) -> None:
    page.context.unroute("**")
    page.evaluate("dispatchEvent(new Event('online'))")


def moves(desk: RunningDesk, site: str) -> list[str]:
    found = desk.http.get(f"/api/pickup/sites/{site}/moves", headers=officer(desk)).json()["moves"]
    return [move["reference"] for move in found if move["kind"] == "handed_over"]
