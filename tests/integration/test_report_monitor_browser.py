"""The page of a monitor's log in a real browser: drawn, readable at any width and theme, and silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browsing import look, open_browser
from spinodal import TanhResponse
from spinodal.monitor import Monitor, read_log
from spinodal.report import render_monitor

ATTACK = "<img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from open_browser()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    monitor = Monitor(
        "oversight",
        response=TanhResponse(1.8, 0.05),
        agents=3,
        log=folder,
        keep_text=True,
        conversation=ATTACK,
    )
    for number in range(40):
        option = "avoid oversight" if 12 <= number < 25 else "welcome oversight"
        monitor.say([ATTACK, "a" * 80, "Ben"][number % 3], f"[{option}] {ATTACK} {number}")
    silent = monitor.another("silent")
    silent.say("Ada", "hm")
    monitor.close()
    file = folder / "page.html"
    file.write_text(render_monitor(read_log(folder)), "utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_drawn_fits_and_keeps_quiet(
    browser: Browser, page: Path, width: int, scheme: str
) -> None:
    look(browser, page, width=width, scheme=scheme)
