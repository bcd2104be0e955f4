"""The page of a study in a real browser: drawn, readable at any width, silent; its tables sieved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import report_runs
import study_runs_made as made
from browsing import Visit, look, open_browser
from spinodal.report import render_study

ATTACK = "<img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from open_browser()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    made.write(
        folder / "run",
        agents={ATTACK.replace("/", "-"): 0.0, "a-model-with-a-very-long-name-" * 3: 0.2},
        pairs=report_runs.PAIRS[:4],
        conditions=("main", "another"),
        society=False,
        failed={"assess-x": ATTACK},
    )
    file = folder / "page.html"
    file.write_text(render_study(folder / "run"), encoding="utf-8")
    return file


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_draws_fits_and_keeps_silent(browser: Browser, page: Path, width: int, scheme: str) -> None:
    look(browser, page, width=width, scheme=scheme)


def test_a_word_typed_leaves_the_rows_that_hold_it(browser: Browser, page: Path) -> None:
    visit = Visit(browser, page)
    rows = visit.page.locator("#table-curves tbody tr")
    every = rows.count()
    visit.page.locator("[data-rows=table-curves]").fill("shutdown another")
    seen = visit.page.locator("#table-curves tbody tr:visible")
    assert 0 < seen.count() < every
    assert all("shutdown" in text.lower() and "another" in text for text in seen.all_inner_texts())
    visit.page.locator("[data-rows=table-curves]").fill("")
    assert visit.page.locator("#table-curves tbody tr:visible").count() == every
    visit.page.context.close()
