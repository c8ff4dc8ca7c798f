"""A real browser at a phone's width: what a person does on a page, and what must hold of every page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.forms import Typed

PHONE = {"width": 360, "height": 740}
STANDARD = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


def context_of(browser: Browser, desk: RunningDesk, **options: object) -> BrowserContext:
    context = browser.new_context(**{"base_url": desk.url, "viewport": PHONE, "locale": "ja-JP", **options})
    context.set_default_timeout(15_000)
    return context


def fill(page: Page, typed: Typed) -> None:
    for name, values in typed.items():
        for value in values:
            choice = page.locator(f'input[name="{name}"][value="{value}"]:is([type=radio],[type=checkbox])')
            if choice.count():
                choice.check()
            else:
                page.locator(f'[name="{name}"]').fill(value)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def go_on(page: Page, name: str) -> None:
    """Press a button that sends the form of a page, and wait until the whole page of the answer is there.

    A click alone waits for the head of the answer: what is read at once may stand in a part that is still to come.
    """
    with page.expect_navigation():
        press(page, name)


def receipt_on(page: Page) -> tuple[str, str]:
    expect(page.get_by_role("heading", level=1)).to_have_text("申請を受け付けました")
    return numbers_on(page)


def numbers_on(page: Page) -> tuple[str, str]:
    """Read reference and access code from a receipt in any language."""
    numbers = page.locator("dl.receipt dd")
    expect(numbers).to_have_count(2)
    reference, code = numbers.all_inner_texts()
    return reference, code


def check_page(page: Page) -> None:
    found = Axe().run(page, options=STANDARD)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.set_viewport_size(PHONE)
