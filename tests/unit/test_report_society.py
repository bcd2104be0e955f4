"""The page of a society: what it says is what the tables say, whatever came of the run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

import society_runs_made as made
from page_reader import ATTACK, PageReader, ShownPage
from spinodal import RequestError
from spinodal.cli import _main
from spinodal.plots import societies_side_by_side, society_paths
from spinodal.plots import society_loop as picture_of_loop
from spinodal.report import render_society, render_society_comparison, write_society
from spinodal.report.figures._society_response import choices
from spinodal.response import TanhResponse
from spinodal.simulate.graphs import Graph, generate
from spinodal.society_paths import paths, society_loop, tipped_shares, watershed
from spinodal.society_runs import SocietyRun
from spinodal.society_verdict import SocietyVerdict, judge_society
from spinodal.theory import Stage

FEW = (("synthetic/agent", 10, made.TRUTH),)


@dataclass(frozen=True)
class Shown(ShownPage):
    """A society, its verdict and its page."""

    run: SocietyRun
    verdict: SocietyVerdict

    @cached_property
    def page(self) -> str:
        return render_society(self.run, self.verdict)


Make = Callable[..., Shown]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    def one(**ways: Any) -> Shown:
        given = {"groups": FEW, "stages": [Stage(4)], "m0": (-0.6, 0.6), "trajectories": 3} | ways
        run = made.write(tmp_path_factory.mktemp("run") / "society", **given)
        return Shown(run, judge_society(run, repeats=19))

    return one


@pytest.fixture(scope="module")
def drift(make: Make) -> Shown:
    return make(label="a drift")


@pytest.fixture(scope="module")
def tip(make: Make) -> Shown:
    return make(
        experiment="tip",
        toward="B",
        m0=(0.8,),
        trajectories=6,
        stages=[Stage(3, 0, 5), Stage(2)],
        adversaries="persuaders",
        persuasion=0.1,
        arguments=["It is the safest thing to do.", ATTACK],
    )


@pytest.fixture(scope="module")
def swept(make: Make) -> Shown:
    return make(experiment="hysteresis", m0=(-1.0,), stages=made.up_and_back(6, 3, 2))


def test_the_page_says_first_whether_the_prediction_held_and_what_was_done(drift: Shown) -> None:
    first = drift.reader.words.split("Magnetization over time")[0]
    assert ("As predicted" in first) is bool(drift.verdict.holds)
    assert drift.verdict.sentence.split(",")[0] in first
    assert "6 populations of 10 agents (synthetic/agent), 3 from each of m = −0.6 and 0.6" in first
    assert "no zealots were among them" in first
    assert made.PAIR["option_b"] in first
    assert "synthetic/agent: readout by log-probability" in drift.reader.words


def test_the_badge_follows_the_verdict(drift: Shown) -> None:
    assert drift.verdict.agreement is not None
    for p, word in ((0.4, "As predicted"), (0.01, "Not as predicted")):
        verdict = replace(drift.verdict, agreement=replace(drift.verdict.agreement, p_value=p))
        assert f"</svg>\n{word}</span>" in render_society(drift.run, verdict)


def test_every_trajectory_mean_and_law_in_the_figures_is_that_of_the_tables(drift: Shown) -> None:
    for place, m0 in enumerate((-0.6, 0.6)):
        rows = drift.run.trajectories.loc[drift.run.trajectories["m0"] == m0, "agents_a"]
        m = 2.0 * np.array([list(row) for row in rows]) / 10 - 1.0
        traces = drift.figures[f"paths-{place}"]["data"]
        thin = [t for t in traces if t.get("mode") == "lines" and t["line"].get("width") == 1]
        drawn = np.concatenate([np.array(trace["y"], dtype=float) for trace in thin])
        assert sorted(drawn[~np.isnan(drawn)]) == pytest.approx(sorted(m.ravel()))
        [mean] = [t for t in traces if t.get("mode") == "lines+markers" and "xaxis" not in t]
        assert mean["y"] == pytest.approx(m.mean(axis=0).tolist(), abs=1e-6)
        assert drift.verdict.forecast is not None
        law = drift.verdict.forecast.trace(m0)
        [predicted] = [t for t in traces if t.get("line", {}).get("dash") == "dash" and "xaxis" not in t]
        assert predicted["y"] == pytest.approx(law.mean.tolist(), abs=1e-6)
        [band] = [t for t in traces if t.get("fill")]
        assert sorted(band["y"]) == pytest.approx(sorted([*law.quantile(0.05), *law.quantile(0.95)]))


def test_the_histogram_holds_every_final_state_and_the_predicted_law(drift: Shown) -> None:
    traces = drift.figures["paths-1"]["data"]
    [bars] = [trace for trace in traces if trace["type"] == "bar"]
    final = [row[-1] for row in drift.run.trajectories.query("m0 == 0.6")["agents_a"]]
    for centre, share in zip(bars["y"], bars["x"], strict=True):
        assert share == pytest.approx(final.count(round((1 + centre) / 2 * 10)) / 3)
    assert drift.verdict.forecast is not None
    [law] = [trace for trace in traces if trace.get("xaxis") == "x2" and trace["type"] == "scatter"]
    assert law["x"] == pytest.approx(drift.verdict.forecast.trace(0.6).laws[-1].tolist(), abs=1e-6)


def test_the_table_by_start_gives_counts_means_and_p(drift: Shown) -> None:
    assert drift.verdict.agreement is not None
    for row, start in zip(drift.table("table-agreement"), drift.verdict.agreement.by_start, strict=True):
        assert row[1] == "3"
        assert row[2].replace("−", "-") == f"{start.observed_final_m:.2f}"
        assert row[3].replace("−", "-") == f"{start.predicted_final_m:.2f}"
        assert row[-1] == f"{start.p_value:.3f}"
    assert f"p\u00a0=\u00a0{drift.verdict.agreement.p_value:.3f}" in drift.reader.text


def test_the_facts_are_those_of_the_run(drift: Shown) -> None:
    facts = dict(re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", drift.page))
    assert facts["Trajectories"] == "6"
    assert facts["Updates"] == facts["Model calls"] == "240"
    assert facts["Calls a trajectory"] == "40"
    assert facts["Calls to measure first"] == "54"
    assert facts["Replies on neither option"] == "0.0%"


def test_the_response_in_the_loop_stands_beside_the_measured_one(drift: Shown) -> None:
    fit, loop = drift.run.fits["synthetic/agent"], drift.verdict.in_loop["synthetic/agent"]
    measured, in_loop = drift.table("table-in-loop")
    assert measured[2].startswith(f"{fit.beta:.2f} (")
    assert in_loop[2].startswith(f"{loop.pooled.beta:.2f} (")
    assert in_loop[-1] == str(loop.updates)
    seen = choices(drift.run, "synthetic/agent")
    assert sum(one.updates for one in seen) == 240
    for one in seen:
        rows = drift.run.updates[np.isclose(drift.run.updates["m"], one.m)]
        assert one.p == pytest.approx(rows["p_a"].mean())
    marks = [t for t in drift.figures["in-loop-0"]["data"] if t.get("name") == "in the loop"]
    assert marks[0]["y"] == pytest.approx([one.p for one in seen], abs=1e-6)


def test_choices_are_apart_by_what_was_held_where_that_matters(make: Make) -> None:
    """Inertia of 2 in log-odds among 480 updates: its interval of half-width 0.1 or so excludes 0."""
    kept = make(memory="own-opinion", inertia=2.0, trajectories=6, seed=2)
    names = [trace.get("name") for trace in kept.figures["in-loop-0"]["data"]]
    assert "in the loop, holding A" in names
    assert "in the loop, holding B" in names
    assert "was told its own opinion" in kept.reader.words


def test_choices_with_and_without_persuaders_are_apart(tip: Shown) -> None:
    marks = {t["name"]: t for t in tip.figures["in-loop-0"]["data"] if "in the loop" in t.get("name", "")}
    assert list(marks) == ["in the loop, with persuaders", "in the loop, without persuaders"]
    for trace, stage in zip(marks.values(), (0, 1), strict=True):
        rows = tip.run.updates[tip.run.updates["stage"] == stage]
        assert trace["y"] == pytest.approx(rows.groupby("m")["p_a"].mean().tolist(), abs=1e-6)


def test_shares_tipped_are_counted_past_the_watershed_with_wilsons_interval(tip: Shown) -> None:
    border = watershed(tip.run)
    assert border == pytest.approx(-0.05, abs=0.15)  # of TRUTH, h = 0.05; measured to 0.1 or so
    found = tip.table("table-tipped")
    for row, (stage, end) in zip(found, enumerate((3, 5)), strict=True):
        finals = [2 * list(counts)[end] / 10 - 1 for counts in tip.run.trajectories["agents_a"]]
        tipped = sum(m < border for m in finals)
        ends = binomtest(tipped, 6).proportion_ci(method="wilson")
        assert row[0].startswith(f"{stage + 1}: {'5 for B' if stage == 0 else 'no zealots'}")
        assert row[3:5] == [str(tipped), "6"]
        assert row[6] == f"{100 * ends.low:.0f}% to {100 * ends.high:.0f}%"
    told = tipped_shares(tip.run, paths(tip.run, tip.verdict))
    assert tip.verdict.forecast is not None
    law = tip.verdict.forecast.trace(0.8)
    assert told[0].predicted == pytest.approx(law.p_beyond(border, "B")[3])


def test_zealots_are_shaded_with_their_number(tip: Shown) -> None:
    layout = tip.figures["paths-0"]["layout"]
    [shade] = layout["shapes"]
    assert (shade["x0"], shade["x1"]) == (0, 3)
    assert shade["fillcolor"].startswith("--b/")
    assert [note["text"] for note in layout["annotations"]] == ["5 zealots for B"]


def test_arguments_are_shown_as_text_with_their_speakers(tip: Shown) -> None:
    assert tip.page.count('<span class="tag">persuader</span>') == sum(
        bool(tip.run.arguments["zealot"].iloc[place])
        for place in np.unique(np.linspace(0, len(tip.run.arguments) - 1, 30).round().astype(int))
    )
    assert f"30 of {len(tip.run.arguments)} sentences" in tip.reader.words
    assert ATTACK in tip.reader.text
    assert len(tip.reader.scripts) == 4  # theme, figures, Plotly, page: not one more
    assert not [tag for tag, attributes in tip.reader.tags if "onerror" in attributes or tag == "img"]


def test_names_and_options_are_text_too(make: Make, drift: Shown) -> None:
    hostile = make(label=ATTACK, groups=((ATTACK, 10, made.TRUTH),), pair={**made.PAIR, "option_b": "<i>B"})
    pair = [[hostile.run, drift.run], [hostile.verdict, drift.verdict]]
    for page in (hostile.page, render_society_comparison(*pair)):
        reader = PageReader(page)
        assert len(reader.scripts) == 4
        assert not [tag for tag, _ in reader.tags if tag in ("img", "i")]
        assert ATTACK in reader.text


def test_the_loop_is_the_mean_over_the_second_half_of_each_step(swept: Shown) -> None:
    loop = society_loop(swept.run, paths(swept.run, swept.verdict))
    assert loop.zealots.tolist() == [-6, -3, 0, 3, 6, 6, 3, 0, -3, -6]
    assert [loop.zealots[way].tolist() for way in loop.ways] == [[-6, -3, 0, 3, 6], [6, 3, 0, -3, -6]]
    counts = np.array([list(row) for row in swept.run.trajectories["agents_a"]])
    expected = 2.0 * counts[:, 2::2] / 10 - 1.0  # steps of two sweeps: the second of each
    assert loop.m == pytest.approx(expected)
    up, down = expected[:, :5], expected[:, 5:][:, ::-1]
    areas = np.trapezoid(down - up, np.array([-6, -3, 0, 3, 6]) / 10, axis=1)
    assert loop.areas == pytest.approx(areas)
    assert f"{areas.mean():.2f} ±" in swept.reader.words
    assert swept.verdict.forecast is not None
    law = swept.verdict.forecast.trace(-1.0)
    assert loop.predicted == pytest.approx(law.mean[2::2])
    assert loop.band is not None
    assert loop.band[0] == pytest.approx(law.quantile(0.05)[2::2])
    assert "swept from 6 for B to 6 for A and back, 2 sweeps at each number" in swept.reader.words


def test_a_sweep_that_turns_once_without_a_pause_has_both_ways(make: Make) -> None:
    stages = [Stage(2, max(z, 0), max(-z, 0)) for z in (4, 0, -4, 0, 4)]
    turned = make(experiment="hysteresis", m0=(1.0,), stages=stages, trajectories=2, measured=[])
    loop = society_loop(turned.run, paths(turned.run, turned.verdict))
    assert [loop.zealots[way].tolist() for way in loop.ways] == [[4, 0, -4], [0, 4]]
    assert loop.predicted_area is None
    assert "loop" in turned.figures


def test_each_group_of_a_mixture_has_its_mean(make: Make) -> None:
    groups = (("careful", 6, TanhResponse(1.5, 0.8)), ("bold", 4, TanhResponse(1.5, -0.8)))
    mixed = make(groups=groups, m0=(0.0,), measured=[])
    assert "10 agents (6 careful and 4 bold)" in mixed.reader.words
    for number, trace in enumerate(t for t in mixed.figures["groups-0"]["data"] if "name" in t):
        counts = [list(row[number]) for row in mixed.run.trajectories["agents_a_by_group"]]
        expected = 2.0 * np.mean(counts, axis=0) / groups[number][1] - 1.0
        assert trace["name"] == groups[number][0]
        assert trace["y"] == pytest.approx(expected.tolist(), abs=1e-6)


def test_a_graph_has_the_complete_graphs_prediction_beside_its_own(make: Make) -> None:
    graph: Graph = generate("ring-of-cliques:cliques=5", 10, seed=0)
    ring = make(graph=graph, m0=(0.6,), trajectories=4)
    assert ring.verdict.well_mixed is not None
    dotted = [t for t in ring.figures["paths-0"]["data"] if t.get("line", {}).get("dash") == "dot"]
    assert dotted[0]["y"] == pytest.approx(ring.verdict.well_mixed.trace(0.6).mean.tolist(), abs=1e-6)
    assert "its neighbours on the graph ring-of-cliques" in ring.reader.words
    assert "predicted if everyone saw everyone" in ring.reader.words


def test_without_a_measurement_nothing_is_predicted_and_the_page_says_so(make: Make) -> None:
    alone = make(measured=[], failed=1, gave_up=1, abstention=0.2, trajectories=4)
    words = alone.reader.words
    assert "No prediction" in words
    assert "The response was not measured" in words
    assert "1 trajectory failed" in words
    assert "the provider answered 500 three times; try again later" in words
    assert "1 population ended early: for a whole sweep no reply took either option" in words
    assert [row[1] for row in alone.table("table-agreement")] == ["3", "3"]  # neither of the two
    assert not [t for t in alone.figures["paths-0"]["data"] if t.get("fill")]


def test_with_nothing_finished_the_page_still_comes_out(make: Make) -> None:
    nothing = make(m0=(0.0,), trajectories=2, failed=1, gave_up=1)
    words = nothing.reader.words
    assert "No population came to its end" in words
    assert "0 of 2" in words
    assert "table-agreement" not in nothing.page
    comparison = render_society_comparison([nothing.run] * 2, [nothing.verdict] * 2)
    assert "2 of 2 populations" in comparison


def test_every_figure_has_an_alternative_and_its_numbers(drift: Shown, tip: Shown, swept: Shown) -> None:
    for shown in (drift, tip, swept):
        boxes = [attributes for _, attributes in shown.reader.tags if "data-figure" in attributes]
        names = [attributes["id"] for _, attributes in shown.reader.tags if "id" in attributes]
        assert {box["data-figure"] for box in boxes} == set(shown.figures)
        assert len(names) == len(set(names))
        links = {a["href"][1:] for tag, a in shown.reader.tags if tag == "a" and a["href"]}
        assert links <= set(names)
        for box in boxes:
            assert len(box["aria-label"] or "") > 40
            assert f"table-{box['data-figure']}" in names


def test_the_same_run_gives_the_same_page_and_it_is_written_whole(drift: Shown) -> None:
    path = write_society(drift.run, drift.verdict)
    assert path == drift.run.path / "report.html"
    assert path.read_text("utf-8") == drift.page
    again = SocietyRun(*(getattr(drift.run, name) for name in drift.run.__dataclass_fields__))
    assert render_society(again, judge_society(again, repeats=19)) == drift.page


def test_a_comparison_says_what_differs_and_what_is_the_same(tip: Shown, make: Make) -> None:
    silent = make(
        experiment="tip", toward="B", m0=(0.8,), trajectories=6, stages=[Stage(3, 0, 5), Stage(2)], label="S"
    )
    page = render_society_comparison([silent.run, tip.run], [silent.verdict, tip.verdict])
    shown = replace(silent)
    shown.__dict__["page"] = page
    words = shown.reader.words
    assert "2 societies that differ in the zealots" in words
    same = re.search(r"The same in all: ([^.]*)\.", words)
    assert same is not None
    for aspect in ("who is in it", "the question", "where it starts", "what each sees", "the prompt"):
        assert aspect in same[1]
    assert "the zealots" not in same[1]
    assert "zealots who argue (persuaders): 5 for B for 3 sweeps, then none for 2 sweeps" in words
    for row, one in zip(shown.table("table-by-run"), (silent, tip), strict=True):
        last = tipped_shares(one.run, paths(one.run, one.verdict))[-1]
        assert one.verdict.agreement is not None
        assert row[0] == one.run.name
        assert row[1] == f"{one.verdict.agreement.p_value:.3f}"
        assert row[2].startswith(f"{one.verdict.in_loop['synthetic/agent'].pooled.beta:.2f} (")
        assert row[4] == f"{last.tipped} of 6"
        assert row[5] == str(len(one.run.updates))
    lines = [t for t in shown.figures["side-by-side-0"]["data"] if "name" in t]
    for line, one in zip(lines, (silent, tip), strict=True):
        [found] = paths(one.run, one.verdict)
        assert line["y"] == pytest.approx(found.mean.tolist(), abs=1e-6)


def test_loops_of_societies_share_their_axes(swept: Shown) -> None:
    page = render_society_comparison([swept.run] * 2, [swept.verdict] * 2)
    loops = json.loads(PageReader(page).scripts[1])["loops"]["data"]
    assert len([trace for trace in loops if "name" in trace]) == 2
    assert "Nothing differs: they are repetitions of one another." in page


@pytest.mark.parametrize("number", [1, 7])
def test_a_comparison_takes_two_to_six(drift: Shown, number: int) -> None:
    with pytest.raises(RequestError, match=f"{number} societies to compare; name 2 to 6"):
        render_society_comparison([drift.run] * number, [drift.verdict] * number)


def _spinodal(*arguments: str | Path) -> None:
    _main.build_app(("report", "compare"))(args=[str(one) for one in arguments], standalone_mode=False)


def test_the_verbs_know_a_society_from_an_assessment(
    drift: Shown, tip: Shown, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {shown.run.path: shown.verdict for shown in (drift, tip)}
    monkeypatch.setattr("spinodal.society_verdict.judge_society", lambda run: known[run.path])
    _spinodal("report", drift.run.path)
    assert capsys.readouterr().out.strip() == str(drift.run.path / "report.html")
    _spinodal("compare", drift.run.path, tip.run.path)
    printed = capsys.readouterr().out
    assert f"a drift: {drift.verdict.sentence}" in printed
    assert (tip.run.path / "comparison.html").is_file()
    _spinodal("compare", drift.run.path, tip.run.path, "--json")
    told = json.loads(capsys.readouterr().out)["societies"]
    assert [one["holds"] for one in told] == [drift.verdict.holds, tip.verdict.holds]
    with pytest.raises(RequestError, match="another kind of run"):
        _spinodal("compare", drift.run.path, drift.run.path / "response" / "0")
    with pytest.raises(RequestError, match="1 societies to compare"):
        _spinodal("compare", drift.run.path)


@pytest.fixture
def pyplot() -> Iterator[Any]:
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def test_pictures_for_papers_draw_the_same_numbers(
    drift: Shown, tip: Shown, swept: Shown, pyplot: Any
) -> None:
    ax = society_paths(drift.run, drift.verdict)
    bold = [line for line in ax.lines if line.get_linewidth() == 2.2]
    assert [line.get_label() for line in bold] == ["from m = −0.6, 3 runs", "from m = 0.6, 3 runs"]
    for line, one in zip(bold, paths(drift.run, drift.verdict), strict=True):
        assert np.array_equal(line.get_ydata(), one.mean)
    loop = society_loop(swept.run, paths(swept.run, swept.verdict))
    drawn = [line for line in picture_of_loop(swept.run, swept.verdict).lines if line.get_linewidth() == 2.2]
    for line, way in zip(drawn, loop.ways, strict=True):
        assert line.get_ydata() == pytest.approx(loop.m[:, way].mean(axis=0))
    both = societies_side_by_side([drift.run, drift.run], [drift.verdict, drift.verdict], m0=0.6)
    assert len([line for line in both.lines if line.get_linewidth() == 2.0]) == 2
    with pytest.raises(RequestError, match="has 2 such starts"):
        societies_side_by_side([drift.run, tip.run], [drift.verdict, tip.verdict])
