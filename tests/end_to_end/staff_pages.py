"""Staff in a browser: signed in as one of the desk's people, at a site of the test's own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.end_to_end.browsing import PHONE, check_page, context_of, press
from tests.end_to_end.conftest import RunningDesk
from tests.end_to_end.over_http import of_another_household, status, submit

CLERK, OFFICER = "見本 窓口", "見本 物資係"
_kept: dict[tuple[str, str], str] = {}
"""Scripts that put into a page what the session of a person keeps there, by desk and person."""


@contextmanager
def staff_page(
    browser: Browser, desk: RunningDesk, address: str, person: str = CLERK, *, signs_in: bool = False, **options: Any
) -> Iterator[Page]:
    """Open a page as somebody who signs in on the first page of a run, and is signed in on those that follow.

    Who `signs_in` does so again, and so has a session at the issuer, too.
    """
    context = context_of(browser, desk, **options)
    kept = None if signs_in else _kept.get((desk.url, person))
    if kept:
        context.add_init_script(
            f"if (location.protocol === 'http:' && !window.name) {{ window.name = 'begun'; {kept} }}"
        )
    page = context.new_page()
    page.goto(address)
    if not kept:
        sign_in(page, person)
        items = page.evaluate("JSON.stringify(Object.entries(sessionStorage))")
        _kept[desk.url, person] = f"for (const [name, value] of {items}) sessionStorage.setItem(name, value);"
    expect(page.locator("#who")).to_have_text(person)
    try:
        yield page
    finally:
        context.close()


def sign_in(page: Page, person: str) -> None:
    """Sign in at the issuer of the desk."""
    press(page, "サインインする")
    page.get_by_role("link", name=person).click()
    expect(page.locator("#who")).to_have_text(person)


def officer(desk: RunningDesk) -> dict[str, str]:
    return desk.token("busshi", "Team.supplies", "Supervisor")


def open_site(desk: RunningDesk, *, hours: float = 2, places: int = 5, **stock: int) -> tuple[str, str]:
    """Open a site with stock and one slot that begins in some hours; return both names."""
    name, units = f"test-{secrets.token_hex(4)}", stock or {"water": 600, "food": 300, "blanket": 60, "toiletPaper": 60}
    site = {"name": {"ja": f"例示会館 {name}"}, "kind": "temporary", "address": f"見本市例示町{name}"}
    starts = datetime.now(UTC) + timedelta(hours=hours)
    ends = starts + timedelta(hours=1)
    slot = {"starts": starts.isoformat(), "ends": ends.isoformat(), "places": places, "allotted": units}
    _ok(desk.http.put(f"/api/pickup/sites/{name}", json=site, headers=officer(desk)))
    received = {"id": "received-0001", "lines": {item: 2 * each for item, each in units.items()}}
    _ok(desk.http.post(f"/api/pickup/sites/{name}/moves", json=received, headers=officer(desk)))
    opened = _ok(desk.http.post(f"/api/pickup/sites/{name}/slots", json=slot, headers=officer(desk)))
    return name, opened["id"]


def on_hand(desk: RunningDesk, site: str) -> dict[str, int]:
    shown = _ok(desk.http.get(f"/api/pickup/sites/{site}", headers=officer(desk)))
    return {line["item"]: line["onHand"] for line in shown["stock"]}


def household_with_place(desk: RunningDesk, site: str, slot: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let an invented household take a place there; return its receipt and what it asked with."""
    body = of_another_household()
    body["answers"] = {**body["answers"], "slot": f"{site}.{slot}"}
    receipt = submit(desk, body)
    _eventually_booked(desk, receipt)
    return receipt, body


def hand_over(desk: RunningDesk, reference: str) -> dict[str, Any]:
    body = {"reference": reference, "id": secrets.token_hex(8), "receiver": "household"}
    return _ok(desk.http.post("/api/staff/pickup/hand-overs", json=body, headers=desk.token("other", "Team.supplies")))


def check_at_both_widths(page: Page) -> None:
    """Hold a page to WCAG 2.1 AA on a phone and on a desk."""
    check_page(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    check_page_of_desk(page)
    page.set_viewport_size(PHONE)


def check_page_of_desk(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def _eventually_booked(desk: RunningDesk, receipt: dict[str, Any]) -> None:
    import time

    deadline = time.monotonic() + 20
    while status(desk, receipt).get("booking", {}).get("state") != "confirmed":
        assert time.monotonic() < deadline, status(desk, receipt)
        time.sleep(0.1)


def _ok(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
