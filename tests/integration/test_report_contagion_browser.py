"""The page of a contagion study in a real browser: drawn, readable at any width and theme, and silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import contagion_runs_made as made
import report_runs
from browsing import Visit, look, open_browser
from spinodal._files import write_table
from spinodal.report import render_contagion, render_report
from spinodal.runs import OBSERVATIONS, read_run, write_meta

ATTACK = "<img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"
LONG = "implicit-traits:threshold=0.7,every=4,literal=yes,placement=tagged-user"
STUDIES = {
    "rich": {
        "guards": {"system-prompt": 0.02, LONG: 0.1, "trust-boundary": 0.05},
        "silent": ("neutral",),
        "others": ("transcript", "always-defect", "a-company-with-a-rather-long-name-of-its-own"),
        "said": ATTACK,
        "fault": ATTACK,
        "lost": ("stag-hunt/malicious/none/1",),
        "traits": {**made.TRAITS, "willingness-to-defer-to-authorities-of-any-kind": "neutral"},
        "before": {**made.BEFORE, "willingness-to-defer-to-authorities-of-any-kind": 0.4},
    },
    "poor": {"games": ("chicken",), "guards": {}, "repetitions": 1},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from open_browser()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    runs = {name: made.write(folder / name, **{"repetitions": 3} | ways) for name, ways in STUDIES.items()}
    texts = {name: render_contagion(run) for name, run in runs.items()}
    assessed, pairs = folder / "assessed", report_runs.PAIRS[:1]
    write_meta(assessed, report_runs.meta(pairs))
    write_table(assessed / OBSERVATIONS, report_runs.observations(pairs, repeats=3))
    texts["second part"] = render_report(read_run(assessed), runs["rich"])
    files = {name: folder / f"{name}.html" for name in texts}
    for name, text in texts.items():
        files[name].write_text(text, encoding="utf-8")
    return files


@pytest.mark.parametrize("name", [*STUDIES, "second part"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_all_is_drawn_fits_the_screen_and_is_silent(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    look(browser, pages[name], width=width, scheme=scheme)


CLIPPED = """
[...document.querySelectorAll('.annotation-text')].filter(text => {
  const box = text.closest('.plot').getBoundingClientRect(), mine = text.getBoundingClientRect();
  return mine.left < box.left - 1 || mine.right > box.right + 1;
}).map(text => text.textContent)
"""


@pytest.mark.parametrize("width", [1280, 390])
def test_names_in_figures_are_not_clipped(browser: Browser, pages: dict[str, Path], width: int) -> None:
    visit = Visit(browser, pages["rich"], width=width)
    assert visit.page.evaluate(CLIPPED) == []
    visit.page.context.close()


def test_a_conversation_opens_and_what_a_peer_said_stays_text(
    browser: Browser, pages: dict[str, Path]
) -> None:
    visit = Visit(browser, pages["rich"])
    first = visit.page.locator("#contagion-transcripts details").first
    assert not first.locator(".talk").is_visible()
    first.locator("summary").click()
    assert first.locator(".talk").is_visible()
    assert first.get_by_text(ATTACK, exact=True).count() > 0
    visit.page.context.close()


def test_marks_keep_to_the_themes_colours(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["rich"])
    fills = "[...document.querySelectorAll('#figure-contagion-traits .point')].map(one => one.style.fill)"
    light = visit.page.evaluate(fills)
    visit.page.locator(".theme").click()
    dark = visit.page.evaluate(fills)
    assert len(light) == len(dark) > 0
    assert all(one != other for one, other in zip(light, dark, strict=True))
    visit.page.context.close()
