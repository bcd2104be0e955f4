"""The pages of societies in a real browser: drawn, readable at any width and theme, and silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

import society_runs_made as made
from browsing import Visit, look, open_browser
from spinodal.report import render_society, render_society_comparison
from spinodal.response import TanhResponse
from spinodal.simulate.graphs import generate
from spinodal.society_verdict import judge_society
from spinodal.theory import Stage

ATTACK = "<img src=x onerror=\"document.title='taken'\"></script><script>document.title='taken'</script>"
TEN = (("synthetic/agent", 10, made.TRUTH),)
SOCIETIES = {
    "tip": {
        "experiment": "tip",
        "m0": (0.8,),
        "stages": [Stage(3, 0, 5), Stage(3)],
        "adversaries": "persuaders",
        "arguments": ["A machine that cannot be stopped cannot be trusted.", ATTACK],
        "failed": 1,
    },
    "hysteresis": {"experiment": "hysteresis", "m0": (-1.0,), "stages": made.up_and_back(6, 3, 2)},
    "mixture": {
        "groups": (("careful", 6, TanhResponse(1.5, 0.8)), (ATTACK, 4, TanhResponse(1.5, -0.8))),
        "graph": generate("ring-of-cliques:cliques=5", 10, seed=0),
        "stages": [Stage(3)],
        "inertia": 1.5,
        "memory": "own-opinion",
    },
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from open_browser()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    runs = [
        made.write(folder / name, **{"groups": TEN, "trajectories": 3, "label": name} | ways)
        for name, ways in SOCIETIES.items()
    ]
    verdicts = [judge_society(run, repeats=19) for run in runs]
    texts = [render_society(run, verdict) for run, verdict in zip(runs, verdicts, strict=True)]
    texts.append(render_society_comparison(runs, verdicts))
    files = {name: folder / f"{name}.html" for name in (*SOCIETIES, "comparison")}
    for file, text in zip(files.values(), texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return files


@pytest.mark.parametrize("name", [*SOCIETIES, "comparison"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_all_is_drawn_fits_the_screen_and_is_silent(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    look(browser, pages[name], width=width, scheme=scheme)


def test_what_an_agent_said_stays_text(browser: Browser, pages: dict[str, Path]) -> None:
    visit = Visit(browser, pages["tip"])
    assert visit.page.get_by_text(ATTACK, exact=True).count() > 0
    visit.page.context.close()
