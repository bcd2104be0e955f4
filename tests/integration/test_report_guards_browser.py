"""The page of a study of guards in a real browser: drawn, readable at any width and theme, and silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import guard_runs_made as made
from browsing import OVERFLOW, Visit, look, open_browser
from spinodal.report import render_guards

ATTACK = "<img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"
LONG = "trust-boundary+implicit-traits:threshold=0.7,literal=yes,placement=tagged-user+own-prior"
STUDIES = {
    "rich": {
        "guards": {LONG: (-0.5, 0.2), "own-prior": (-0.6, 0.25), "neutral:like=system-prompt": (0.0, 0.0)},
        "lost": {"own-prior": "pair-1"},
        "fault": ATTACK,
        "decided": {"own-prior": 0.3},
        "system_prompt": ATTACK,
    },
    "poor": {"guards": {"neutral": (0.0, 0.0)}, "asked": made.pairs(made.TRUTHS[:1])},
    "empty": {
        "guards": {"neutral": (0.0, 0.0)},
        "asked": made.pairs(made.TRUTHS[:1]),
        "unmeasured": ["neutral"],
    },
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from open_browser()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    files = {name: folder / f"{name}.html" for name in STUDIES}
    for name, ways in STUDIES.items():
        study = made.write(folder / name, **{"repeats": 2} | ways)
        files[name].write_text(render_guards(study), encoding="utf-8")
    return files


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
)
def test_all_is_drawn_fits_the_screen_and_is_silent(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    look(browser, pages[name], width=width, scheme=scheme)


CLIPPED = """
[...document.querySelectorAll('.annotation-text')].filter(text => {
  const box = text.closest('.plot').getBoundingClientRect(), mine = text.getBoundingClientRect();
  return box.width && (mine.left < box.left - 1 || mine.right > box.right + 1);
}).map(text => text.textContent)
"""
WIDTHS = """
[...document.querySelectorAll('#responses .plot')].map(
  plot => [plot.clientWidth, plot.querySelector('.main-svg').clientWidth])
"""


@pytest.mark.parametrize("width", [1280, 390])
def test_names_in_figures_are_not_clipped(browser: Browser, pages: dict[str, Path], width: int) -> None:
    visit = Visit(browser, pages["rich"], width=width)
    assert visit.page.evaluate(CLIPPED) == []
    visit.page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_curves_of_the_other_guards_open_at_full_width(
    browser: Browser, pages: dict[str, Path], width: int
) -> None:
    visit = Visit(browser, pages["rich"], width=width)
    closed = visit.page.locator("#responses > details:not([open])")
    assert closed.count() == 2
    for place in reversed(range(2)):
        closed.nth(place).locator("> summary").click()
    visit.page.wait_for_timeout(500)
    widths = visit.page.evaluate(WIDTHS)
    assert len(widths) == 18
    assert all(box == drawn > 200 for box, drawn in widths)
    assert visit.page.evaluate(OVERFLOW) == 0
    visit.page.context.close()


def test_differences_sort_by_number(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["rich"])
    table = visit.page.locator("#table-differences")
    table.get_by_role("button", name="change, points").click()
    values = [
        float(cell.get_attribute("data-sort") or "nan") for cell in table.locator("td:nth-child(5)").all()
    ]
    assert len(values) == 18
    assert values == sorted(values)
    visit.page.context.close()
