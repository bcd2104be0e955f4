"""The page of a study of guards: what it says is what the ranking and the runs say, whatever is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import guard_runs_made as made
from page_reader import ATTACK, ShownPage
from spinodal import RequestError
from spinodal.cli import _main
from spinodal.guard_effects import GuardRanking, rank_guards
from spinodal.guard_runs import GuardStudy
from spinodal.report import render_guards, write_guards
from spinodal.report._guards_words import headline
from spinodal.report._words import number, percent, probability
from spinodal.report.figures._forest import signed
from spinodal.report.figures._guards import point_interval, points

TWO = made.pairs(made.TRUTHS[:2])
NOTHING = {"neutral": (0.0, 0.0)}


@dataclass(frozen=True)
class Shown(ShownPage):
    """A study, its ranking and its page."""

    study: GuardStudy
    ranking: GuardRanking

    @cached_property
    def page(self) -> str:
        return render_guards(self.study, self.ranking)

    @cached_property
    def care(self) -> str:
        """The cautions; empty where there are none."""
        return " ".join(unescape(found) for found in re.findall(r'<aside class="care".*?</aside>', self.page))

    def traces(self, figure: str) -> dict[str, dict[str, Any]]:
        return {trace["name"]: trace for trace in self.figures[figure]["data"] if "name" in trace}


Make = Callable[..., Shown]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def one(*given: Any, **ways: Any) -> Shown:
        study = made.write(tmp_path_factory.mktemp("run") / "study", *given, **ways)
        return Shown(study, rank_guards(study))

    return one


@pytest.fixture(scope="module")
def shown(make: Make) -> Shown:
    """Seven pairs; a guard that lowers beta and raises h, one that does little, and a placebo."""
    return make()


def test_the_page_says_first_which_guard_helps_most(shown: Shown) -> None:
    best = shown.ranking.effects[0]
    assert (best.guard, best.is_clear) == ("own-prior", True)
    before, after = (percent(share) for share in best.shares)
    headline = f"With own-prior a population withstands {after} adversaries instead of {before}"
    assert f'<h1 id="headline">{headline}</h1>' in shown.page
    assert shown.ranking.sentence in shown.reader.words


def test_the_ranking_table_is_the_ranking(shown: Shown) -> None:
    rows = shown.table("table-guard-ranking")
    assert [row[0] for row in rows] == ["own-prior", "text:file=rules.txt", "neutral (placebo)"]
    for row, one in zip(rows, shown.ranking.effects, strict=True):
        assert row[1:6] == [
            percent(one.shares[0], 1),
            percent(one.shares[1], 1),
            points(one.withstood.estimate),
            point_interval(one.withstood.interval),
            probability(one.withstood.p_adjusted),
        ]
        assert one.beta is not None
        assert row[6].startswith(f"{signed(one.beta.estimate, 2)} (")
        assert row[8:10] == [f"+{made.MORE}", "+18%"]
        assert row[10:] == ["97%", "97%", f"{one.outcomes_changed} of 7"]


def test_a_mark_a_guard_filled_where_it_is_told_from_none(shown: Shown) -> None:
    effects = shown.ranking.effects
    traces = shown.traces("guard-ranking")
    assert traces["without"]["x"] == pytest.approx([one.shares[0] for one in effects], abs=1e-6)
    assert traces["with"]["x"] == pytest.approx([one.shares[1] for one in effects], abs=1e-6)
    guards, placebos = traces["guard"], traces["placebo"]
    drawn = [*guards["x"], *placebos["x"]]
    assert drawn == pytest.approx([one.withstood.estimate for one in effects], abs=1e-6)
    reach = [at - below for at, below in zip(guards["x"], guards["error_x"]["arrayminus"], strict=True)]
    assert reach == pytest.approx([one.withstood.interval[0] for one in effects[:2]], abs=1e-6)
    filled = [color != "--surface" for color in [*guards["marker"]["color"], *placebos["marker"]["color"]]]
    assert filled == [one.is_clear for one in effects] == [True, True, False]
    asides = [note["text"] for note in shown.figures["guard-ranking"]["layout"]["annotations"]]
    assert asides.count(f"+{made.MORE} tokens") == 3


def test_how_often_a_guard_must_speak_is_the_line_of_the_ranking(shown: Shown) -> None:
    lines = shown.figures["guard-share"]["data"]
    for trace, curve in zip(lines, shown.ranking.by_share_guarded.values(), strict=True):
        assert trace["x"] == pytest.approx([share for share, _ in curve])
        assert trace["y"] == pytest.approx([withstood for _, withstood in curve], abs=1e-6)
    names = [one.guard for one in shown.ranking.effects]
    assert [trace["name"] for trace in lines] == [*names[:2], "neutral (placebo)"]
    legend = shown.page.split('aria-label="Lines in this picture"')[1].split("</ul>")[0]
    assert re.findall(r"</svg>([^<]+)</li>", legend) == [trace["name"] for trace in lines]
    assert lines[0]["y"][0] < lines[0]["y"][5] < lines[0]["y"][10]
    assert (
        "a guard that speaks at every other turn, or one that half of the agents carry" in shown.reader.words
    )


def test_each_plane_has_every_pair_without_and_with_the_guard(shown: Shown) -> None:
    ranges = set()
    for place, effect in enumerate(shown.ranking.effects):
        figure = shown.figures[f"guard-plane-{place}"]
        before, after = figure["data"][-2:]
        assert before["x"] == pytest.approx([one.beta.before for one in effect.pairs], abs=1e-6)
        assert after["x"] == pytest.approx([one.beta.after for one in effect.pairs], abs=1e-6)
        assert after["y"] == pytest.approx([one.h.after for one in effect.pairs], abs=1e-6)
        ranges.add(json.dumps([figure["layout"]["xaxis"]["range"], figure["layout"]["yaxis"]["range"]]))
    assert len(ranges) == 1


def test_curves_are_drawn_of_the_pairs_that_change_most(shown: Shown) -> None:
    assert sum(name.startswith("guard-curves-0-") for name in shown.figures) == 6
    changes = sorted(shown.ranking.effects[0].pairs, key=lambda one: -abs(one.withstood.difference or 0.0))
    for rank in (0, 5):
        [figure] = re.findall(
            rf'<figure id="figure-guard-curves-0-{rank}">.*?</figcaption>', shown.page, re.S
        )
        assert f"<h3>Pair {changes[rank].pair[-1]}</h3>" in figure
        assert f"Withstood {percent(changes[rank].withstood.before, 1)} → " in unescape(figure)
    assert (
        "<details open><summary><b>own-prior</b>: the 6 of 7 pairs that change most</summary>" in shown.page
    )
    assert shown.page.count("<details><summary><b>") == 2  # the other guards'


def test_differences_are_those_of_the_ranking(shown: Shown) -> None:
    rows = shown.table("table-differences")
    assert len(rows) == 3 * 7
    changes = [(one, change) for one in shown.ranking.effects for change in one.pairs]
    for row, (one, change) in zip(rows, changes, strict=True):
        assert row[0] == f"Pair {change.pair[-1]}"
        assert row[1].removesuffix(" (placebo)") == one.guard
        assert (" → " in row[2]) == (change.outcomes[0] != change.outcomes[1])
        assert row[4:6] == [points(change.withstood.difference), point_interval(change.withstood.interval)]
        for place, name in enumerate(("beta", "h", "z_c", "log10_lifetime")):
            change_ = getattr(change, name)
            both = (change_.before, change_.after)
            told = "—" if both == (None, None) else f"{number(both[0])} → {number(both[1])}"
            assert row[6 + 3 * place : 8 + 3 * place] == [told, signed(change_.difference, 2)]


def test_facts_placements_and_effort_are_the_studys(shown: Shown) -> None:
    facts = dict(re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", shown.page.split("</dl>")[0]))
    assert (facts["Guards"], facts["Placebos"]) == ("2", "1")
    assert (facts["Option pairs"], facts["Peers shown"], facts["Population"]) == ("7", "20", "21 agents")
    assert facts["Model calls"] == "1,320"  # of four assessments
    assert facts["Placement"] == "trailing-system (verified)"
    placed = shown.table("table-placements")
    assert [row[0] for row in placed] == ["own-prior", "text:file=rules.txt", "neutral (placebo)"]
    assert placed[0][1:5] == ["trailing-system", "yes", made.PLACE["how"], "guard-0"]
    assert shown.table("table-effort")[0][:3] == ["no guard", "7", "log-probability"]
    assert "Words of your own, from a file." in shown.reader.words  # though no file rules.txt is there


def test_a_study_as_it_should_be_needs_no_caution(shown: Shown) -> None:
    assert shown.care == ""


def test_every_figure_has_an_alternative_and_its_numbers(shown: Shown) -> None:
    _check_figures(shown)
    assert len(shown.figures) == 2 + 3 + 3 * 6


def test_the_same_study_gives_the_same_page_and_it_is_written_whole(shown: Shown) -> None:
    path = write_guards(shown.study, shown.ranking)
    assert path == shown.study.path / "report.html"
    assert path.read_text("utf-8") == shown.page == render_guards(shown.study, shown.ranking)


def test_few_pairs_say_that_a_p_value_needs_six(make: Make) -> None:
    shown = make(NOTHING, asked=TWO)
    assert "A p-value below 0.05 needs 6 pairs or more, whatever they show: with 2 pairs" in shown.care
    assert '<h1 id="headline">No guard is shown to change what a population withstands</h1>' in shown.page
    assert "With one pair nothing tells how" in make(NOTHING, asked=TWO[:1]).care


def test_a_guard_that_takes_answers_away_is_pointed_at(make: Make) -> None:
    shown = make({"own-prior": (0.0, 0.1), "neutral": (0.0, 0.0)}, asked=TWO, decided={"own-prior": 0.4})
    assert (
        "With own-prior the share of answers on the two options falls from 97% to 40%: part of what it does "
        "is that the model answers something else."
    ) in shown.care
    assert "With neutral the share" not in shown.care
    best = shown.ranking.effects[0]
    helping = replace(best, withstood=replace(best.withstood, estimate=0.1, p_adjusted=0.01))
    told = Shown(shown.study, replace(shown.ranking, effects=(helping,)))
    assert ">own-prior raises what a population withstands, and takes answers away</h1>" in told.page
    cells = {row[0]: row[11] for row in shown.table("table-guard-ranking")}
    assert cells == {"own-prior": "40% (falls)", "neutral (placebo)": "97%"}


def test_few_answers_on_the_options_without_a_guard_are_pointed_at(make: Make) -> None:
    shown = make(NOTHING, asked=TWO, decided={"none": 0.3, "neutral": 0.3})
    assert "Without a guard only 30% of the probability of an answer is on the two options" in shown.care
    assert "(falls)" not in shown.page


def test_a_placebo_that_does_something_is_pointed_at(shown: Shown) -> None:
    assert "The placebo neutral changes the share withstood too" in _altered(shown, neutral=True).care
    assert "The placebo" not in shown.care


def test_only_a_placebo_helping_is_no_guard_helping(shown: Shown) -> None:
    altered = _altered(shown, neutral=True, **{"own-prior": False, "text:file=rules.txt": False})
    assert "Only a placebo lets a population withstand more adversaries</h1>" in altered.page


def test_the_headline_leaves_settings_out_where_a_guard_is_alone_of_its_kind(shown: Shown) -> None:
    best, *others = shown.ranking.effects
    named = replace(best, guard="own-prior:placement=lead-system")
    for last, name in ((others[-1], "own-prior"), (best, "own-prior:placement=lead-system")):
        ranking = replace(shown.ranking, effects=(named, last))
        assert headline(ranking).startswith(f"With {name} a population withstands ")


def _altered(shown: Shown, **clear: bool) -> Shown:
    """The same with changes of 0.1 that the tests show, or do not."""
    effects = [
        one
        if one.guard not in clear
        else replace(
            one,
            withstood=replace(one.withstood, estimate=0.1, p_adjusted=0.001 if clear[one.guard] else 0.5),
        )
        for one in shown.ranking.effects
    ]
    return Shown(shown.study, replace(shown.ranking, effects=tuple(effects)))


def test_a_study_without_a_placebo_says_what_that_leaves_open(make: Make) -> None:
    shown = make({"trust-boundary": (0.0, 0.1)}, asked=TWO, places={"trust-boundary": None})
    assert "There is no placebo in this study" in shown.care
    assert "by a placebo" not in shown.reader.words
    [placed] = shown.table("table-placements")
    assert placed[1:4] == ["none: it has no words of its own", "—", "—"]


def test_words_that_may_not_reach_the_model_are_pointed_at(make: Make) -> None:
    shown = make(NOTHING, asked=TWO, places={"neutral": {**made.PLACE, "verified": False}})
    assert "It is not verified that the words of neutral reach the model." in shown.care


def test_another_readout_with_a_guard_is_pointed_at(make: Make) -> None:
    shown = make(NOTHING, asked=TWO)
    run = shown.study.runs["neutral"]
    sampled = replace(run, meta={**run.meta, "readout_choice": {"readout": "sample"}})
    study = replace(shown.study, runs={**shown.study.runs, "neutral": sampled})
    care = Shown(study, shown.ranking).care
    assert "read otherwise with neutral (sampling) than without a guard (log-probability)" in care
    assert "read otherwise" not in shown.care


def test_guards_and_pairs_that_are_missing_are_named(make: Make) -> None:
    asked = made.pairs(made.TRUTHS[:3])
    shown = make(
        {"own-prior": (0.0, 0.1), "neutral": (0.0, 0.0)},
        asked=asked,
        unmeasured=("own-prior",),
        lost={"neutral": "pair-1"},
    )
    assert "Not measured yet: own-prior." in shown.care
    assert "The ranking is over the 2 pairs of 3 that were measured" in shown.care
    assert "<h2>1 curve could not be measured to the end</h2>" in shown.page
    assert "pair-1, with neutral: the provider answered 500" in shown.reader.words
    _check_figures(shown)


def test_a_study_in_which_no_guard_has_been_measured_yet_has_a_page(make: Make) -> None:
    shown = make(NOTHING, asked=TWO, unmeasured=("neutral",))
    assert '<h1 id="headline">No guard could be judged</h1>' in shown.page
    assert "Not measured yet: neutral." in shown.care
    assert shown.figures == {}
    assert 'id="ranking"' not in shown.page
    _check_figures(shown)


@pytest.mark.parametrize(
    "ways",
    [
        {"asked": TWO[:1]},
        {"asked": TWO, "tokens": False},
        {"asked": made.pairs([(0.0, 0.0), (-1.0, 0.2)])},
        {"asked": made.pairs([(9.0, 0.6), (2.0, 0.1)]), "repeats": 1},
    ],
    ids=["one pair", "no tokens counted", "no conformity", "not determined"],
)
def test_the_page_copes_with_whatever_is_missing(make: Make, ways: dict[str, Any]) -> None:
    shown = make({"neutral": (0.0, 0.0), "own-prior": (0.0, 0.1)}, **ways)
    assert not re.search(r"\bnan\b|\bNaN\b|\bNone\b (?!of)|\binf\b", shown.spoken)
    _check_figures(shown)


def test_what_providers_and_users_said_stays_text(make: Make) -> None:
    asked = [{**pair, "id": f"{ATTACK}{pair['id']}"} for pair in made.pairs(made.TRUTHS[:2])]
    asked[0] |= {"option_a": ATTACK}
    shown = make(
        {f"text:file={ATTACK}": (0.0, 0.1)},
        asked=asked,
        lost={"none": str(asked[1]["id"])},
        fault=ATTACK,
        system_prompt=ATTACK,
        template=ATTACK,
    )
    assert len(shown.reader.scripts) == 4  # theme, figures, Plotly, page: not one more
    assert not [tag for tag, attributes in shown.reader.tags if "onerror" in attributes or tag == "img"]
    assert shown.reader.text.count(ATTACK) > 10


def _check_figures(shown: Shown) -> None:
    boxes = [attributes for _, attributes in shown.reader.tags if "data-figure" in attributes]
    names = [attributes["id"] for _, attributes in shown.reader.tags if "id" in attributes]
    assert {box["data-figure"] for box in boxes} == set(shown.figures)
    assert len(names) == len(set(names))
    assert {a["href"][1:] for tag, a in shown.reader.tags if tag == "a" and a["href"]} <= set(names)
    for box in boxes:
        assert len(box["aria-label"] or "") > 30
        assert f"table-{box['data-figure']}" in names


def _spinodal(*arguments: str | Path) -> None:
    _main.build_app(("report",))(args=[str(one) for one in arguments], standalone_mode=False)


def test_the_verb_knows_a_study_of_guards_and_prints_its_ranking(
    make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = make(NOTHING, asked=TWO)
    folder = shown.study.path
    picture = folder / "study.png"
    _spinodal("report", folder, "--json", "--plot", picture)
    printed = capsys.readouterr()
    assert json.loads(printed.out) == json.loads(json.dumps(shown.ranking.to_dict()))
    assert printed.err.strip() == str(folder / "report.html")
    assert (folder / "report.html").read_text("utf-8") == shown.page
    assert picture.stat().st_size > 10_000
    with pytest.raises(RequestError, match="gif"):
        _spinodal("report", folder, "--plot", folder / "study.gif")


def test_a_study_of_guards_takes_no_option_of_other_runs(make: Make) -> None:
    folder = make(NOTHING, asked=TWO[:1]).study.path
    with pytest.raises(RequestError, match="holds no society; --response is for societies"):
        _spinodal("report", folder, "--response", folder)
    with pytest.raises(RequestError, match="holds no assessment"):
        _spinodal("report", folder, "--contagion", folder)
