"""The project's pages in Chromium, for the tests that look at them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNDRAWN = (
    "[...document.querySelectorAll('[data-figure]')].filter(box => !box.querySelector('.main-svg')).length"
)


def open_browser() -> Iterator[Browser]:
    """A browser for as long as it is wanted; the test is skipped where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on the path; install one to look at the pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_QUIET))
        yield browser
        browser.close()


class Visit:
    """A page opened, with whatever it said or asked for."""

    def __init__(self, browser: Browser, file: Path, *, width: int = 1280, scheme: str = "light") -> None:
        phone = width < 500
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if scheme == "dark" else "light",
            has_touch=phone,
            is_mobile=phone,
        )
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())
        for _ in range(300):  # polled: the page's policy forbids the evaluation of strings inside it
            if self.page.evaluate(UNDRAWN) == 0:
                break
            self.page.wait_for_timeout(100)

    def asked_for(self) -> list[str]:
        """Requests other than for the page itself."""
        return [url for url in self.requests[1:] if not url.startswith(("data:", "blob:"))]


def look(browser: Browser, file: Path, *, width: int, scheme: str) -> None:
    """A page that draws all its figures, fits the screen, and says and asks for nothing."""
    visit = Visit(browser, file, width=width, scheme=scheme)
    assert visit.page.evaluate(UNDRAWN) == 0
    assert visit.page.evaluate(OVERFLOW) == 0
    visit.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert visit.page.evaluate(OVERFLOW) == 0
    assert visit.complaints == []
    assert visit.asked_for() == []
    assert visit.page.title().endswith("Spinodal")  # no words of a user or an agent were run
    assert visit.page.locator("img").count() == 0
    visit.page.context.close()
