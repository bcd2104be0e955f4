"""The pages in a real browser: drawn, readable at any width and theme, usable by keyboard, silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import report_runs
from browsing import Visit, look, open_browser
from spinodal.report import render_comparison, render_report

ATTACK = "<img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"
WIDTHS = (1280, 390, 360)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from open_browser()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files of a report and a comparison with a hostile option text in them."""
    folder = tmp_path_factory.mktemp("pages")
    hostile = {**report_runs.PAIRS[0], "option_b": ATTACK}
    run = report_runs.run(folder, [hostile, *report_runs.PAIRS[1:]])
    other = report_runs.run(folder, [hostile, *report_runs.PAIRS[1:]], readout="sample", failures=[])
    files = {"report": folder / "report.html", "comparison": folder / "comparison.html"}
    files["report"].write_text(render_report(run), encoding="utf-8")
    files["comparison"].write_text(render_comparison(run, other), encoding="utf-8")
    return files


@pytest.mark.parametrize("name", ["report", "comparison"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_all_is_drawn_fits_the_screen_and_is_silent(
    browser: Browser, pages: dict[str, Path], name: str, scheme: str, width: int
) -> None:
    look(browser, pages[name], width=width, scheme=scheme)


def test_text_of_a_user_stays_text(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["report"])
    assert visit.page.title().endswith("Spinodal")
    assert visit.page.get_by_text(ATTACK, exact=True).count() == 1
    assert visit.page.locator("img").count() == 0
    visit.page.context.close()


def test_the_policy_stops_a_script_that_gets_in(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["report"])
    visit.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken'";
            document.body.append(script);
        }"""
    )
    assert visit.page.title() != "taken"
    assert any("Content Security Policy" in complaint for complaint in visit.complaints)
    visit.page.context.close()


def test_a_table_is_sorted_by_keyboard_and_says_so(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["report"])
    header = visit.page.locator("#table-diagnostics th", has_text="lack of fit p")
    column = visit.page.locator("#table-diagnostics tbody tr td:nth-child(6)")
    before = column.all_inner_texts()
    for direction, reverse in (("ascending", False), ("descending", True)):
        header.locator("button").focus()
        visit.page.keyboard.press("Enter")
        assert header.get_attribute("aria-sort") == direction
        values = [float(text) for text in column.all_inner_texts() if text != "—"]
        assert values == sorted(values, reverse=reverse)
        assert sorted(column.all_inner_texts()) == sorted(before)
    assert before != column.all_inner_texts()
    visit.page.context.close()


def test_missing_numbers_are_sorted_last_both_ways(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["report"])
    visit.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    button = visit.page.locator("#table-lifetimes th button", has_text="majority for B")
    column = visit.page.locator("#table-lifetimes tbody tr td:nth-child(3)")
    for _ in range(2):
        button.press("Space")
        texts = column.all_inner_texts()
        assert "—" in texts
        assert texts == sorted(texts, key=lambda text: text == "—")
    visit.page.context.close()


def test_the_theme_button_repaints_page_and_figures_and_is_remembered(
    browser: Browser, pages: dict[str, Path]
) -> None:
    visit = Visit(browser, pages["report"])
    paper = "getComputedStyle(document.body).backgroundColor"
    curve = "document.querySelector('[data-figure=phase] .xtick text').style.fill"
    light = visit.page.evaluate(paper), visit.page.evaluate(curve)
    button = visit.page.get_by_role("button", name="Dark colours")
    assert button.get_attribute("aria-pressed") == "false"
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    dark = visit.page.evaluate(paper), visit.page.evaluate(curve)
    assert light[0] != dark[0]
    assert light[1] != dark[1]
    visit.page.reload()
    assert visit.page.evaluate(paper) == dark[0]
    assert visit.complaints == []
    visit.page.context.close()


def test_an_outcome_filters_the_cards_and_gives_them_back(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["report"])
    cards = visit.page.locator(".card:visible")
    everyone = cards.count()
    button = visit.page.locator("[data-filter=persists]")
    button.press("Enter")
    assert 0 < cards.count() < everyone
    assert button.get_attribute("aria-pressed") == "true"
    button.press("Enter")
    assert cards.count() == everyone
    visit.page.context.close()


def test_a_focused_control_shows_it(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["report"])
    visit.page.keyboard.press("Tab")
    focused = "document.activeElement.className"
    assert visit.page.evaluate(focused) == "skip"
    assert visit.page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    for _ in range(3):
        visit.page.keyboard.press("Tab")
        outline = visit.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
    visit.page.context.close()


def test_the_printed_page_holds_every_figure_in_light_colours(
    browser: Browser, pages: dict[str, Path]
) -> None:
    visit = Visit(browser, pages["report"], scheme="dark")
    dark = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    drawn = visit.page.evaluate(
        "[...document.querySelectorAll('[data-figure]')].every(box => box.dataset.drawn === 'light')"
    )
    assert drawn
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    visit.page.context.close()
