"""Find the Chromium that browser tests and pictures use: `python -m local.browser` prints its path."""

import os
import shutil
import sys


def chromium() -> str | None:
    """Return the path of an installed Chromium: one on PATH, else the one that Playwright downloaded, else None.

    The shell without windows comes first: it opens a page at half the cost of the whole browser.
    """
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


if __name__ == "__main__":
    found = chromium()
    print(found or "no Chromium found", file=sys.stdout if found else sys.stderr)
    sys.exit(0 if found else 1)
